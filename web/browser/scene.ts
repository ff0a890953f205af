import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { shots } from './access';
import { cast, launch, open, Receiver, signIn, Watch, type Cast } from './stage';

// What the tests of one file have in common: a receiver that works and one that fails,
// someone with webhooks to both, and the page that this person looks at.
export const good = new Receiver();
export const bad = new Receiver();
export const watch = new Watch();
export let goodURL = '';
export let browser: Browser;
export let made: Cast;
export let page: Page;

// withBoth makes someone with webhooks to both receivers, and gives the key.
async function withBoth(): Promise<string> {
  bad.status = 503;
  goodURL = await good.start();
  made = await cast(goodURL, await bad.start());
  return made.key;
}

// scene makes all that before the first test. A file that needs something else makes its
// own person, whose key it gives. Who is a stranger is not signed in. After a test that
// failed it says what the person saw.
export function scene({ person = withBoth, stranger }: { person?: () => Promise<string>; stranger?: boolean } = {}) {
  beforeAll(async () => {
    const key = await person();
    browser = await launch();
    page = await open(browser, watch);
    if (!stranger) await signIn(page, key);
  });
  afterEach(async (context) => {
    if (context.task.result?.state !== 'fail') return;
    console.log(page.url(), await page.locator('body').innerText(), watch.faults.join('\n'));
    if (shots) await page.screenshot({ path: `${shots}/failed.png`, fullPage: true });
  });
  afterAll(async () => {
    await browser?.close();
    good.stop();
    bad.stop();
  });
}

// endScene is the last test of a file.
export const endScene = () =>
  test('no page complained, broke its policy, or asked another host', () => {
    expect(watch.faults.join('\n')).toBe('');
  });
