import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axe, everywhere, faults, shots, show, type Finding, type View } from './access';
import { adminKey, call, cast, launch, loaded, open, overflowing, Receiver, signIn, until, url, Watch, type Cast } from './stage';

const good = new Receiver();
const bad = new Receiver();
bad.status = 503;
const watch = new Watch();
let goodURL = '';
let browser: Browser;
let made: Cast;
let page: Page; // of a person who is signed in

beforeAll(async () => {
  goodURL = await good.start();
  made = await cast(goodURL, await bad.start());
  browser = await launch();
  page = await open(browser, watch);
});

afterAll(async () => {
  await browser?.close();
  good.stop();
  bad.stop();
});

// What a test that failed was looking at.
afterEach(async (context) => {
  if (context.task.result?.state !== 'fail') return;
  console.log(page.url(), await page.locator('body').innerText(), watch.faults.join('\n'));
  if (shots) await page.screenshot({ path: `${shots}/failed.png`, fullPage: true });
});

test('sign-in takes a key, and leads back to where one wanted to go', async () => {
  await page.goto(`${url}/deliveries?status=failed`);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await page.getByLabel('API key', { exact: true }).fill('gw_nonsense');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('This key is not known').waitFor();
  await page.getByLabel('API key', { exact: true }).fill(made.key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Deliveries' }).waitFor();
  expect(new URL(page.url()).search).toBe('?status=failed');
  await page.goto(`${url}/sign-in?next=${encodeURIComponent('//evil.test/')}`);
  await page.getByLabel('API key', { exact: true }).fill(made.key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  expect(page.url()).toBe(`${url}/webhooks`);
});

test('a link leads to the page that it was made for, and to none elsewhere', async () => {
  const stranger = await open(browser, watch);
  const link = () => call<{ url: string }>('POST', '/v1/portal-sessions', { user_id: made.user, next: '/deliveries?status=failed' });
  await stranger.goto((await link()).url);
  await stranger.getByRole('button', { name: 'Sign in', exact: true }).click();
  await stranger.getByRole('heading', { level: 1, name: 'Deliveries' }).waitFor();
  expect(stranger.url()).toBe(`${url}/deliveries?status=failed`);
  const changed = new URL((await link()).url);
  changed.searchParams.set('next', '/\\evil.test/');
  await stranger.goto(changed.href);
  await stranger.getByRole('button', { name: 'Sign in', exact: true }).click();
  await stranger.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  expect(stranger.url()).toBe(`${url}/webhooks`);
  await stranger.context().close();
});

test('list says what each webhook listens to, and warns of everything', async () => {
  const row = page.getByRole('row', { name: /CRM sync/ });
  await row.getByText('everything you can see').waitFor();
  await page.getByRole('row', { name: /Warehouse feed/ }).getByText('2 kinds of event, Website').waitFor();
});

test.runIf(shots)('pictures for README', async () => {
  const rules = [{ events: ['TAG_CREATED'], projects: [made.shop] }];
  const others = [];
  for (const [name, address] of [
    ['New orders to Zapier', 'https://hooks.zapier.com/hooks/catch/1/abc'],
    ['Invoices', 'https://invoices.example.com/godwit'],
  ] as const)
    others.push(await call<{ id: string }>('POST', '/v1/webhooks', { name, url: address, rules }, made.key));
  await page.setViewportSize({ width: 1280, height: 720 });
  for (const [name, path] of [
    ['webhooks', '/webhooks'],
    ['delivery', `/deliveries/${made.failed}`],
  ] as const) {
    await page.goto(url + path);
    await loaded(page)();
    await page.screenshot({ path: `${shots}/readme-${name}.png` });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const { id } of others) await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
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
  const { data } = await call<{ data: { id: string; url: string }[] }>('GET', '/v1/webhooks', undefined, made.key);
  const low = await call<{ id: string }>('POST', '/v1/events', { type: 'TODO_CREATED', project_id: made.website, current: { id: 1, priority: 'low' } });
  await page.goto(`${url}/events/${low.id}`);
  await page.getByLabel('Webhook', { exact: true }).selectOption(data.find((w) => w.url.includes('/made/by/wizard'))?.id ?? '');
  await page.getByRole('button', { name: 'Why?' }).click();
  const line = page.getByTestId('why').getByRole('listitem').filter({ hasText: 'does not hold: priority becomes “high”' }).last();
  await line.getByText('it was “low”').waitFor();
});

test('settings that another person has changed are asked about', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}/settings`);
  await page.getByLabel('Name', { exact: true }).fill('Mine');
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: 'Theirs', timeout_seconds: 7 }, made.key);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Somebody has changed this webhook' });
  await dialog.getByText('Theirs', { exact: true }).last().waitFor();
  await dialog.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByText('Saved.').waitFor();
  const now = await call<{ name: string; timeout_seconds: number; rules: unknown[] }>('GET', `/v1/webhooks/${made.works.id}`, undefined, made.key);
  expect([now.name, now.timeout_seconds]).toEqual(['Mine', 7]);
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
  await page.getByRole('button', { name: 'I have stored it' }).click();
  await page.getByText('The old secret ends in').waitFor();
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

test('users see nothing of others, and nothing of running Godwit', async () => {
  const other = await cast(goodURL, goodURL.replace('127.0.0.1', '127.0.0.2'));
  const answers: Promise<string>[] = [];
  const record = (r: Response) => new URL(r.url()).pathname.startsWith('/v1/') && answers.push(r.text().then((text) => `${r.url()} ${text}`, () => ''));
  page.on('response', record);
  for (const path of ['/webhooks', '/webhooks/new', `/webhooks/${made.works.id}`, `/webhooks/${made.works.id}/deliveries`, `/webhooks/${made.works.id}/settings`, '/deliveries', `/deliveries/${made.failed}`, '/events', `/events/${made.event}`, '/event-types']) {
    await page.goto(url + path);
    await loaded(page)();
  }
  page.off('response', record);
  const all = (await Promise.all(answers)).join('\n');
  expect(all).toContain(made.works.id);
  for (const theirs of [other.user.replace(/una$/, ''), other.works.id, other.fails.id, other.failed]) expect(all.includes(theirs), theirs).toBe(false);
  await page.goto(`${url}/admin/keys`);
  await page.getByText('Only people who run Godwit can do this').waitFor();
  await page.goto(`${url}/webhooks/${other.works.id}`);
  await page.getByText('Not here, or not yours').first().waitFor();
});

test('pages of a user have no fault of access, in any language, colour and width', { timeout: 600_000 }, async () => {
  const findings: string[] = [];
  const { code } = await call<{ code: string }>('POST', '/v1/device', { name: 'godwit on a machine' });
  const played = await call<{ id: string; url: string }>('POST', '/v1/play', {}, made.key);
  await fetch(played.url, { method: 'POST', body: '{"hello":"there"}' });
  const draft = (change: object) => page.evaluate((d) => sessionStorage.setItem('godwit.draft.webhooks-new', JSON.stringify(d)), change);
  for (const [path, name] of [
    ['/webhooks'],
    [`/webhooks/${made.works.id}`, '/webhook-works'],
    [`/webhooks/${made.fails.id}`, '/webhook-fails'],
    [`/webhooks/${made.fails.id}/deliveries`, '/webhook-deliveries'],
    [`/webhooks/${made.works.id}/settings`, '/webhook-settings'],
    ['/deliveries'],
    [`/deliveries/${made.failed}`, '/delivery-failed'],
    ['/events'],
    [`/events/${made.event}`, '/event'],
    ['/events?record=rec_1', '/event-by-id'],
    ['/deliveries?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z', '/deliveries-between'],
    ['/events?filter=true', '/event-search'], // with the editor, which no builder could have written
    ['/event-types'],
    ['/keys'],
    [`/connect?code=${code}`, '/connect'],
    ['/received'],
    [`/verify?webhook=${made.works.id}`, '/verify'],
    [`/received/${played.id}`, '/received-one'],
    ['/admin/keys', '/forbidden'],
    ['/webhooks/wh_00000000000000000000000000', '/not-found'],
    ['/nowhere'],
  ] as const) {
    findings.push(...(await everywhere(page, path, loaded(page), name)));
  }
  await draft({ what: 'some', types: ['TODO_CREATED', 'COMMENT_CREATED'], where: 'some', places: [`p:${made.website}`, `p:${made.shop}`], grid: null, filter: "('status' in changed)" });
  for (const step of ['1', '2', '3', '4', '5']) {
    findings.push(
      ...(await everywhere(page, `/webhooks/new?step=${step}`, async () => {
        // The address is in no storage, so it is typed again, in the first step.
        await page.waitForURL(/step=1$/);
        await page.getByRole('textbox').first().fill(`${goodURL}/axe`);
        for (let at = 1; at < Number(step); at++) await page.locator('form button[type=submit]').click();
        await loaded(page)();
      })),
    );
  }
  expect(findings.join('\n')).toBe('');
});

test('pages of an admin and of strangers have no fault of access', { timeout: 600_000 }, async () => {
  const findings: string[] = [];
  const stranger = await open(browser, watch);
  for (const path of ['/sign-in', '/portal#unknown']) findings.push(...(await everywhere(stranger, path, loaded(stranger))));
  await stranger.context().close();
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  findings.push(
    ...(await everywhere(admin, '/admin', async () => {
      await admin.getByRole('heading', { name: 'Why it was not delivered' }).waitFor();
      await admin.getByRole('heading', { name: 'Attempts' }).waitFor();
      await loaded(admin)();
    })),
  );
  for (const path of ['/webhooks', '/admin/people', '/admin/companies', '/admin/keys', '/admin/log', '/admin/system']) findings.push(...(await everywhere(admin, path, loaded(admin), path === '/webhooks' ? '/admin-webhooks' : path)));
  await admin.context().close();
  expect(findings.join('\n')).toBe('');
});

test('dialogs have no fault of access, and fit a phone', { timeout: 300_000 }, async () => {
  const findings: string[] = [];
  await call('POST', `/v1/webhooks/${made.works.id}/disable`, {}, made.key);
  for (const [path, button] of [
    [`/webhooks/${made.works.id}`, 'Send a test'],
    [`/webhooks/${made.works.id}`, 'Switch on'],
    [`/webhooks/${made.works.id}`, 'New secret'],
    [`/webhooks/${made.works.id}`, 'Delete'],
    ['/keys', 'New key'],
  ] as const) {
    await page.goto(url + path);
    await page.getByRole('button', { name: button, exact: true }).click();
    await page.getByRole('dialog').waitFor();
    for (const summary of await page.getByRole('dialog').locator('summary').all()) await summary.click();
    await page.evaluate(axe);
    for (const view of [['de', 'dark', 390], ['en', 'light', 1280]] as View[]) {
      await show(page, view);
      findings.push(...(await faults(page, `${button} ${view.join(' ')}`)), ...(await overflowing(page)).map((fault) => `${button} ${view.join(' ')}: ${fault}`));
      if (shots) await page.screenshot({ path: `${shots}/dialog-${button.replace(/ /g, '-')}-${view[1]}-${view[2]}.png` });
    }
  }
  await call('POST', `/v1/webhooks/${made.works.id}/enable`, {}, made.key);
  expect(findings.join('\n')).toBe('');
});

// look finds faults of what is on the screen now, which a reload would change.
async function look(p: Page, name: string): Promise<string[]> {
  const findings: string[] = [];
  await p.evaluate(axe);
  for (const view of [['de', 'dark', 390], ['pl', 'light', 390], ['en', 'light', 1280]] as View[]) {
    await show(p, view);
    findings.push(...(await faults(p, `${name} ${view.join(' ')}`)), ...(await overflowing(p)).map((fault) => `${name} ${view.join(' ')}: ${fault}`));
    if (shots) await p.screenshot({ path: `${shots}/state-${name}-${view.join('-')}.png` });
  }
  return findings;
}

test('pages without anything, with an error, offline and signed out say so, without a fault of access', { timeout: 300_000 }, async () => {
  const findings: string[] = [];
  const nobody = `nobody-${Date.now()}`;
  await call('PUT', `/v1/users/${nobody}`, { name: 'Nobody', email: `${nobody}@example.org` });
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: nobody, role: 'user', user_id: nobody });
  const p = await open(browser, watch);
  await signIn(p, key);
  for (const [path, text] of [
    ['/webhooks', 'Your first webhook'],
    ['/deliveries', 'Nothing was sent yet'],
    ['/events', 'No event yet'],
  ] as const) {
    await p.goto(url + path);
    await p.getByText(text).first().waitFor();
    findings.push(...(await look(p, `empty${path.replace('/', '-')}`)));
  }
  watch.expected.add(500);
  await p.route(/\/v1\/deliveries(\?|$)/, (route) =>
    route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Internal', status: 500, code: 'internal', detail: 'Something broke.', instance: '/v1/deliveries', request_id: 'req_1', errors: [] }) }),
  );
  await p.goto(`${url}/deliveries`);
  await p.getByRole('alert').getByText('Something broke in Godwit').waitFor();
  findings.push(...(await look(p, 'error')));
  watch.expected.add(429);
  await p.route(/\/v1\/deliveries(\?|$)/, (route) =>
    route.fulfill({ status: 429, headers: { 'Retry-After': '3' }, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Too many', status: 429, code: 'rate_limited', detail: 'Wait.', instance: '/v1/deliveries', request_id: 'req_2', errors: [] }) }),
  );
  await p.reload();
  await p.getByText('Godwit asks to wait 2 s.').or(p.getByText('Godwit asks to wait 1 s.')).waitFor(); // it counts down
  expect(await p.getByRole('button', { name: 'Try again' }).isDisabled()).toBe(true);
  await p.unrouteAll({ behavior: 'ignoreErrors' });
  await p.goto(`${url}/webhooks`);
  await p.getByText('Your first webhook').waitFor();
  for (const language of ['de', 'pl', 'en']) await show(p, [language, 'light', 1280]); // without a network no texts come
  const noise = watch.faults.length; // the browser reports each request that finds no network
  await p.context().setOffline(true);
  await p.getByText('There is no connection.').first().waitFor();
  findings.push(...(await look(p, 'offline')));
  await p.context().setOffline(false);
  await p.getByText('There is no connection.').waitFor({ state: 'detached' });
  watch.faults.splice(noise, watch.faults.length, ...watch.faults.slice(noise).filter((fault) => !/ERR_INTERNET_DISCONNECTED/.test(fault)));
  const { id } = await p.evaluate(async () => (await (await fetch('/v1/session')).json()) as { id: string });
  await call('DELETE', `/v1/sessions/${id}`);
  await p.getByRole('dialog').getByRole('link', { name: 'Sign in again' }).waitFor();
  findings.push(...(await look(p, 'expired')));
  await p.context().close();
  expect(findings.join('\n')).toBe('');
});

test('forms of an admin, and a menu, have no fault of access', { timeout: 300_000 }, async () => {
  const findings: string[] = [];
  const admin = await open(browser, watch);
  await signIn(admin, adminKey);
  await admin.goto(`${url}/event-types`);
  await admin.getByRole('button', { name: 'New kind of event' }).click();
  await admin.getByRole('dialog').waitFor();
  for (const summary of await admin.getByRole('dialog').locator('summary').all()) await summary.click();
  findings.push(...(await look(admin, 'event-type-editor')));
  await admin.goto(`${url}/admin/people`);
  await admin.getByRole('button', { name: /^Make a link/ }).first().click();
  await admin.getByRole('dialog').waitFor();
  findings.push(...(await look(admin, 'sign-in-link')));
  await admin.context().close();
  await page.goto(`${url}/webhooks`);
  await page.getByRole('button', { name: /^What to do with/ }).first().click();
  await page.getByRole('menu').waitFor();
  findings.push(...(await look(page, 'menu')));
  await page.keyboard.press('Escape');
  expect(findings.join('\n')).toBe('');
});

test('guides and reference have no fault of access, and fit a phone', { timeout: 300_000 }, async () => {
  const findings: string[] = [];
  const reader = await open(browser, watch);
  for (const [path, part] of [['/docs', '#create-webhook'], ['/docs/people.de'], ['/docs/limits'], ['/docs/search?q=signature']] as const) {
    for (const [colorScheme, width] of [['dark', 1280], ['light', 320]] as const) {
      await reader.emulateMedia({ colorScheme });
      await reader.setViewportSize({ width, height: 900 });
      await reader.goto(url + path);
      await reader.evaluate(axe);
      const violations = (await reader.evaluate(`axe.run(${JSON.stringify(part ?? 'html')}, { resultTypes: ["violations"] }).then((r) => r.violations)`)) as Finding[];
      for (const v of violations) findings.push(`${path} ${colorScheme} ${width}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).slice(0, 3).join(' | ')}`);
      const px = await reader.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (px > 0) findings.push(`${path}: ${px} px too wide`);
    }
  }
  await reader.goto(`${url}/docs/verify`);
  await reader.getByRole('searchbox').fill('timeout_headers');
  await reader.keyboard.press('Enter');
  await reader.getByRole('link', { name: 'timeout_headers' }).first().click();
  await reader.waitForURL(/\/docs\/trouble#timeout_headers$/);
  await reader.context().close();
  expect(findings.join('\n')).toBe('');
});

test('no page complained, broke its policy, or asked another host', () => {
  expect(watch.faults.join('\n')).toBe('');
});
