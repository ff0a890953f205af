import { expect, test } from 'vitest';
import { bad, browser, endScene, goodURL, made, page, scene, watch } from './scene';
import { adminKey, call, open, signIn, until, url } from './stage';

scene();

test('delivery that failed says why, and what to do', async () => {
  await page.goto(`${url}/deliveries/${made.failed}`);
  await page.getByText('The receiver’s program fails').first().waitFor();
  expect(await page.locator('.timeline > li').count()).toBe(5);
  await page.getByText('<b>broken</b>').first().waitFor(); // as text
  bad.status = 200;
  // Five failures have switched the webhook off.
  await call('POST', `/v1/webhooks/${made.fails.id}/enable`, {}, made.key);
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
  await page.getByText('delivered', { exact: true }).first().waitFor();
  bad.status = 503;
});

test('event shows what changed, and why a webhook did not get it', async () => {
  const { id } = await call<{ id: string }>('POST', '/v1/events', { type: 'TAG_CREATED', project_id: made.website, current: { id: 1 } });
  await page.goto(`${url}/events/${made.event}`);
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) });
  await row('status').getByText('≠ changed').waitFor();
  await row('gone').getByText('− removed').waitFor();
  await row('added').getByText('+ added').waitFor();
  await page.goto(`${url}/events/${id}`);
  await page.getByLabel('Webhook', { exact: true }).selectOption(made.works.id);
  await page.getByRole('button', { name: 'Why?' }).click();
  await page.getByTestId('why').getByText('This rule is not about “Tag created”.').waitFor();
  const filter = "('priority' in changed && current.?priority.orValue('') == 'high')";
  const urgent = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Urgent', url: `${goodURL}/urgent`, rules: [{ events: ['TODO_CREATED'], filter }] }, made.key);
  const low = await call<{ id: string }>('POST', '/v1/events', { type: 'TODO_CREATED', project_id: made.website, current: { id: 1, priority: 'low' } });
  await page.goto(`${url}/events/${low.id}`);
  await page.getByLabel('Webhook', { exact: true }).selectOption(urgent.id);
  await page.getByRole('button', { name: 'Why?' }).click();
  const line = page.getByTestId('why').getByRole('listitem').filter({ hasText: 'does not hold: priority becomes “high”' }).last();
  await line.getByText('it was “low”').waitFor();
});

test('an event shows the bytes that were accepted, and who did it by name', async () => {
  const current = '{"z": 1.10,  "10": 12345678901234567890, "a": "\\u00e9", "2": [1.0]}';
  const id = `${made.event}-raw`;
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
    body: `{"id":"${id}","type":"TODO_CREATED","project_id":"${made.website}","actor_id":"${made.user}","current":${current}}`,
  });
  expect(response.status, await response.text()).toBe(202);
  await page.goto(`${url}/events/${id}`);
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
  await row('z').getByText('1.10', { exact: true }).waitFor();
  await row('10').getByText('12345678901234567890', { exact: true }).waitFor();
  await page.getByLabel('Everything, as JSON: After').waitFor({ state: 'hidden' });
  await page.locator('summary', { hasText: 'Everything, as JSON' }).first().click();
  expect(await page.getByLabel('Everything, as JSON: After').textContent()).toBe(current);
  expect(await page.getByLabel('Everything, as JSON: Before').count(), 'there was none').toBe(0);
  await page.getByRole('definition').filter({ hasText: /^you$/ }).waitFor();
  await page.goto(`${url}/events`);
  await page.getByRole('row').filter({ hasText: id }).getByRole('cell', { name: 'you', exact: true }).waitFor();

  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  await admin.goto(`${url}/events/${id}`);
  await admin.getByRole('definition').filter({ hasText: /^Una$/ }).waitFor();
  await admin.goto(`${url}/events`);
  await admin.getByRole('row').filter({ hasText: id }).getByRole('cell', { name: 'Una', exact: true }).waitFor();
  await admin.context().close();
});

test('numbers that differ in their twentieth digit have changed, also inside of a value', async () => {
  const id = `${made.event}-digits`;
  const state = (digit: number) => `{"big": 1234567890123456789${digit}, "deep": {"of": [1, 0.1000000000000000000${digit}]}, "alike": 1.${digit === 1 ? '0' : '00'}}`;
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
    body: `{"id":"${id}","type":"TODO_CREATED","project_id":"${made.website}","previous":${state(1)},"current":${state(2)}}`,
  });
  expect(response.status, await response.text()).toBe(202);
  await page.goto(`${url}/events/${id}`);
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
  await row('big').getByText('≠ changed').waitFor();
  await row('big').getByText('12345678901234567891', { exact: true }).waitFor();
  await row('big').getByText('12345678901234567892', { exact: true }).waitFor();
  await row('deep').getByText('≠ changed').waitFor();
  await row('deep').getByText('0.10000000000000000001').waitFor();
  await row('deep').getByText('0.10000000000000000002').waitFor();
  expect(await row('alike').count(), '1.0 is 1.00').toBe(0);
});

test('an event names the person who did it, where that is a member of its project, and shows no ids of others', async () => {
  const [ben, eve] = [`${made.user}-ben`, `${made.user}-eve`];
  await call('PUT', `/v1/users/${ben}`, { name: 'Ben', email: `${ben}@example.org` });
  await call('PUT', `/v1/users/${eve}`, { name: 'Eve', email: `${eve}@example.org` });
  await call('PUT', `/v1/projects/${made.website}/members/${ben}`);
  for (const [actor, shown] of [[ben, 'Ben'], [eve, 'someone else'], ['robot-17', 'someone else']] as const) {
    const { id } = await call<{ id: string }>('POST', '/v1/events', { type: 'TODO_CREATED', project_id: made.website, actor_id: actor, current: { id: 1 } });
    await page.goto(`${url}/events/${id}`);
    await page.getByRole('definition').filter({ hasText: new RegExp(`^${shown}$`) }).waitFor();
    await page.goto(`${url}/events`);
    const row = page.getByRole('row').filter({ hasText: id });
    await row.getByRole('cell', { name: shown, exact: true }).waitFor();
    expect(await row.innerText()).not.toContain(actor);
  }
  for (const user of [ben, eve]) await call('DELETE', `/v1/users/${user}`);
});

test('what an administrator did is shown without the id of a key', async () => {
  const admin = await call<{ id: string; key: string }>('POST', '/v1/api-keys', { name: 'another', role: 'admin' });
  const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'By key', url: `${goodURL}/by-key`, rules: [{ events: ['TAG_CREATED'], projects: [made.website] }] }, made.key);
  await call('POST', `/v1/webhooks/${id}/disable`, {}, admin.key);
  await page.goto(`${url}/webhooks/${id}`);
  await page.getByText('by an administrator').waitFor();
  expect(await page.getByRole('main').innerText()).not.toContain(admin.id);
  await call('DELETE', `/v1/webhooks/${id}`, undefined, admin.key);
  await page.getByText('Deleted by an administrator').waitFor();
  await call('DELETE', `/v1/api-keys/${admin.id}`);
});

test('a delivery says who sent it again or cancelled it, and when', async () => {
  const { delivery_id: again } = await call<{ delivery_id: string }>('POST', `/v1/deliveries/${made.failed}/redeliver`, {}).catch(async () => {
    const { data } = await call<{ data: { id: string }[] }>('GET', `/v1/deliveries?event_id=${made.event}&webhook_id=${made.fails.id}&latest=true`);
    return { delivery_id: data[0]?.id ?? '' };
  });
  await page.goto(`${url}/deliveries/${made.failed}`);
  const deeds = page.getByTestId('deeds');
  await deeds.getByText('Sent again by you').waitFor(); // by the test before
  await deeds.getByRole('link', { name: 'To the newer delivery' }).click();
  await deeds.getByText('Sent again by you').waitFor();
  await page.goto(`${url}/deliveries/${again}`);
  await deeds.getByText('Sent again by').first().waitFor();

  await call('POST', `/v1/webhooks/${made.works.id}/disable`, {}, made.key);
  const kept = await call<{ id: string }>('POST', '/v1/events', { type: 'COMMENT_CREATED', project_id: made.website, current: { id: 'kept' } });
  const held = await until('it is kept', async () => (await call<{ data: { id: string; status: string }[] }>('GET', `/v1/deliveries?event_id=${kept.id}&webhook_id=${made.works.id}&status=held`, undefined, made.key)).data[0]);
  await page.goto(`${url}/deliveries/${held.id}`);
  await call('POST', `/v1/webhooks/${made.works.id}/cancel`, { since: '2026-01-01T00:00:00Z' });
  await deeds.getByText('Cancelled by an administrator').waitFor();
  await call('POST', `/v1/webhooks/${made.works.id}/enable`, {}, made.key);
});

test('what was sent again is folded under the newest', async () => {
  await page.goto(`${url}/deliveries?webhook=${made.fails.id}&type=TODO_CREATED`);
  const rows = page.locator('tbody tr');
  const earlier = page.getByRole('button', { name: /^Earlier ones/ });
  await earlier.first().waitFor();
  const before = await rows.count();
  const { data } = await call<{ data: { superseded: boolean }[] }>('GET', `/v1/deliveries?event_id=${made.event}&webhook_id=${made.fails.id}`, undefined, made.key);
  await earlier.last().click();
  await until('they are unfolded', async () => (await rows.count()) === before + data.filter((d) => d.superseded).length);
  await page.getByRole('button', { name: /^Hide the earlier ones/ }).click();
  await until('and folded again', async () => (await rows.count()) === before);
  await page.getByText('More filters').click();
  await page.getByLabel('Also each earlier delivery by itself').check();
  await page.waitForURL(/latest=false/);
  await until('each is listed', async () => (await rows.count()) === before + data.filter((d) => d.superseded).length);
});

endScene();
