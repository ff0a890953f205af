import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { bad, endScene, good, goodURL, made, page, scene } from './scene';
import { call, until, url } from './stage';

scene();

test('list says what each webhook listens to, and warns of everything', async () => {
  await page.goto(`${url}/webhooks`);
  const row = page.getByRole('row', { name: /CRM sync/ });
  await row.getByText('everything you can see').waitFor();
  await page.getByRole('row', { name: /Warehouse feed/ }).getByText('2 kinds of event, Website').waitFor();
});

test('wizard leads to a delivered test', async () => {
  let clicks = 0;
  const click = async (name: RegExp | string, role: 'button' | 'link' | 'radio' | 'checkbox' = 'button') => {
    clicks++;
    await page.getByRole(role, { name, exact: typeof name === 'string' }).first().click();
  };
  await page.goto(`${url}/webhooks`);
  await click('New webhook', 'link');
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/webhook-test/wizard`);
  await page.getByText('n8n’s test address').waitFor();
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/made/by/wizard`);
  await click('Next');
  expect(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled(), 'nothing is chosen beforehand').toBe(true);
  await click(/^Let me choose/, 'radio');
  await click(/^Record created/, 'checkbox');
  await click('Next');
  expect(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled()).toBe(true);
  await click(/^Only these/, 'radio');
  await click('Website', 'checkbox');
  await click('Next');
  await click('Add a condition');
  await page.getByLabel('Field', { exact: true }).selectOption('priority');
  await page.getByLabel('Comparison').selectOption('becomes');
  await page.getByLabel('Value', { exact: true }).fill('high');
  await click('Next');
  await page.getByTestId('preview').waitFor();
  expect(await page.getByTestId('preview').innerText()).toContain('Nothing in this time');
  await click('Create the webhook');
  await page.getByRole('heading', { level: 1, name: /is on$/ }).waitFor();
  await click('Send the test');
  await page.getByText('Arrived: 200').waitFor();
  expect(clicks).toBeLessThanOrEqual(12);
  expect(good.got.some((r) => r.headers['godwit-event'] === 'TODO_CREATED')).toBe(true);

  const before = good.got.length;
  for (const priority of ['low', 'high']) {
    await call('POST', '/v1/events', { type: 'TODO_CREATED', project_id: made.shop, current: { id: 1, priority } });
    await call('POST', '/v1/events', { type: 'TODO_CREATED', project_id: made.website, current: { id: 1, priority } });
  }
  // Two go to "Warehouse feed", and the one that the condition lets through here.
  await until('the events arrive', async () => good.got.length >= before + 3);
  expect(good.got.slice(before).filter((r) => r.body.includes('"high"')).length).toBe(2);

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(kept).not.toContain('/made/by/wizard');
  expect(kept).not.toContain('whsec_');
  await page.getByRole('checkbox', { name: 'I have stored it' }).check();
});

test('switching off holds, and a new secret shows its countdown', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}`);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('This webhook is switched off.').waitFor();
  // Tests are sent all the same, also changed ones.
  await page.getByRole('button', { name: 'Send a test' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Change what is sent').click();
  const states = dialog.getByLabel('States, as JSON');
  await states.fill('{ "current": 1 }');
  await dialog.getByText('This is not complete').waitFor();
  expect(await dialog.getByRole('button', { name: 'Send the test' }).isDisabled()).toBe(true);
  await states.fill('{ "previous": null, "current": { "id": "written-by-hand" } }');
  await dialog.getByRole('button', { name: 'Send the test' }).click();
  await dialog.getByText('Arrived: 200').waitFor();
  expect(good.got.some((r) => r.body.includes('written-by-hand'))).toBe(true);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Switch on' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click();
  await page.getByText('The webhook is on.').waitFor();
  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  await page.getByText('This is shown only now.').waitFor();
  await dialog.getByRole('button', { name: 'Show', exact: true }).click();
  const secret = await dialog.getByText(/^whsec_/).innerText();
  await page.getByRole('button', { name: 'I have stored it' }).click();
  await page.getByText('The old secret ends in').waitFor();
  const had = good.got.length;
  await call('POST', '/v1/events', { type: 'COMMENT_CREATED', project_id: made.website, current: { id: 'after-the-rotation' } });
  const sent = await until('an event arrives', async () => good.got.slice(had).find((r) => r.body.includes('after-the-rotation')));
  const signatures = String(sent.headers['webhook-signature']).split(' ');
  expect(made.works.secret).not.toBe(secret);
  for (const each of [made.works.secret, secret]) {
    const by = createHmac('sha256', Buffer.from(each.replace('whsec_', ''), 'base64')).update(`${String(sent.headers['webhook-id'])}.${String(sent.headers['webhook-timestamp'])}.${sent.body}`);
    expect(signatures, 'receivers with the old and with the new secret accept it').toContain(`v1,${by.digest('base64')}`);
  }
});

test('another webhook begins with what one listens to', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}`);
  await page.getByRole('link', { name: 'Duplicate' }).click();
  await page.getByRole('heading', { level: 1, name: 'New webhook' }).waitFor();
  expect(await page.getByLabel('Address', { exact: true }).inputValue()).toBe('');
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/another`);
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.getByRole('checkbox', { name: /^Comment written/, checked: true }).waitFor();
  await page.getByRole('button', { name: 'Example Comment written' }).click();
  await page.getByRole('group', { name: 'Example: Comment written' }).getByRole('rowheader', { name: 'id' }).first().waitFor();
});

test('a webhook that was deleted says who did it, and shows its deliveries', async () => {
  const doomed = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Doomed', url: `${goodURL}/doomed`, rules: [{ events: ['TAG_CREATED'], projects: [made.website] }] }, made.key);
  await call('POST', '/v1/events', { type: 'TAG_CREATED', project_id: made.website, current: { id: 'last words' } });
  const delivered = await until('it is delivered', async () => (await call<{ data: { id: string; status: string }[] }>('GET', `/v1/deliveries?webhook_id=${doomed.id}&status=succeeded`, undefined, made.key)).data[0]);
  await page.goto(`${url}/webhooks/${doomed.id}`);
  await page.getByRole('heading', { level: 1, name: 'Doomed' }).waitFor();
  await call('DELETE', `/v1/webhooks/${doomed.id}`, undefined, made.key);
  await page.getByText('Deleted by you').waitFor(); // without a reload
  for (const path of ['', '/deliveries', '/settings']) {
    await page.goto(`${url}/webhooks/${doomed.id}${path}`);
    await page.getByRole('heading', { level: 1, name: 'Doomed' }).waitFor();
    await page.getByRole('link', { name: 'Tag created' }).waitFor();
    expect(await page.getByRole('checkbox', { name: /^Choose/ }).count(), 'nothing can be sent there').toBe(0);
  }
  await page.goto(`${url}/deliveries/${delivered.id}`);
  await page.getByRole('heading', { level: 1, name: 'Tag created → Doomed' }).waitFor();
  expect(await page.getByRole('button', { name: 'Send again' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Doomed (Deleted)' }).waitFor();
});

test('a heading of 200 letters takes three lines of a phone, and all of it can be read', async () => {
  const name = 'W'.repeat(200);
  const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { name, url: `${goodURL}/long`, rules: [{ events: ['TAG_CREATED'] }] }, made.key);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const deleted of [false, true]) {
    if (deleted) await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
    await page.goto(`${url}/webhooks/${id}`);
    const heading = page.getByRole('heading', { level: 1, name });
    await heading.waitFor();
    if (deleted) await page.getByText('Deleted by you').waitFor();
    const height = async () => (await heading.boundingBox())?.height ?? 0;
    const few = await height();
    expect(few).toBeLessThan(110);
    await page.getByRole('button', { name: 'Show all of it' }).press('Enter');
    await page.getByRole('button', { name: 'Show less', exact: true }).waitFor();
    expect(await height()).toBeGreaterThan(few);
    expect(await heading.evaluate((e) => e.scrollHeight <= e.clientHeight + 2), 'nothing is cut off').toBe(true);
  }
  await page.goto(`${url}/webhooks/${made.works.id}`);
  await page.getByRole('heading', { level: 1, name: 'Warehouse feed' }).waitFor();
  expect(await page.getByRole('button', { name: 'Show all of it' }).count(), 'of a short one').toBe(0);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('switching on asks about what was kept and what failed', async () => {
  const before = await call<{ held: number; failed: number }>('GET', `/v1/webhooks/${made.fails.id}/ledger`, undefined, made.key);
  expect(before.failed).toBeGreaterThan(0);
  await page.goto(`${url}/webhooks/${made.fails.id}`);
  await page.getByRole('button', { name: 'Switch on', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const again = dialog.getByRole('checkbox', { name: /^Send the \d+ events? again that failed/ });
  await again.waitFor();
  expect(await again.isChecked(), 'health has switched it off').toBe(true);
  bad.status = 200; // Godwit may find that out before
  await dialog.getByRole('button', { name: 'Switch on' }).click();
  await page.getByText('The webhook is on.').waitFor();
  await until('what failed arrives', async () => (await call<{ failed: number }>('GET', `/v1/webhooks/${made.fails.id}/ledger`, undefined, made.key)).failed === 0);
  bad.status = 503;
});

test('a secret too many says when the first of the old ones ends', async () => {
  const w = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Turning', url: `${goodURL}/turning`, rules: [{ events: ['TAG_CREATED'] }] }, made.key);
  for (let n = 0; n < 5; n++) await call('POST', `/v1/webhooks/${w.id}/rotate-secret`, { overlap_seconds: 7200 }, made.key);
  await page.goto(`${url}/webhooks/${w.id}`);
  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const alert = page.getByRole('dialog').getByRole('alert');
  await alert.getByText(/The first of them ends/).waitFor();
  await alert.getByText('There is room in').waitFor();
});

endScene();
