import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export const given = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; go test ./e2e -run TestWeb sets it`);
  return value;
};

export const url = given('GODWIT_URL');
export const adminKey = given('GODWIT_ADMIN_KEY');

// call asks the API, and expects an answer of success. After a 429 it waits as long as
// that says, and asks again.
export async function call<T = Record<string, never>>(method: string, path: string, body?: unknown, key = adminKey): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body !== undefined && { 'Content-Type': path.match(/^\/v1\/webhooks\/[^/]+$/) && method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const again = response.status === 429 ? Number(response.headers.get('Retry-After')) : 0;
  if (again > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * again));
    return call<T>(method, path, body, key);
  }
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : {}) as T;
}

// Receiver is a real server that webhooks go to.
export class Receiver {
  readonly got: { headers: IncomingMessage['headers']; body: string }[] = [];
  status = 200;
  answer: string | undefined;
  // hold says whether a request is to wait; go answers those that do.
  hold: (eventType: string) => boolean = () => false;
  private waiting: (() => void)[] = [];
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        this.got.push({ headers: request.headers, body });
        const answer = () => response.writeHead(this.status, { 'Content-Type': 'text/plain', 'X-Markup': '<i>header</i>' }).end(this.answer ?? (this.status < 300 ? 'thank you' : '<b>broken</b>'));
        if (this.hold(String(request.headers['godwit-event']))) this.waiting.push(answer);
        else answer();
      });
    });
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`;
  }

  // go answers what waits, and all that comes after it.
  go() {
    this.hold = () => false;
    for (const answer of this.waiting.splice(0)) answer();
  }

  stop() {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

// until waits for what is to become true.
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`it did not happen: ${what}`);
    await new Promise((wait) => setTimeout(wait, 100));
  }
}

// Watch notes what no page may do.
export class Watch {
  readonly faults: string[] = [];
  // The browser also reports refusals of the API that a test causes.
  readonly expected = new Set([401, 403, 404, 409, 410, 412, 422]);

  on(context: BrowserContext) {
    context.on('page', (page) => {
      page.on('console', (message) => {
        if (message.type() === 'error' && !this.expected.has(Number(/status of (\d+)/.exec(message.text())?.[1]))) this.faults.push(`console at ${page.url()}: ${message.text()}`);
        if (/content security policy/i.test(message.text())) this.faults.push(`policy at ${page.url()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => this.faults.push(`error at ${page.url()}: ${error.message}`));
    });
    context.on('request', (request) => {
      if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) this.faults.push(`another host: ${request.url()}`);
    });
  }
}

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] });

export async function open(browser: Browser, watch: Watch, options: { locale?: string } = {}): Promise<Page> {
  const context = await browser.newContext({ locale: options.locale ?? 'en-GB', viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', timezoneId: 'Europe/Berlin' });
  watch.on(context);
  const page = await context.newPage();
  count(page);
  page.setDefaultTimeout(Number(process.env['GODWIT_WAIT'] ?? 60_000)); // on a machine that does much else
  return page;
}

// asking counts what pages have asked for and not got yet.
const asking = new WeakMap<Page, number>();

function count(page: Page) {
  const change = (by: number) => () => asking.set(page, (asking.get(page) ?? 0) + by);
  page.on('request', change(1));
  page.on('requestfinished', change(-1));
  page.on('requestfailed', change(-1));
}

// quiet waits until a page has all that it has asked for, and drawn it. Playwright's own
// wait takes half a second more, on each page.
async function quiet(page: Page) {
  const drawn = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30))));
  const end = Date.now() + 10_000;
  for (let times = 0; times < 3 && Date.now() < end; times++) {
    await drawn();
    if ((asking.get(page) ?? 0) > 0) times = 0;
  }
}

// loaded waits until a page shows what it is about.
export const loaded = (p: Page) => async () => {
  await p.getByRole('heading', { level: 1 }).waitFor();
  await p.waitForFunction(() => !document.querySelector('.loading'));
  await quiet(p);
  await p.waitForFunction(() => !document.querySelector('.loading'));
};

// turnTo goes to another page as a link does, without loading the app anew. What only
// changes a query may keep its heading, and is loaded.
export async function turnTo(p: Page, path: string) {
  if (path.includes('?') || p.url().includes('?') || p.url() === url + path) return void (await p.goto(url + path));
  await p.evaluate((to) => {
    for (const h of document.querySelectorAll('h1')) h.dataset['left'] = 'yes';
    history.pushState({}, '', to);
  }, path);
  await p.locator('h1:not([data-left])').first().waitFor();
}

// overflowing lists what a page shows too wide: all of it, or texts that are cut off
// where nobody can scroll to their ends.
export const overflowing = (p: Page): Promise<string[]> =>
  p.evaluate(async () => {
    // A width that has just changed is seen in the next frame, and shown in the one after it.
    for (let n = 0; n < 3; n++) await new Promise((shown) => requestAnimationFrame(shown));
    const found: string[] = [];
    const wide = document.documentElement.scrollWidth - window.innerWidth;
    if (wide > 0) {
      const widest = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1).at(-1);
      found.push(`${wide} px too wide, such as ${widest?.outerHTML.slice(0, 150)}`);
    }
    for (const e of document.querySelectorAll<HTMLElement>('body *')) {
      const style = getComputedStyle(e);
      const text = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent?.trim());
      if (e.matches('.clamped') && (e.matches('[data-rest=look]:has(+ a), a > [data-rest=look]') || e.closest('.whole')?.querySelector('button[aria-expanded]'))) continue; // a button shows the rest, or a link leads to it
      if (!text || e.closest('.hidden, select, [aria-hidden=true]') || style.visibility === 'hidden' || e.clientWidth <= 1) continue; // what is for screen readers has one pixel
      if ((/hidden|clip/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1) || (/hidden|clip/.test(style.overflowY) && e.scrollHeight > e.clientHeight + 2)) found.push(`cut off: ${e.outerHTML.slice(0, 150)}`);
    }
    return found;
  });

export async function signIn(page: Page, key: string) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('API key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
}

export interface Cast {
  user: string;
  key: string;
  website: string;
  shop: string;
  works: { id: string; secret: string };
  fails: { id: string };
  event: string;
  failed: string;
}

// cast makes a company with two projects, someone who is a member of both, a
// webhook that works, one whose receiver fails, and what was sent to them.
export async function cast(good: string, bad: string): Promise<Cast> {
  const p = `web-${Math.random().toString(36).slice(2, 8)}-`;
  const [user, website, shop] = [`${p}una`, `${p}website`, `${p}shop`];
  await call('PUT', `/v1/companies/${p}acme`, { name: 'Acme' });
  await call('PUT', `/v1/projects/${website}`, { company_id: `${p}acme`, name: 'Website' });
  await call('PUT', `/v1/projects/${shop}`, { company_id: `${p}acme`, name: 'Shop' });
  await call('PUT', `/v1/users/${user}`, { name: 'Una', email: `${p}una@example.org` });
  for (const project of [website, shop]) await call('PUT', `/v1/projects/${project}/members/${user}`);
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: `${p}una`, role: 'user', user_id: user });
  const rules = [{ events: ['TODO_CREATED', 'COMMENT_CREATED'], projects: [website] }];
  const works = await call<{ id: string; secret: string }>('POST', '/v1/webhooks', { name: 'Warehouse feed', url: `${good}/feed/s3cret`, rules }, key);
  const fails = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'CRM sync', url: `${bad}/crm`, rules: [{ events: ['*'] }] }, key);
  const event = `${p}todo-1`;
  await call('POST', '/v1/events', {
    id: event,
    type: 'TODO_CREATED',
    project_id: website,
    actor_id: user,
    previous: { id: 'rec_1', title: '<b>Order</b> the frames', status: 'Open', gone: true },
    current: { id: 'rec_1', title: '<b>Order</b> the frames', status: 'Done', added: 1 },
  });
  const failed = await until('a delivery fails', async () => {
    const { data } = await call<{ data: { id: string }[] }>('GET', `/v1/deliveries?webhook_id=${fails.id}&status=failed`, undefined, key);
    return data[0]?.id;
  });
  return { user, key, website, shop, works, fails, event, failed };
}
