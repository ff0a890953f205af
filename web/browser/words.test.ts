import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { adminKey, call, cast, launch, loaded, open, overflowing, Receiver, turnTo, url, Watch, type Cast } from './stage';

// A language that nobody speaks: every letter of the catalogue has an accent, and texts
// are a third longer. What has none is not in the catalogue; what is cut off would be
// in a longer language.

const accents: Record<string, string> = {
  ...Object.fromEntries([...'bcdfghjklmnpqrstvwxyzBCDFGHJKLMNPQRSTVWXYZ'].map((c, i) => [c, [...'ƀćđƒǵĥĵķĺɱńƥɋŕśťṽŵẋýźƁĆĐƑǴĤĴĶĹṀŃƤɊŔŚŤṼŴẊÝŹ'][i] ?? '?'])),
  ...Object.fromEntries([...'aeiouAEIOU'].map((c, i) => [c, [...'áéíóúÁÉÍÓÚ'][i]?.repeat(2) ?? '?'])),
};

const good = new Receiver();
const bad = new Receiver();
bad.status = 503;
const watch = new Watch();
let browser: Browser;
let made: Cast;
let page: Page;
let answers = new Set<string>(); // what the API has said, which is data

// speak has the catalogue of a browser accented. Its file stays what it is: a module
// in front of it changes what it gives.
async function speak(context: BrowserContext) {
  await context.route(/\/assets\/en-[^/]*\.js$/, async (route) => {
    const plain = await (await route.fetch()).text();
    const name = /export\s*\{\s*([\w$]+) as en\s*\}/.exec(plain)?.[1];
    if (!name) throw new Error(`no catalogue in ${route.request().url()}: ${plain.slice(-200)}`);
    const body = plain.replace(/export\s*\{[^}]*\};?/, '') + `
      const accents = ${JSON.stringify(accents)};
      const accent = (text) => text.replace(/\\{\\w+\\}|[A-Za-z]/g, (c) => accents[c] ?? c);
      const changed = Object.fromEntries(Object.entries(${name}).map(([key, text]) => [key, typeof text === 'string' ? accent(text) : Object.fromEntries(Object.entries(text).map(([form, t]) => [form, accent(t)]))]));
      export { changed as en };`;
    await route.fulfill({ contentType: 'text/javascript', body });
  });
}

// names are fields whose values people and programs have chosen; the words that the API
// chooses, such as "failed", are none.
const names = /(^|_)(ids?|name|url|host|email|title|description|group|prefix|address|code|path|version|example|about)$/;

// Events, and examples of them, are data as a whole.
function hear(value: unknown, field = '', all = false) {
  if (typeof value !== 'object') {
    if ((all || names.test(field)) && /[A-Za-z]/.test(String(value))) answers.add(String(value)).add(String(value).slice(0, 30)); // as fields show it
    if (field === 'url' && URL.canParse(String(value))) answers.add(new URL(String(value)).host); // as lists show it
  } else if (Array.isArray(value)) value.forEach((v) => hear(v, field, all));
  else
    for (const [key, v] of Object.entries(value ?? {})) {
      if (all) answers.add(key);
      hear(v, key, all || /^(example|previous|current)$/.test(key));
    }
}

async function signedIn(key: string): Promise<Page> {
  const p = await open(browser, watch);
  await speak(p.context());
  p.on('response', (response) => {
    if (!response.url().includes('/v1/') || !/json/.test(response.headers()['content-type'] ?? '')) return;
    void response.json().then(
      (body: unknown) => hear(body),
      () => undefined,
    );
  });
  await p.goto(`${url}/sign-in`);
  await p.locator('input[type=password]').fill(key);
  await p.keyboard.press('Enter');
  await p.waitForURL(/\/webhooks$/);
  return p;
}

// What the browser itself makes of times, numbers and lists.
const intl = /\b(Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|ago|now|yesterday|in|and|or|sec|min|hr|ms|s|seconds?|minutes?|hours?|days?|KiB|MiB|GiB|kB|B|UTC|GMT)\b\.?/g;

// plain lists the visible texts of a page that are in no catalogue.
async function plain(p: Page): Promise<string[]> {
  const texts = await p.evaluate(() => {
    const out = new Set<string>();
    const data = 'code, pre, time, option, script, noscript, style, [lang]:not(html), [contenteditable], .brand';
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) if (!node.parentElement?.closest(data)) out.add(node.textContent ?? '');
    for (const e of document.querySelectorAll('[aria-label], [placeholder], [title], [alt], option')) {
      if (e.closest('[lang]:not(html), pre')) continue;
      for (const name of ['aria-label', 'placeholder', 'title', 'alt']) out.add(e.getAttribute(name) ?? '');
      if (e.tagName === 'OPTION') out.add(e.textContent ?? '');
    }
    out.add(document.title);
    return [...out];
  });
  const known = [...answers, made.user, 'Godwit', 'English', 'Deutsch', 'Polski', 'http://', 'https://', '5xx', 'Postgres', 'Temporal', 'Go', '/docs'].sort((a, b) => b.length - a.length);
  // A name is a whole word: an "a" of some event is not the one in "and".
  const whole = known.map((name) => new RegExp(`${/^[A-Za-z]/.test(name) ? '(?<![A-Za-z])' : ''}${name.replace(/[^A-Za-z0-9]/g, '\\$&')}${/[A-Za-z]$/.test(name) ? '(?![A-Za-z])' : ''}`, 'g'));
  return texts.filter((text) => {
    let rest = text;
    for (const name of whole) rest = rest.replace(name, ' ');
    return /[A-Za-z]{2,}/.test(rest.replace(intl, ' '));
  });
}

// look finds what is not translated, and what is cut off on a phone and on a desk.
async function look(p: Page, path: string, ready = loaded(p)): Promise<string[]> {
  const found: string[] = [];
  await p.setViewportSize({ width: 1280, height: 900 });
  await turnTo(p, path);
  await ready();
  found.push(...(await plain(p)).map((text) => `${path}: “${text}”`));
  for (const width of [1280, 390]) {
    await p.setViewportSize({ width, height: 900 });
    found.push(...(await overflowing(p)).map((fault) => `${path} at ${width}: ${fault}`));
  }
  return found;
}

beforeAll(async () => {
  made = await cast(await good.start(), await bad.start());
  browser = await launch();
  page = await signedIn(made.key);
});

afterAll(async () => {
  await browser?.close();
  good.stop();
  bad.stop();
});

afterEach(async (context) => {
  if (context.task.result?.state === 'fail') console.log(page.url(), await page.locator('body').innerText(), watch.faults.join('\n'));
});

test('pages of a user say nothing outside of the catalogues, and cut nothing off', async () => {
  const { code } = await call<{ code: string }>('POST', '/v1/device', { name: 'godwit on a machine' });
  const found: string[] = [];
  const condition = encodeURIComponent("(current.?status.orValue('') == 'Done')");
  for (const path of [
    '/webhooks', `/webhooks/${made.works.id}`, `/webhooks/${made.fails.id}`, `/webhooks/${made.fails.id}/deliveries`, `/webhooks/${made.works.id}/settings`,
    '/deliveries', `/deliveries/${made.failed}`, '/events', `/events?filter=${condition}`, `/events/${made.event}`, '/event-types', '/keys', `/connect?code=${code}`, '/received', '/verify', '/nowhere',
  ])
    found.push(...(await look(page, path)));
  expect(found.join('\n')).toBe('');
});

test('wizard says nothing outside of the catalogues, and cuts nothing off', async () => {
  const found: string[] = [];
  const draft = { what: 'some', types: ['TODO_CREATED', 'COMMENT_CREATED'], where: 'some', places: [`p:${made.website}`, `p:${made.shop}`], grid: null, filter: "('status' in changed)" };
  await page.evaluate((d) => sessionStorage.setItem('godwit.draft.webhooks-new', JSON.stringify(d)), draft);
  for (const step of [1, 2, 3, 4, 5]) {
    found.push(
      ...(await look(page, `/webhooks/new?step=${step}`, async () => {
        await page.waitForURL(/step=1$/); // the address is in no storage
        await page.getByRole('textbox').first().fill('http://127.0.0.1:9/words');
        for (let at = 1; at < step; at++) await page.locator('form button[type=submit]').click();
        await loaded(page)();
      })),
    );
  }
  expect(found.join('\n')).toBe('');
});

test('pages of an admin say nothing outside of the catalogues, and cut nothing off', async () => {
  const admin = await signedIn(adminKey);
  const found: string[] = [];
  for (const path of ['/webhooks', '/admin', '/admin/people', '/admin/companies', '/admin/keys', '/admin/log', '/admin/system']) found.push(...(await look(admin, path)));
  await admin.context().close();
  expect(found.join('\n')).toBe('');
});

test('a text that is in no catalogue is found', async () => {
  await page.goto(`${url}/keys`);
  await loaded(page)();
  expect(await plain(page)).toEqual([]);
  await page.evaluate(() => document.querySelector('h1')?.append(' not translated'));
  expect(await plain(page)).toEqual([' not translated']);
  await page.evaluate(() => Object.assign(document.querySelector<HTMLElement>('h1')?.style ?? {}, { overflow: 'hidden', width: '20px', whiteSpace: 'nowrap' }));
  expect((await overflowing(page)).join()).toContain('cut off: <h1');
});

test('no page complained, broke its policy, or asked another host', () => {
  expect(watch.faults.join('\n')).toBe('');
});
