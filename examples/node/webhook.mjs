// What a receiver of webhooks needs, with nothing but Node.js: the check of a
// signature, and an inbox that takes each event once.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

const tolerance = 5 * 60; // seconds that the timestamp may be off this machine's clock

// keys reads secrets, one or several with spaces between them: during a rotation the
// old one and the new one count.
export function keys(secrets = process.env.WEBHOOK_SECRET ?? '') {
  const all = secrets.split(/\s+/).filter(Boolean);
  if (all.length === 0 || !all.every((s) => /^whsec_./.test(s))) throw new Error('WEBHOOK_SECRET must hold the secret of the webhook, which begins with whsec_');
  return all.map((s) => Buffer.from(s.slice('whsec_'.length), 'base64'));
}

// verify says what is wrong with a request; undefined = nothing. The body is the bytes
// that arrived: JSON that was parsed and written again has another signature.
export function verify(keys, header, body, now = Date.now() / 1000) {
  const [id, timestamp] = [header('webhook-id') ?? '', header('webhook-timestamp') ?? ''];
  if (!/^\d+$/.test(timestamp)) return 'webhook-timestamp is missing or no number';
  if (Math.abs(now - Number(timestamp)) > tolerance) return "webhook-timestamp is more than 5 minutes off this machine's clock";
  const sent = (header('webhook-signature') ?? '')
    .split(' ')
    .filter((s) => s.startsWith('v1,'))
    .map((s) => Buffer.from(s.slice(3), 'base64'));
  for (const key of keys) {
    const want = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
    if (sent.some((got) => got.length === want.length && timingSafeEqual(got, want))) return undefined;
  }
  return 'no signature fits the body and the secret';
}

// parsed gives what a line holds: nothing where it was not written to its end. Its event
// was not answered, so it comes again.
function parsed(line) {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}

// Inbox keeps events in a file before they are worked on, so that an answer can be
// given at once and nothing is lost. An event that comes again is dropped.
export class Inbox {
  #done = new Set();
  #known = new Set();
  #work;
  #queue = Promise.resolve();

  constructor(file, work) {
    this.file = file;
    this.#work = work;
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n'); // this program was ended while it wrote
    const lines = text.split('\n').flatMap(parsed);
    for (const { id, done } of lines) (done ? this.#done : this.#known).add(id);
    for (const { id, event } of lines) if (event && !this.#done.has(id)) this.#later(id, event); // this program was ended before
  }

  // take gives false for an event that is there already.
  take(id, body) {
    if (this.#known.has(id)) {
      console.log(`duplicate ${id}`);
      return false;
    }
    const event = JSON.parse(body.toString('utf8'));
    appendFileSync(this.file, `${JSON.stringify({ id, event })}\n`);
    this.#known.add(id);
    this.#later(id, event);
    return true;
  }

  #later(id, event) {
    this.#queue = this.#queue
      .then(() => this.#work(event, id))
      .then(() => appendFileSync(this.file, `${JSON.stringify({ id, done: true })}\n`))
      .catch((error) => console.error(`${id} failed and is tried again after the next start:`, error));
  }
}

// work is what your program does about an event. It may take as long as it likes.
export function work(event, id) {
  console.log(`worked ${event.type} ${id}`);
}
