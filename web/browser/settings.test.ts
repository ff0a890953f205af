import { expect, test } from 'vitest';
import { endScene, made, page, scene } from './scene';
import { call, overflowing, until, url } from './stage';

scene();

interface Stored {
  name: string;
  timeout_seconds: number | null;
  max_in_flight: number | null;
  rules: unknown[];
}

const stored = () => call<Stored>('GET', `/v1/webhooks/${made.works.id}`, undefined, made.key);
const settings = () => page.goto(`${url}/webhooks/${made.works.id}/settings`);
const marked = (setting: string) => page.locator(`[data-setting=${setting}]`);

test('settings that another person has changed are asked about, each by itself', async () => {
  await settings();
  await page.getByLabel('Name', { exact: true }).fill('Mine');
  await page.getByLabel('At the same time, at most').fill('3');
  // An admin, and not Una herself.
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: 'Theirs', max_in_flight: 9, timeout_seconds: 7 });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'This webhook has changed' });
  await dialog.getByText('Changed by an administrator').waitFor();
  await dialog.getByText('Theirs', { exact: true }).last().waitFor();
  // What is closed is not lost.
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByRole('radio', { name: 'At the same time: which one? Theirs' }).check();
  await dialog.getByRole('button', { name: 'Save this choice' }).click();
  await page.getByText('Saved.').waitFor();
  const now = await stored();
  expect([now.name, now.max_in_flight, now.timeout_seconds]).toEqual(['Mine', 9, 7]);
  expect(await page.getByLabel('At the same time, at most').inputValue()).toBe('9');

  await page.getByLabel('Name', { exact: true }).fill('Mine again');
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: 'In another window' }, made.key);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByText('You changed this in another window').waitFor();
  await dialog.getByRole('button', { name: 'Keep mine' }).click();
  await until('it is saved', async () => (await stored()).name === 'Mine again');
});

test('names of 200 letters wrap on a phone, a card for each setting, and are shortened where there is room', async () => {
  const [mine, theirs] = ['M'.repeat(200), 'W'.repeat(200)];
  await settings();
  await page.getByLabel('Name', { exact: true }).fill(mine);
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: theirs, max_in_flight: 8 });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'This webhook has changed' });
  await dialog.getByRole('radio').first().waitFor();
  const setting = dialog.locator('tr').filter({ has: page.locator('th', { hasText: /^Name$/ }) });
  const value = (name: string) => setting.locator('td').filter({ hasText: name });

  await page.setViewportSize({ width: 390, height: 900 });
  expect(await overflowing(page)).toEqual([]);
  const card = await setting.boundingBox();
  const cells = await Promise.all((await setting.locator('th, td').all()).map((cell) => cell.boundingBox()));
  for (const [i, cell] of cells.entries()) {
    expect(cell?.width, 'each value has the width of the card').toBeGreaterThan((card?.width ?? 0) - 40);
    if (i > 0) expect(cell?.y, 'and lies under the one before').toBeGreaterThanOrEqual((cells[i - 1]?.y ?? 0) + (cells[i - 1]?.height ?? 0) - 1);
  }
  expect(await value(mine).getAttribute('data-label'), 'says whose it is').toBe('Mine');
  expect(await dialog.evaluate((e) => [...e.querySelectorAll('*')].filter((x) => x.scrollWidth > x.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(x).overflowX)).length), 'nothing is scrolled sideways').toBe(0);

  await page.setViewportSize({ width: 1280, height: 900 });
  expect(await overflowing(page)).toEqual([]);
  const short = (await value(theirs).boundingBox())?.height ?? 0;
  expect(short, 'a few lines').toBeLessThan(160);
  await value(theirs).getByRole('button', { name: 'Show all of it' }).press('Enter');
  await value(theirs).getByRole('button', { name: 'Show less' }).waitFor();
  expect((await value(theirs).boundingBox())?.height).toBeGreaterThan(short);
  const text = value(theirs).getByText(theirs, { exact: true });
  expect(await text.evaluate((e) => e.scrollHeight <= e.clientHeight + 2), 'nothing is cut off').toBe(true);
  expect(await overflowing(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Take theirs' }).click();
  await call('PATCH', `/v1/webhooks/${made.works.id}`, { name: 'Mine again', max_in_flight: 9 });
});

test('what was changed is marked, can be taken back, and is saved part by part', async () => {
  await settings();
  await page.getByLabel('Name', { exact: true }).fill('Another name');
  await marked('name').getByText('Changed. Before: Mine again').waitFor();
  await page.getByLabel('Time limit of an attempt, in seconds').fill('12');
  await marked('timeout_seconds').getByText('Changed. Before: 7').waitFor();
  await marked('timeout_seconds').getByRole('button', { name: 'Undo Time limit' }).click();
  expect(await page.getByLabel('Time limit of an attempt, in seconds').inputValue()).toBe('7');
  expect(await page.getByLabel('Name', { exact: true }).inputValue(), 'the other change stays').toBe('Another name');
  await page.getByLabel('Time limit of an attempt, in seconds').fill('12');
  // The options alone are saved; the name waits.
  await page.getByRole('group', { name: 'More settings' }).getByRole('button', { name: 'Save this part' }).click();
  await until('the part is saved', async () => (await stored()).timeout_seconds === 12);
  expect((await stored()).name).toBe('Mine again');
  await marked('timeout_seconds').getByText('Changed.').waitFor({ state: 'detached' });
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Another name');
  await marked('name').getByRole('button', { name: 'Undo Name' }).click();
  await page.getByText('Nothing changed').waitFor();
});

test('each setting says what is wrong with it', async () => {
  await settings();
  const options = page.getByRole('group', { name: 'More settings' });
  await options.getByRole('button', { name: 'Add a header' }).click();
  await options.getByLabel('Name', { exact: true }).last().fill('Host');
  await options.getByLabel('Value', { exact: true }).last().fill('elsewhere.test');
  await options.getByLabel('Name', { exact: true }).last().and(page.locator('[aria-invalid=true]')).waitFor();
  expect(await options.getByLabel('Time limit of an attempt, in seconds').getAttribute('aria-invalid')).not.toBe('true');
  await page.getByLabel('Address', { exact: true }).fill('https://user@receiver.example.com/');
  await page.getByLabel('Address', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor();
  expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
  await marked('headers').getByRole('button', { name: 'Undo Headers' }).click();
  await marked('url').getByRole('button', { name: 'Undo Address' }).click();
  await page.getByText('Nothing changed').waitFor();
});

endScene();
