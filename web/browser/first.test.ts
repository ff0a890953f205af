import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, given, until, call, Watch } from './stage';

const watch = new Watch();
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('link that a start prints opens the app signed in, and an empty app offers an example', async () => {
  const link = given('GODWIT_LINK');
  for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method, headers: { Accept: 'text/html' } })).headers.get('Set-Cookie')).toBeNull();
  const page = await open(browser, watch);
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  expect(page.url()).not.toContain(new URL(link).hash.slice(1));
  await page.getByRole('button', { name: 'Fill it with an example' }).click();
  await page.getByText('The example is there.').first().waitFor();
  await page.getByRole('link', { name: 'Events', exact: true }).first().click();
  await page.getByRole('cell', { name: 'Online shop' }).first().waitFor();
  const count = async () => (await call<{ data: unknown[] }>('GET', '/v1/events?limit=50')).data.length;
  const before = await count();
  expect(before).toBeGreaterThanOrEqual(12);
  await until('more events arrive', async () => (await count()) > before);

  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'This link is over' }).waitFor();
  expect(watch.faults.join('\n')).toBe('');
});
