import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { browser, endScene, made, scene, watch } from './scene';
import { adminKey, call, given, open, signIn, url } from './stage';

scene();

let admin: Page;
beforeAll(async () => {
  admin = await open(browser, watch);
  await signIn(admin, adminKey);
});

test('companies say how many projects and people they have, in one request a page', async () => {
  const asked: string[] = [];
  admin.on('request', (r) => {
    if (/\/v1\/(companies|projects)/.test(r.url())) asked.push(new URL(r.url()).pathname + new URL(r.url()).search);
  });
  const company = made.website.replace(/website$/, 'acme');
  await admin.goto(`${url}/admin/companies`);
  const searched = admin.waitForRequest(/\/v1\/companies\?.*q=/);
  await admin.getByLabel('Search name or id').fill(company);
  await searched;
  const row = admin.getByRole('row', { name: new RegExp(company) });
  await row.waitFor();
  expect(await row.getByRole('cell').nth(1).innerText()).toBe('2');
  expect(await row.getByRole('cell').nth(2).innerText()).toBe('1');
  expect(asked.filter((path) => path.includes('include=counts') && path.includes('q=')).length).toBe(1);
  await row.getByRole('button', { name: /^Projects and people/ }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByText('1 person').first().waitFor();
  await dialog.getByRole('button', { name: 'Who? Website' }).click();
  await dialog.getByText('Una').waitFor();
  await dialog.getByRole('link', { name: 'Events Website' }).waitFor();
});

test('system names webhooks whose secrets no key opens, and their page says what mends them', async () => {
  const id = given('GODWIT_UNREADABLE');
  await admin.goto(`${url}/admin/system`);
  const note = admin.getByTestId('unreadable');
  await note.getByText('godwit secrets rekey', { exact: true }).waitFor();
  await note.getByRole('link', { name: 'Old vault' }).click();
  await admin.getByRole('heading', { level: 1, name: 'Old vault' }).waitFor();
  await admin.getByText('What this webhook keeps secret can’t be opened').waitFor();
  expect(await note.getByRole('listitem').allInnerTexts()).toEqual(['the signing secret: make a new one in the menu of this page']);
  await call('POST', `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: 0 });
  await admin.reload();
  await admin.getByRole('heading', { level: 2, name: 'Rules' }).waitFor();
  expect(await note.count()).toBe(0);
});

test('system says what is missing, and what to run', async () => {
  await admin.goto(`${url}/admin/system`);
  await admin.getByText('All parts are there.').waitFor();
  const real = await call<{ parts: { name: string; ready: boolean; detail: string | null }[] }>('GET', '/v1/system');
  const temporal = { name: 'temporal', ready: false, detail: 'the server can’t be reached' };
  await admin.route('**/v1/system', (route) => route.fulfill({ json: { ...real, parts: [...real.parts.filter((p) => p.name !== 'temporal'), temporal] } }));
  await admin.reload();
  const missing = admin.getByTestId('missing');
  await missing.getByText('temporal operator cluster health').waitFor();
  await missing.getByText('the server can’t be reached').waitFor();
  await missing.getByRole('button', { name: 'Copy' }).waitFor();
});

test('users of an organisation see none of it', async () => {
  const answer = await fetch(`${url}/v1/companies?include=counts`, { headers: { Authorization: `Bearer ${made.key}` } });
  const { data } = (await answer.json()) as { data: { counts?: unknown }[] };
  expect(data.length).toBeGreaterThan(0);
  expect(data.some((c) => c.counts !== undefined)).toBe(false);
});

endScene();
