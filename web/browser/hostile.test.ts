import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { adminKey, call, launch, loaded, open, overflowing, signIn, turnTo, until, url, Watch } from './stage';

// Texts by which a page could be broken, wherever people and programs can put them:
// they show as text, and leave the layout as it is.

const markup = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
const long = 'W'.repeat(200);
const backwards = '\u202Etxet sdrawkcab \u05E2\u05D1\u05E8\u05D9\u05EA \u0627\u0644\u0639\u0631\u0628\u064A\u0629';
const invisible = `Z\u200Be\u200Dr\uFEFFo Z${'\u0334\u0321\u0353'.repeat(20)}algo`;
const emoji = '👩‍👩‍👧‍👦'.repeat(12);
const hostile = { markup, long, backwards, invisible, emoji };
const line = `{{constructor}} ${markup} \u202E${'x'.repeat(64 << 10)}`;

const p = `hostile-${Math.random().toString(36).slice(2, 8)}-`;
const watch = new Watch();
let receiver: Server;
let to: string;
let browser: Browser;
let page: Page;
let key: string;
const webhooks: string[] = [];
const ids = Object.keys(hostile);

beforeAll(async () => {
  receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(request.url === '/gone' ? 410 : 400, { 'Content-Type': 'text/html', 'X-Markup': markup, 'X-Long': 'h'.repeat(4000) }).end(line));
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  to = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  await call('PUT', `/v1/users/${p}una`, { name: backwards, email: `${'m'.repeat(60)}@example.org` });
  for (const [id, name] of Object.entries(hostile)) {
    await call('PUT', `/v1/companies/${p}${id}`, { name });
    await call('PUT', `/v1/projects/${p}${id}`, { company_id: `${p}${id}`, name });
    await call('PUT', `/v1/projects/${p}${id}/members/${p}una`);
    await call('PUT', `/v1/event-types/${p}${id}`, { group: name.slice(0, 200), title: name.slice(0, 200), description: name, example: { current: { [id]: name, status: name } } });
  }
  ({ key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: markup, role: 'user', user_id: `${p}una` }));
  for (const [id, name] of Object.entries(hostile)) {
    const rules = [{ events: [`${p}${id}`], projects: [`${p}${id}`] }];
    const { id: made } = await call<{ id: string }>('POST', '/v1/webhooks', { name, url: `${to}/${'p'.repeat(300)}`, rules, headers: { 'X-Own': markup } }, key);
    webhooks.push(made);
    const states = { previous: { [markup]: line, nul: 'a\u0000b', [long]: long, backwards }, current: { [markup]: `${line}!`, nul: '\u0000', backwards: long, [backwards]: backwards, status: markup } };
    await call('POST', '/v1/events', { id: `${p}${id}`, type: `${p}${id}`, project_id: `${p}${id}`, actor_id: 'a'.repeat(128), ...states });
  }
  browser = await launch();
  page = await open(browser, watch);
  page.on('dialog', (dialog) => void dialog.dismiss());
  await signIn(page, key);
  await until('all have failed', async () => (await call<{ data: unknown[] }>('GET', '/v1/deliveries?status=failed', undefined, key)).data.length >= ids.length);
});

afterAll(async () => {
  await browser?.close();
  receiver?.close();
  for (const id of webhooks) await call('DELETE', `/v1/webhooks/${id}`);
  for (const id of ids) for (const kind of ['projects', 'companies', 'event-types']) await call('DELETE', `/v1/${kind}/${p}${id}`);
  await call('DELETE', `/v1/users/${p}una`);
});

afterEach(async (context) => {
  if (context.task.result?.state === 'fail') console.log(page.url(), (await page.locator('body').innerText()).slice(0, 5000), watch.faults.join('\n'));
});

// spilling lists texts that turn around what stands beside them: an override, or
// letters from right to left, outside of an element with its own direction.
const spilling = (at: Page) =>
  at.evaluate(() => {
    const found: string[] = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const e = node.parentElement;
      const text = node.textContent ?? '';
      if (!e || !/[\u202A-\u202E\u0590-\u08FF]/.test(text) || e.closest('option, script, style, pre, .hidden')) continue;
      if (/^\s*\u2068[^]*\u2069\s*$/.test(text)) continue;
      const bare = text.replace(/\u2068[^\u2068\u2069]*\u2069/g, '');
      if (!/[\u202A-\u202E\u0590-\u08FF]/.test(bare)) continue;
      if (!/isolate|plaintext/.test(getComputedStyle(e).unicodeBidi)) found.push(`spills: ${e.outerHTML.slice(0, 150)}`);
    }
    return found;
  });

async function look(at: Page, path: string, ready = loaded(at)): Promise<string[]> {
  const found: string[] = [];
  await at.setViewportSize({ width: 1280, height: 900 });
  await turnTo(at, path);
  await ready();
  found.push(...(await spilling(at)));
  if (await at.evaluate(() => 'broken' in window || document.querySelector('main img[src=x], main script') !== null)) found.push('markup was taken for markup');
  for (const width of [1280, 320]) {
    await at.setViewportSize({ width, height: 900 });
    found.push(...(await overflowing(at)).map((fault) => `at ${width}: ${fault}`));
  }
  return found.map((fault) => `${path}: ${fault}`);
}

test('hostile names and bodies are texts on each page of a user', async () => {
  const found: string[] = [];
  const { data } = await call<{ data: { id: string }[] }>('GET', '/v1/deliveries?status=failed', undefined, key);
  for (const path of [
    '/webhooks', ...webhooks.slice(0, 3).map((id) => `/webhooks/${id}`), `/webhooks/${webhooks[0]}/deliveries`, `/webhooks/${webhooks[1]}/settings`, '/deliveries', `/deliveries/${data[0]?.id}`,
    '/events', `/events/${p}markup`, '/event-types', '/keys',
  ])
    found.push(...(await look(page, path)));
  expect(found.join('\n')).toBe('');
});

test('hostile names can be chosen in the wizard', async () => {
  const found: string[] = [];
  const draft = { what: 'some', types: ids.map((id) => p + id), where: 'some', places: ids.map((id) => `p:${p}${id}`), grid: null, filter: '' };
  await page.evaluate((d) => sessionStorage.setItem('godwit.draft.webhooks-new', JSON.stringify(d)), draft);
  for (const step of [2, 3, 5]) {
    found.push(
      ...(await look(page, `/webhooks/new?step=${step}`, async () => {
        await page.waitForURL(/step=1$/);
        await page.getByRole('textbox').first().fill('http://127.0.0.1:9/hostile');
        for (let at = 1; at < step; at++) await page.locator('form button[type=submit]').click();
        await loaded(page)();
      })),
    );
  }
  expect(found.join('\n')).toBe('');
});

test('hostile names and bodies are texts on each page of an admin', async () => {
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  const found: string[] = [];
  for (const path of ['/webhooks', '/admin', '/admin/people', '/admin/companies', '/admin/keys', '/admin/log']) found.push(...(await look(admin, path)));
  await admin.context().close();
  expect(found.join('\n')).toBe('');
});

test('long names leave room for the columns beside them, and for the page below what needs its reader', async () => {
  await call('POST', '/v1/api-keys', { name: long, role: 'user' }, key);
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  for (const [at, path] of [[page, '/keys'], [admin, '/admin/keys'], [admin, '/admin/companies'], [admin, '/admin/people']] as const) {
    await at.setViewportSize({ width: 1280, height: 900 });
    await at.goto(url + path);
    await loaded(at)();
    expect(await at.locator('main .frame').first().evaluate((e) => e.scrollWidth - e.clientWidth), `${path} is scrolled sideways`).toBeLessThanOrEqual(0);
  }
  await admin.context().close();

  const { id: gone } = await call<{ id: string }>('POST', '/v1/webhooks', { name: long, url: `${to}/gone`, rules: [{ events: ['*'], projects: [`${p}long`] }] }, key);
  await call('POST', '/v1/events', { type: `${p}long`, project_id: `${p}long`, current: {} });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${url}/keys`);
  const banner = page.locator('.note.bad').first();
  await banner.waitFor();
  expect((await banner.boundingBox())?.height, 'of the banner').toBeLessThan(150);
  await call('DELETE', `/v1/webhooks/${gone}`);
});

test('what is hostile is shown as it is', async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${url}/webhooks`);
  for (const name of [markup, long]) await page.getByRole('table').getByText(name, { exact: true }).first().waitFor();
  await page.goto(`${url}/events/${p}markup`);
  await page.getByRole('row', { name: /^<img src=x/ }).first().waitFor();
});

test('no page complained, broke its policy, or asked another host', () => {
  expect(watch.faults.join('\n')).toBe('');
});
