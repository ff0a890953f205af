import { expect, test } from 'vitest';
import { browser, endScene, made, page, scene, watch } from './scene';
import { call, open, Receiver, signIn, until, url } from './stage';

// How each webhook is, in the list and on its page, and what is found among many.

const other = new Receiver();
scene();

test('list says in a second line how each webhook is, and which rules can match nothing', async () => {
  await page.goto(`${url}/webhooks`);
  await page.getByRole('row', { name: /Warehouse feed/ }).getByText(/^last delivered \S/).waitFor();
  // Its receiver is there, but takes nothing.
  const fails = page.getByRole('row', { name: /CRM sync/ });
  await fails.getByText(/^5 attempts in a row failed\. The receiver had an error\. Godwit goes on trying\.$/).or(fails.getByText(/^Checked again in \d+:\d\d \(\d+(st|nd|rd|th) time\)\./)).waitFor();
  const waits = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Waits', url: `${await other.start()}/waits`, rules: [{ events: ['TAG_DELETED'], projects: [made.shop] }, { events: ['TODO_MOVED'], projects: [made.website] }] }, made.key);
  const row = page.getByRole('row', { name: /Waits/ });
  await row.getByText('waits for the first event').waitFor();
  await call('POST', `/v1/webhooks/${waits.id}/disable`, {}, made.key);
  await row.getByText(/^since \d\d:\d\d$/).waitFor();
  await call('POST', '/v1/events', { type: 'TODO_MOVED', project_id: made.website, current: { id: 1 } });
  await row.getByText(/^1 event kept since \d\d:\d\d$/).waitFor();
  await call('DELETE', `/v1/projects/${made.shop}/members/${made.user}`);
  await row.getByText('1 rule can’t match any more').waitFor();
  await page.getByLabel('Show', { exact: true }).selectOption('need');
  await row.waitFor();
  await page.getByText(/needs? you: .*Waits/).waitFor();
  await page.getByRole('row', { name: /Warehouse feed/ }).waitFor({ state: 'detached' });
  await call('PUT', `/v1/projects/${made.shop}/members/${made.user}`);
  await call('DELETE', `/v1/webhooks/${waits.id}`, undefined, made.key);
  other.stop();
});

test('receiver that fails: five attempts, failing, off, checked again, and what was kept is delivered by a button', async () => {
  const receiver = new Receiver();
  receiver.status = 503;
  const events = () => receiver.got.filter((r) => r.headers['godwit-event'] === 'TODO_MOVED').length;
  receiver.hold = (type) => type === 'TODO_MOVED' && events() === 5; // the last attempt, until the page was looked at
  const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Recovers', url: await receiver.start(), timeout_seconds: 30, rules: [{ events: ['TODO_MOVED'], projects: [made.website] }] }, made.key);
  const post = (n: number) => call('POST', '/v1/events', { type: 'TODO_MOVED', project_id: made.website, current: { id: n } });
  await post(0);
  await page.goto(`${url}/webhooks/${id}`);
  const state = page.locator('.title .word');
  await state.filter({ hasText: /^Failing$/ }).waitFor();
  await page.goto(`${url}/webhooks`);
  const row = page.getByRole('row', { name: /Recovers/ });
  await row.getByText('Failing', { exact: true }).waitFor();
  await row.getByText(/^[34] attempts in a row failed\. The receiver had an error\. Godwit goes on trying\.$/).waitFor();
  await until('the fifth attempt begins', async () => events() === 5);
  await page.goto(`${url}/webhooks/${id}`);
  await state.filter({ hasText: /^Failing$/ }).waitFor();
  receiver.go();

  await state.filter({ hasText: /^Off: receiver fails$/ }).waitFor();
  expect(events(), 'attempts').toBe(5);
  const line = page.getByText(/^Checked again in \d+:\d\d \(1st time\)\./);
  await line.waitFor();
  const left = async () => /in (\d+):(\d\d)/.exec(await line.innerText())?.slice(1).reduce((sum, part) => sum * 60 + Number(part), 0) ?? 0;
  const first = await left();
  await until('it counts down', async () => (await left()) < first);
  await post(1);
  await post(2);
  await page.getByText(/ 2 events kept\./).waitFor();
  expect(events(), 'nothing is sent while it is off').toBe(5);

  receiver.status = 200;
  await page.getByRole('button', { name: 'Switch on' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('checkbox', { name: 'Deliver the 2 kept events now, oldest first' }).isChecked()).toBe(true);
  await dialog.getByRole('button', { name: 'Switch on' }).click();
  await state.filter({ hasText: /^Working$/ }).waitFor();
  await until('both are delivered', async () => {
    const { data } = await call<{ data: { status: string }[] }>('GET', `/v1/deliveries?webhook_id=${id}&status=succeeded`, undefined, made.key);
    return data.length >= 2; // and what failed, if the dialog sends it again
  });
  for (const n of [1, 2]) expect(receiver.got.some((r) => r.headers['godwit-event'] === 'TODO_MOVED' && r.body.includes(`"id":${n}`)), `event ${n} has arrived`).toBe(true);
  const history = page.locator('.timeline').last();
  await history.getByText('by you').first().waitFor();
  await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
  receiver.stop();
});

test('drain says how far it is', async () => {
  const slow = new Receiver();
  const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Slow one', url: await slow.start(), rate_limit_per_second: 0.2, rules: [{ events: ['TODO_MOVED'], projects: [made.website] }] }, made.key);
  await call('POST', `/v1/webhooks/${id}/disable`, {}, made.key);
  for (let n = 0; n < 4; n++) await call('POST', '/v1/events', { type: 'TODO_MOVED', project_id: made.website, current: { id: n } });
  await call('POST', `/v1/webhooks/${id}/enable`, { drain: true }, made.key);
  await page.goto(`${url}/webhooks/${id}`);
  await page.getByText(/^[1-3] of 4 kept events delivered$/).waitFor();
  await page.getByText('Catching up').first().waitFor();
  await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
  slow.stop();
});

test('webhooks beyond the first page are found, filtered and sorted by the server', { timeout: 300_000 }, async () => {
  const id = `${made.user}-many`;
  await call('PUT', `/v1/users/${id}`, { name: 'Many', email: `${id}@example.org` });
  await call('PUT', `/v1/projects/${made.website}/members/${id}`);
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: id, role: 'user', user_id: id });
  const rules = [{ events: ['TAG_CREATED'], projects: [made.website] }];
  const make = (name: string, types: object[] = rules) => call<{ id: string }>('POST', '/v1/webhooks', { name, url: 'http://127.0.0.1:9/', rules: types }, key);
  const { id: zulu } = await make('Zulu, the first', [{ events: ['COMMENT_CREATED'], projects: [made.website] }]);
  await make('Pattern', [{ events: ['*_MOVED'], projects: [made.website] }]);
  await make('Everything', [{ events: ['*'], not_events: ['TAG_CREATED', 'COMMENT_CREATED'], projects: [made.website] }]);
  const { id: off } = await make('Alpha');
  await call('POST', `/v1/webhooks/${off}/disable`, {}, key);
  await make('Beta');
  for (let n = 0; n < 200; n += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => make(`Number ${n + i}`)));
  const p = await open(browser, watch);
  await signIn(p, key);
  // Of so many rows a role takes long to work out.
  const rows = () => p.locator('tbody tr').count();
  const link = (name: string) => p.locator('.main-cell a', { hasText: new RegExp(`^${name}$`) });
  await p.locator('.main-cell a', { hasText: /^Number/ }).first().waitFor();
  expect(await rows()).toBe(200);
  await p.getByRole('button', { name: 'Older', exact: true }).click();
  await link('Zulu, the first').waitFor();
  expect(await rows()).toBe(5);
  await p.getByRole('button', { name: 'Newer', exact: true }).click();
  await p.locator('.main-cell a', { hasText: /^Number/ }).first().waitFor();
  await p.getByLabel('Search name or address').fill('zulu');
  await link('Zulu, the first').waitFor();
  await until('the others are left out', async () => (await rows()) === 1);
  await p.getByLabel('Search name or address').fill('');
  await p.getByLabel('Show', { exact: true }).selectOption('off');
  await link('Alpha').waitFor();
  await until('the others are left out', async () => (await rows()) === 1);
  await p.getByLabel('Project', { exact: true }).selectOption({ label: 'Website' });
  await link('Alpha').waitFor();
  await p.getByLabel('Show', { exact: true }).selectOption('need');
  await p.getByText('Nothing fits these filters').waitFor();
  await p.getByRole('button', { name: 'Clear the filters' }).click();
  await p.getByLabel('Sort by').selectOption('name');
  await link('Alpha').waitFor();
  expect(await link('Zulu, the first').count()).toBe(0);
  await p.getByRole('button', { name: 'Older', exact: true }).click();
  await link('Zulu, the first').waitFor();

  // The catalogue says who listens, also by a pattern, beyond the first page.
  const listening = async (title: string, search: string) => {
    await p.goto(`${url}/event-types?q=${search}`);
    const type = p.getByRole('listitem').filter({ has: p.getByText(title, { exact: true }) }).first();
    await type.locator('summary').first().click();
    await type.getByText('Webhooks that listen to it:').waitFor();
    return type;
  };
  const moved = await listening('Record moved to another list', 'TODO_MOVED');
  expect(await moved.locator('div > ul a').allInnerTexts()).toEqual(['Everything', 'Pattern']);
  const tagged = await listening('Tag created', 'TAG_CREATED');
  expect(await tagged.locator('div > ul a').count(), 'are named').toBe(10);
  await tagged.getByText('and 190 or more others').waitFor();

  // Other pages name it, and let one choose it, though it is not among the newest.
  const event = await call<{ id: string }>('POST', '/v1/events', { type: 'COMMENT_CREATED', project_id: made.website, current: { id: 1 } });
  await p.goto(`${url}/events/${event.id}`);
  await p.getByRole('main').getByRole('link', { name: 'Zulu, the first' }).waitFor();
  const why = p.locator('.card').filter({ has: p.getByRole('button', { name: 'Why?' }) }).last();
  await why.getByLabel('Search name or address').fill('zulu');
  await why.getByRole('combobox').selectOption({ label: 'Zulu, the first (got it)' });
  await p.goto(`${url}/deliveries`);
  await p.getByRole('cell', { name: 'Zulu, the first' }).first().waitFor();
  await p.getByLabel('Search name or address').fill('alp');
  await until('the server has found one', async () => (await p.getByLabel('Webhook', { exact: true }).getByRole('option').allInnerTexts()).join() === 'Any,Alpha');
  await p.goto(`${url}/deliveries?webhook=${zulu}`);
  await until('the chosen one is named', async () => (await p.getByLabel('Webhook', { exact: true }).locator('option:checked').innerText()) === 'Zulu, the first');
  await p.context().close();
  await call('DELETE', `/v1/users/${id}`);
});

endScene();
