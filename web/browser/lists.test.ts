import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { adminKey, call, cast, given, launch, open, Receiver, signIn, until, url, Watch, type Cast } from './stage';

// What lists show of their rows, and what can be done with many rows at once.

const good = new Receiver();
const bad = new Receiver();
bad.status = 503;
const watch = new Watch();
let browser: Browser;
let made: Cast;
let page: Page;

beforeAll(async () => {
  made = await cast(await good.start(), await bad.start());
  browser = await launch();
  page = await open(browser, watch);
  await signIn(page, made.key);
});

afterAll(async () => {
  await browser?.close();
  good.stop();
  bad.stop();
});

afterEach(async (context) => {
  if (context.task.result?.state === 'fail') console.log(page.url(), await page.locator('body').innerText(), watch.faults.join('\n'));
});

test('list of webhooks has their numbers, in one request', async () => {
  await until('the attempt is counted', async () => {
    const { data } = await call<{ data: { id: string; stats: { attempts: number } }[] }>('GET', '/v1/webhooks?include=stats', undefined, made.key);
    return data.every((w) => w.stats.attempts > 0);
  });
  const asked: string[] = [];
  page.on('request', (r) => new URL(r.url()).pathname === '/v1/webhooks' && asked.push(r.url()));
  await page.goto(`${url}/webhooks`);
  const works = page.getByRole('row', { name: /Warehouse feed/ });
  await works.getByRole('img', { name: 'Attempts: 1 arrived, 0 failed' }).waitFor();
  await works.getByText('100%').waitFor();
  const fails = page.getByRole('row', { name: /CRM sync/ });
  await fails.getByRole('img', { name: 'Attempts: 0 arrived, 5 failed' }).waitFor();
  await fails.getByText('0%', { exact: true }).waitFor();
  await fails.getByText('The receiver had an error.').waitFor();
  expect(asked.length, asked.join('\n')).toBe(1);
});

test('admins see first what fails, and search people', async () => {
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  await admin.goto(`${url}/admin`);
  const failing = admin.getByRole('group', { name: 'Webhooks that fail' });
  await failing.locator(`a[href$="${made.fails.id}"]`).waitFor();
  await failing.getByText('The receiver had an error.').first().waitFor();
  expect(await failing.locator(`a[href$="${made.works.id}"]`).count()).toBe(0);
  await admin.goto(`${url}/admin/people`);
  await admin.getByLabel('Search name, mail or id').fill(`${made.user}@EXAMPLE`);
  await admin.getByText(`${made.user}@example.org`).waitFor();
  await until('the others are left out', async () => (await admin.getByRole('row').count()) === 2);
  await admin.getByLabel('Search name, mail or id').fill('nobody-at-all');
  await admin.getByText('Nothing fits these filters').waitFor();
  await admin.context().close();
});

test('list of deliveries says what was answered and why it failed, and marks tests', async () => {
  await call('POST', `/v1/webhooks/${made.works.id}/test`, { type: 'TAG_CREATED' }, made.key);
  await page.goto(`${url}/deliveries`);
  const failed = page.getByRole('row', { name: /CRM sync/ }).first();
  await failed.getByText(/^503 · [\d.,]+ m?s$/).waitFor();
  await failed.getByText('The receiver had an error.').waitFor();
  await page.getByRole('row', { name: /Tag created/ }).getByText('Test', { exact: true }).waitFor();
  await page.getByRole('row', { name: /Tag created/ }).getByText(/^200 · /).waitFor();
});

test('filters are in the address, several of a kind', async () => {
  await page.goto(`${url}/deliveries?status=failed`);
  const state = page.getByRole('group', { name: 'State' });
  expect(await state.getByRole('button', { name: 'not delivered' }).getAttribute('aria-pressed')).toBe('true');
  await state.getByRole('button', { name: 'delivered', exact: true }).click();
  await page.waitForURL(/status=failed%2Csucceeded/);
  await page.getByRole('row', { name: /Tag created/ }).waitFor();
  await page.getByText('More filters').click();
  await page.getByLabel('Status of the answer').fill('5xx');
  await page.waitForURL(/code=5xx/);
  await page.getByRole('row', { name: /Tag created/ }).waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /CRM sync/ }).first().waitFor();
  await page.getByLabel('Why it failed or waits').selectOption('status_4xx');
  await page.getByText('Nothing fits these filters').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.getByRole('row', { name: /Tag created/ }).waitFor();
  await page.goto(`${url}/deliveries?kind=test`);
  await page.getByRole('row', { name: /Tag created/ }).waitFor();
  expect(await page.getByRole('row', { name: /CRM sync/ }).count()).toBe(0);
});

test('rows of the list are sent again together', async () => {
  for (let n = 0; n < 2; n++) await call('POST', '/v1/events', { type: 'COMMENT_CREATED', project_id: made.website, current: { id: n } });
  await page.goto(`${url}/webhooks/${made.works.id}/deliveries?type=COMMENT_CREATED`);
  const boxes = page.getByRole('checkbox', { name: /^Choose “Comment written”/ });
  await boxes.nth(1).waitFor();
  const before = good.got.length;
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.getByText('2 deliveries chosen').waitFor();
  await page.getByRole('button', { name: 'Send again', exact: true }).click();
  await page.getByText('2 deliveries are sent again.').waitFor();
  await until('both arrive', async () => good.got.length >= before + 2);
  await until('the new ones are there', async () => (await page.getByRole('row').count()) === 5);
  await page.getByText('More filters').click();
  await page.getByLabel('Leave out what was sent again since').check();
  await until('what was sent again is left out', async () => (await page.getByRole('row').count()) === 3);
  const { data } = await call<{ data: { id: string }[] }>('GET', `/v1/deliveries?webhook_id=${made.works.id}&latest=true`, undefined, made.key);
  await page.getByLabel('Id, or its beginning').fill(data[0]?.id ?? '');
  await until('one has this id', async () => (await page.getByRole('row').count()) === 2);
});

test('new rows move nothing until the reader takes them', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}/deliveries?type=COMMENT_CREATED`);
  const links = page.locator('tbody .main-cell a');
  await links.first().waitFor();
  const shown = () => links.evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  const before = await shown();
  for (let n = 0; n < 2; n++) await call('POST', '/v1/events', { type: 'COMMENT_CREATED', project_id: made.website, current: { id: `fresh-${n}` } });
  const take = page.getByRole('button', { name: '2 new rows. Show them' });
  await take.waitFor();
  expect(await shown()).toEqual(before);
  await take.click();
  await until('they are shown', async () => (await shown()).length === before.length + 2);
  expect((await shown()).slice(2)).toEqual(before);
  expect(await page.getByTestId('fresh').innerText()).toBe('');
});

test('what a list shows is sent again, no more and no less', async () => {
  const on = (status: number) => {
    bad.status = status;
    return call('POST', `/v1/webhooks/${made.fails.id}/enable`, { drain: false }, made.key);
  };
  await on(200);
  bad.status = 404;
  await call('POST', '/v1/events', { type: 'TAG_DELETED', project_id: made.shop, previous: { id: 1 } });
  const all = async (query: string) => (await call<{ data: { id: string }[] }>('GET', `/v1/deliveries?webhook_id=${made.fails.id}&status=failed${query}`, undefined, made.key)).data.length;
  await until('another one fails, for another reason', async () => (await all('&status_code=4xx')) === 1);
  await on(200);
  const before = await all('&status_code=5xx');
  expect(before).toBeGreaterThanOrEqual(1);
  await page.goto(`${url}/webhooks/${made.fails.id}/deliveries?status=failed&code=4xx`);
  await page.getByRole('button', { name: 'Send all of these again' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('This sends 1 event again.').waitFor();
  const had = bad.got.length;
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await page.getByText('1 event is sent again.').waitFor();
  await until('it arrives', async () => bad.got.length > had);
  expect(bad.got.length).toBe(had + 1);
  expect(await all('&status_code=5xx'), 'the others stay as they were').toBe(before);
});

test('events are searched by what is in them', async () => {
  const fields = page.waitForResponse((r) => r.url().endsWith('/v1/event-types/TODO_CREATED/fields'));
  await page.goto(`${url}/events?type=TODO_CREATED`);
  await page.getByText('Search by what is in them').click();
  await page.getByRole('button', { name: 'Add a condition' }).click();
  await fields;
  await page.getByLabel('Field', { exact: true }).selectOption('added'); // which no example has
  expect(await page.getByLabel('Comparison').locator('option').first().innerText(), 'its kind is known from events').toBe('is more than');
  await page.getByLabel('Field', { exact: true }).selectOption('status');
  await page.getByLabel('Value', { exact: true }).fill('Done');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByRole('row', { name: new RegExp(made.event) }).waitFor();
  await page.getByTestId('found').getByText(/^1 found; /).waitFor();
  expect(new URL(page.url()).searchParams.get('filter')).toContain("== 'Done'");
  await page.reload();
  await page.getByRole('row', { name: new RegExp(made.event) }).waitFor();
  await page.getByLabel('Value', { exact: true }).fill('Nothing of the kind');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('No event fits', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Write it yourself' }).click();
  await page.getByLabel('Condition, written in CEL').fill('current.added == 1 && ');
  await page.getByText(/Line 1, character \d+: The condition is not complete yet\./).waitFor();
  await page.getByLabel('Condition, written in CEL').fill('current.added == 1 &&& true');
  await page.locator('.cm-fault', { hasText: '&' }).waitFor(); // where it is
  expect(await page.getByRole('button', { name: 'Search', exact: true }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Without the condition again' }).click();
  await page.getByLabel('Went to').waitFor();
});

test('search that could read nothing says so, and is asked again', async () => {
  watch.expected.add(503);
  const lock = given('GODWIT_LOCK');
  const change = async (method: string) => expect((await fetch(lock, { method })).status).toBe(200);
  await change('POST');
  try {
    await page.goto(`${url}/events?type=TODO_CREATED&filter=${encodeURIComponent("current.status == 'Done'")}`);
    await page.getByText('The search could read nothing in the time that it has').waitFor();
  } finally {
    await change('DELETE');
  }
  await page.getByRole('button', { name: 'Search again' }).click();
  await page.getByRole('row', { name: new RegExp(made.event) }).waitFor();
});

test('no list complained, broke its policy, or asked another host', () => {
  expect(watch.faults.join('\n')).toBe('');
});
