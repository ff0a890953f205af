import type { Response } from 'playwright-core';
import { expect, test } from 'vitest';
import { browser, endScene, goodURL, made, page, scene, watch } from './scene';
import { call, cast, loaded, open, url } from './stage';

scene({ stranger: true });

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

test('the page of a link says for whom it is before it is used, and what opens the link first does not use it up', async () => {
  const { url: link } = await call<{ url: string }>('POST', '/v1/portal-sessions', { user_id: made.user });
  for (let times = 0; times < 2; times++) expect((await fetch(link, { headers: { Accept: 'text/html' } })).status, 'a program that reads mail').toBe(200);
  const first = await open(browser, watch);
  await first.goto(link);
  await first.getByText('The link signs in Una').waitFor();
  await first.getByText(`${made.user}@example.org`, { exact: true }).waitFor();
  expect(await first.context().cookies(), 'nobody is signed in yet').toEqual([]);
  expect(first.url()).toBe(`${url}/portal`);
  await first.context().close();
  const second = await open(browser, watch);
  await second.goto(link);
  await second.getByText('The link signs in Una').waitFor();
  await second.getByRole('button', { name: 'Sign in', exact: true }).click();
  await second.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  await second.context().close();
  const late = await open(browser, watch);
  await late.goto(link);
  await late.getByRole('heading', { level: 1, name: 'This link is over' }).waitFor();
  expect(await late.getByRole('button', { name: 'Sign in', exact: true }).count(), 'who can’t use it sees no button').toBe(0);
  await late.goto((await call<{ url: string }>('POST', '/v1/portal-sessions', { user_id: made.user })).url);
  await late.getByText('The link signs in Una').waitFor(); // a new one in the same tab
  await late.context().close();
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

endScene();
