import { expect, test } from 'vitest';
import { axe, faults } from './access';
import { endScene, page, scene } from './scene';
import { call, url } from './stage';

const p = `play-${Math.random().toString(36).slice(2, 8)}-`;

async function person(): Promise<string> {
  await call('PUT', `/v1/companies/${p}acme`, { name: 'Acme' });
  await call('PUT', `/v1/projects/${p}website`, { company_id: `${p}acme`, name: 'Website' });
  await call('PUT', `/v1/users/${p}una`, { name: 'Una', email: `${p}una@example.org` });
  await call('PUT', `/v1/projects/${p}website/members/${p}una`);
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: `${p}una`, role: 'user', user_id: `${p}una` });
  return key;
}
scene({ person });

const click = (name: RegExp | string, role: 'button' | 'link' | 'radio' | 'checkbox' = 'button') => page.getByRole(role, { name, exact: typeof name === 'string' }).first().click();

test('who only wants to see it makes a webhook and sees what it sends', async () => {
  await page.goto(`${url}/webhooks`);
  await click(/^I just want to see it/, 'link'); // the list is empty
  await page.getByRole('radio', { name: /^I just want to see it/, checked: true }).waitFor();
  await click('Fill in an address');
  await page.getByText('The test receiver. After the webhook').waitFor();
  expect(await page.getByLabel('Address', { exact: true }).inputValue()).toMatch(/\/play\/play_[0-9a-v]{26}$/);
  await click('Next');
  await click(/^Let me choose/, 'radio');
  await click(/^Record created/, 'checkbox');
  await click('Next');
  await click(/^Only these/, 'radio');
  await click('Website', 'checkbox');
  await click('Next');
  await click('Next, without a condition');
  await page.getByTestId('preview').waitFor();
  await click('Create the webhook');
  await page.getByRole('heading', { level: 1, name: /is on$/ }).waitFor();
  await click('Send the test');
  await page.getByText('Arrived: 200').waitFor();
  await page.getByRole('checkbox', { name: 'I have stored it' }).check();
  await click('See what arrives', 'link');
  await page.getByText('The signature fits').waitFor();
  await click('Show the request');
  await page.getByText('Godwit-Event: TODO_CREATED').waitFor();
});

test('what did not come from Godwit is told, and as text', async () => {
  const id = page.url().split('/').at(-1);
  await fetch(`${url}/play/${id}?status=418`, { method: 'PUT', body: '<b>not signed</b>' });
  await page.getByText('There is no signature', { exact: true }).waitFor();
  await page.getByText('answered 418').waitFor();
  await click('Show the request');
  await page.getByText('<b>not signed</b>').waitFor();
  await page.getByText('Try failures').click();
  await page.getByText('?status=503&retry_after=60').waitFor();
});

test('the addresses are listed, and one is deleted', async () => {
  await page.evaluate(axe);
  expect(await faults(page, 'a request that was received')).toEqual([]);
  await click('Test receiver', 'link');
  await page.getByText('2 requests').waitFor();
  expect(await faults(page, 'addresses')).toEqual([]);
  await page.getByRole('link', { name: /^…/ }).click();
  await click('Delete the address');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the address' }).click();
  await page.getByText('No address yet').waitFor();
});

endScene();
