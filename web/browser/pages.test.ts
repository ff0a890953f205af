import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { axe, everywhere, faults, shots, show, type Finding, type View } from './access';
import { browser, endScene, goodURL, made, page, scene, watch } from './scene';
import { adminKey, call, loaded, open, overflowing, signIn, url } from './stage';

scene();

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

test('pages of a user have no fault of access, in any language, colour and width', { timeout: 600_000 }, async () => {
  const findings: string[] = [];
  const { code } = await call<{ code: string }>('POST', '/v1/device', { name: 'godwit on a machine' });
  const played = await call<{ id: string; url: string }>('POST', '/v1/play', {}, made.key);
  await fetch(played.url, { method: 'POST', body: '{"hello":"there"}' });
  const doomed = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Doomed', url: `${goodURL}/doomed`, rules: [{ events: ['TAG_CREATED'] }] }, made.key);
  await call('DELETE', `/v1/webhooks/${doomed.id}`, undefined, made.key);
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
    [`/webhooks/${doomed.id}`, '/webhook-deleted'],
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
  const { url: link } = await call<{ url: string }>('POST', '/v1/portal-sessions', { user_id: made.user });
  findings.push(...(await everywhere(stranger, link.slice(url.length), () => stranger.getByText('The link signs in Una').waitFor(), '/portal')));
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
  await admin.goto(`${url}/admin/companies`);
  await admin.getByRole('button', { name: /^Projects and people/ }).first().click();
  await admin.getByRole('dialog').getByRole('button', { name: /^Who/ }).first().click();
  findings.push(...(await look(admin, 'company')));
  await admin.context().close();
  // Two people change the same webhook.
  await page.goto(`${url}/webhooks/${made.works.id}/settings`);
  await page.getByLabel('Name', { exact: true }).fill('A much longer name than before, of mine');
  await page.getByLabel('Time limit of an attempt, in seconds').fill('12');
  findings.push(...(await look(page, 'settings-marked')));
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: 'Theirs', rules: [{ events: ['TAG_CREATED'] }] });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('radio').first().waitFor();
  findings.push(...(await look(page, 'stale')));
  await page.getByRole('dialog').getByRole('button', { name: 'Take theirs' }).click();
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

endScene();
