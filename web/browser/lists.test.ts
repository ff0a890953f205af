import { expect, test } from 'vitest';
import { bad, browser, endScene, good, made, page, scene, watch } from './scene';
import { adminKey, call, given, open, signIn, until, url } from './stage';

// What lists show of their rows, and what can be done with many rows at once.

scene();

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

test('button of a row opens and closes its menu, whatever closes it first', async () => {
  await page.goto(`${url}/webhooks`);
  const button = page.getByRole('button', { name: 'What to do with Warehouse feed' });
  await button.waitFor();
  const { x, y, width, height } = (await button.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const settled = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))));
  for (let n = 0; n < 12; n++) {
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    if (n % 4 > 1) await settled(); // some people hold it for a moment
    await page.mouse.up();
    await settled();
    expect(await page.getByRole('menu').count(), `after click ${n + 1}`).toBe(n % 2 ? 0 : 1);
  }
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
  await page.getByText('More filters').click();
  await page.getByLabel('Also each earlier delivery by itself').check();
  await until('the new ones are there', async () => (await page.getByRole('row').count()) === 5);
  await page.getByLabel('Also each earlier delivery by itself').uncheck();
  await until('what was sent again is folded', async () => (await page.getByRole('row').count()) === 3);
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

test('deliveries are narrowed to what is between two times', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}/deliveries`);
  await page.getByLabel('Time span').selectOption('own');
  await page.waitForURL(/since=20/);
  await page.locator('tbody tr').first().waitFor();
  await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
  await page.getByText('This is before “From”.').waitFor();
  await page.getByLabel('From', { exact: true }).fill('2019-01-01T00:00');
  await page.waitForURL(/since=2018-12-31T23%3A00%3A00\.000Z&until=2019-12-31T23%3A00%3A00\.000Z/); // the reader is in Berlin
  await page.getByText('Nothing fits these filters').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.locator('tbody tr').first().waitFor();
});

test('rows of webhooks have a menu for the keyboard, and are narrowed by project', async () => {
  await page.goto(`${url}/webhooks`);
  const row = page.getByRole('row', { name: /Warehouse feed/ });
  const button = row.getByRole('button', { name: 'What to do with Warehouse feed' });
  await button.focus();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('menu');
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await until('the first thing has the focus', async () => (await focused()) === 'Open');
  await page.keyboard.press('ArrowUp');
  expect(await focused()).toBe('Copy the id');
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  expect(await button.evaluate((b) => b === document.activeElement), 'the focus is back').toBe(true);
  await button.click();
  await menu.getByRole('menuitem', { name: 'Send a test' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send the test' }).click();
  await page.getByRole('dialog').getByText('Arrived: 200').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await button.click();
  await menu.getByRole('menuitem', { name: 'Switch off' }).click();
  await page.getByLabel('Why? It is shown in the history.').fill('The receiver moves');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').waitFor();
  await button.click();
  await menu.getByRole('menuitem', { name: 'Switch on' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click();
  await page.getByText('The webhook is on.').waitFor();
  await page.getByLabel('Project', { exact: true }).selectOption(made.shop);
  await page.waitForURL(/project=/);
  await row.waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /CRM sync/ }).waitFor(); // reaches all
  await page.goto(`${url}/webhooks/${made.works.id}`);
  await page.getByText('“The receiver moves”').waitFor();
});

test('events are found by the id of their record, and sent as a test', async () => {
  await page.goto(`${url}/events`);
  await page.getByLabel('Id of the event, or of the record that it is about').fill('rec_1');
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.waitForURL(/record=rec_1/);
  await page.getByRole('row', { name: new RegExp(made.event) }).waitFor();
  await page.getByLabel('Id of the event, or of the record that it is about').fill(made.event);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.getByRole('link', { name: 'The event with this id: Record created' }).click();
  await page.getByRole('heading', { level: 1, name: 'Record created' }).waitFor();
  const before = good.got.length;
  await page.getByLabel('Receiver of the test').selectOption(made.works.id);
  await page.getByRole('button', { name: 'Send the test' }).click();
  await page.getByText('Arrived: 200').waitFor();
  expect(good.got.slice(before).some((r) => r.body.includes('Order</b> the frames'))).toBe(true);
});

test('admins narrow the log, choose how long a link is good, and edit kinds of event', async () => {
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  await admin.goto(`${url}/admin/log`);
  await admin.getByLabel('What was done').selectOption('webhook.disabled');
  await admin.getByLabel('Id of who did it').fill(made.user);
  await admin.waitForURL(/actor=/);
  await until('only what was asked for', async () => {
    const entries = await admin.locator('.timeline > li > div:first-child').allInnerTexts();
    return entries.length > 0 && entries.every((text) => text.startsWith(`${made.user} switched off the webhook`));
  });
  await admin.goto(`${url}/admin/people`);
  await admin.getByLabel('Search name, mail or id').fill(made.user);
  await until('one person is left', async () => (await admin.getByRole('row').count()) === 2);
  await admin.getByRole('button', { name: /^Make a link/ }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('It can be used for').selectOption('259200');
  const answer = admin.waitForResponse((r) => r.url().endsWith('/v1/portal-sessions'));
  await dialog.getByRole('button', { name: 'Make a link' }).click();
  const { expires_at } = (await (await answer).json()) as { expires_at: string };
  expect(Math.round((Date.parse(expires_at) - Date.now()) / 3600e3)).toBe(72);
  await dialog.getByText('It can be used until').waitFor();
  await admin.goto(`${url}/admin/system`);
  await admin.getByRole('group', { name: 'Parts' }).getByText('postgres').waitFor();
  const name = `WEB_${Date.now()}`;
  await admin.goto(`${url}/event-types`);
  await admin.getByRole('button', { name: 'New kind of event' }).click();
  const form = admin.getByRole('dialog');
  await form.getByLabel('Code').fill(name);
  await form.getByLabel('Group', { exact: true }).fill('Invoices');
  await form.getByLabel('Title', { exact: true }).fill('Invoice paid');
  await form.getByLabel('What happened, in a sentence').fill('An invoice was paid.');
  await form.getByText('In other languages').click();
  await form.getByLabel('Title (German)').fill('Rechnung bezahlt');
  await form.getByText('Schema and example').click();
  await form.getByLabel('JSON Schema').fill('{"type":"object","required":["amount"]}');
  await form.getByLabel('Example of the state after, as JSON').fill('{"id":1}');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.locator('.mantine-InputWrapper-error, .note.bad, p.bad').first().waitFor(); // the example does not fit
  await form.getByLabel('Example of the state after, as JSON').fill('{"id":1,"amount":5}');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  const made2 = await call<{ data: { name: string; title: string; translations: Record<string, { title: string }> }[] }>('GET', '/v1/event-types?limit=200');
  expect(made2.data.find((x) => x.name === name)).toMatchObject({ title: 'Invoice paid', translations: { de: { title: 'Rechnung bezahlt' } } });
  await admin.getByLabel('Search what can happen').fill(name);
  await admin.getByText('Example and more').click();
  await admin.getByRole('button', { name: 'Delete Invoice paid' }).click();
  await admin.getByRole('dialog').getByText('No webhook names it.').waitFor();
  await admin.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await admin.getByText('The kind of event was deleted.').waitFor();
  await admin.context().close();
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

test('what was missed is sent again by kind of event and time', async () => {
  await page.goto(`${url}/webhooks/${made.fails.id}`);
  await page.getByRole('button', { name: 'Send them again' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^This sends [1-9]\d* events? again\.$/).waitFor();
  await dialog.getByText('Only some kinds of event').first().click();
  await dialog.getByLabel('Person assigned', { exact: true }).check();
  await dialog.getByText('This sends 0 events again.').waitFor();
  expect(await dialog.getByRole('button', { name: 'Send again', exact: true }).isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
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

endScene();
