import { afterAll, expect, test } from 'vitest';
import { axe, faults } from './access';
import { endScene, page, scene } from './scene';
import { call, overflowing, Receiver, until, url } from './stage';

const p = `verify-${Math.random().toString(36).slice(2, 8)}-`;
const receiver = new Receiver();
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
let webhook: string;
let other: string;
let headers: string;
let body: string;

async function person(): Promise<string> {
  await call('PUT', `/v1/companies/${p}acme`, { name: 'Acme' });
  await call('PUT', `/v1/projects/${p}website`, { company_id: `${p}acme`, name: 'Website' });
  await call('PUT', `/v1/users/${p}una`, { name: 'Una', email: `${p}una@example.org` });
  await call('PUT', `/v1/projects/${p}website/members/${p}una`);
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: `${p}una`, role: 'user', user_id: `${p}una` });
  const made = { url: `${await receiver.start()}/hook`, rules: [{ events: ['*'] }] };
  webhook = (await call<{ id: string }>('POST', '/v1/webhooks', { ...made, name: 'Warehouse feed', secret }, key)).id;
  other = (await call<{ id: string }>('POST', '/v1/webhooks', { ...made, name: 'CRM sync' }, key)).id;
  await call('POST', `/v1/webhooks/${webhook}/test`, { type: 'TODO_CREATED', current: { id: 't1', title: 'Ship <it> & more' } }, key);
  await until('the test arrives', async () => receiver.got.length > 0);
  const got = receiver.got[0];
  if (!got) throw new Error('nothing arrived');
  headers = Object.entries(got.headers).map(([name, value]) => `${name}: ${value}`).join('\n');
  body = got.body;
  return key;
}
scene({ person });

afterAll(() => receiver.stop());

const field = (name: string | RegExp) => page.getByLabel(name, { exact: typeof name === 'string' });
const click = (name: string) => page.getByRole('button', { name, exact: true }).click();

// check waits for the result, and gives the part that is wrong.
async function check(says: string): Promise<string | undefined> {
  await click('Check the request');
  await page.getByText(says, { exact: true }).first().waitFor();
  const steps = await page.getByRole('list', { name: 'What was looked at' }).getByRole('listitem').allInnerTexts();
  expect(steps).toHaveLength(4);
  return steps.find((s) => s.startsWith('wrong'))?.replace(/\s+/g, ' ').replace('wrong ', '');
}

test('a whole request that a receiver got fits', async () => {
  await page.goto(`${url}/webhooks/${webhook}`);
  await page.getByRole('link', { name: 'Check a request that your receiver got' }).click();
  await page.getByRole('heading', { level: 1, name: 'Check a signature' }).waitFor();
  expect(await page.getByRole('combobox', { name: 'Webhook' }).inputValue()).toBe(webhook);
  await field('Headers that arrived').fill(`POST /hook HTTP/1.1\n${headers}\n\n${body}`);
  expect(await field('Body that arrived').inputValue()).toBe(body);
  expect(await check('The signature fits')).toBeUndefined();
  await page.getByText('enter the receiver’s secret above').waitFor();
  expect(await page.getByRole('link', { name: 'What Godwit sent' }).getAttribute('href')).toContain('/deliveries/dlv_');
});

test('what is wrong is named, part by part', async () => {
  await field(/^Secret that your receiver has/).fill(`"${secret}"`);
  expect(await check('The secret is not whole')).toBe('Secret');
  await field(/^Secret that your receiver has/).fill('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=');
  expect(await check('The receiver has another secret')).toBe('Secret');
  await field(/^Secret that your receiver has/).fill(secret);
  expect(await check('The signature fits')).toBeUndefined();
  await page.getByText('your receiver has the right secret').waitFor();

  await field('Body that arrived').fill(JSON.stringify(JSON.parse(body), null, 1));
  expect(await check('The body was changed on the way')).toBe('Signature fits the headers and the body');
  await page.getByText('Spaces were added').waitFor();
  await page.getByText('Pasting may have changed line breaks').waitFor();
  await field('Body that arrived').fill(body.replace('Ship', 'Drop'));
  expect(await check('The signature does not fit')).toBe('Signature fits the headers and the body');

  await field('Body that arrived').fill(body);
  await field('Headers that arrived').fill(headers.replace(/^webhook-id:.*$/m, ''));
  expect(await check('The header webhook-id did not arrive')).toBe('Headers are there, and whole');
  await field('Headers that arrived').fill('no header');
  await page.getByText('Line 1 is not of the form').waitFor();
  expect(await page.getByRole('button', { name: 'Check the request' }).isDisabled()).toBe(true);
  await field('Headers that arrived').fill(headers.toUpperCase().replace(/^(WEBHOOK-\w+|GODWIT-\w+): .*$/gm, (line) => headers.split('\n').find((l) => l.toUpperCase() === line)?.replace(/^[^:]+/, (name) => name.toUpperCase()) ?? line));
  expect(await check('The signature fits')).toBeUndefined();

  await field(/^When it arrived/).fill('2099-01-01T00:00:00');
  expect(await check('The signature fits, but is too old')).toBe('Time is at most five minutes off');
  await page.getByText('enter above when it arrived').waitFor();
  await field(/^When it arrived/).fill('');
});

test('a file keeps each byte', async () => {
  const whole = (text: string) => ({ name: 'request.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });
  const file = page.locator('input[type=file]');
  await field('Headers that arrived').fill('');
  await file.setInputFiles(whole(`POST /hook HTTP/1.1\r\n${headers.replace(/\n/g, '\r\n')}\r\n\r\n${body}\r\n`));
  await page.getByText(`request.txt, ${new Intl.NumberFormat('en').format(Buffer.byteLength(body) + 2)} bytes`).waitFor();
  expect(await check('The body was changed on the way')).toBe('Signature fits the headers and the body');
  await page.getByText('The line break at the end of the body was added.').waitFor();
  expect(await page.getByText('Pasting may have changed').count()).toBe(0);
  await click('Remove the file');
  await file.setInputFiles(whole(body));
  expect(await check('The signature fits')).toBeUndefined();
  await file.setInputFiles({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc((2 << 20) + (65 << 10)) });
  await page.getByText('The body is too large').waitFor();
  await file.setInputFiles({ name: '<b>bytes.bin', mimeType: 'application/octet-stream', buffer: Buffer.from([255, 0, 13, 10]) });
  expect(await check('The signature does not fit')).toBe('Signature fits the headers and the body');
});

test('a request of another webhook leads to that webhook', async () => {
  await page.getByRole('combobox', { name: 'Webhook' }).selectOption(other);
  await field(/^Secret that your receiver has/).fill('');
  await click('Remove the file');
  await field('Body that arrived').fill(body);
  expect(await check('The request is of another webhook')).toBe('Signature fits the headers and the body');
  await page.getByRole('link', { name: /^Check it with .*Warehouse feed/ }).click();
  expect(await page.getByRole('combobox', { name: 'Webhook' }).inputValue()).toBe(webhook);
  expect(await check('The signature fits')).toBeUndefined();
});

test('the page is in three languages, for everyone, and keeps nothing', async () => {
  for (const [language, fits] of [['de', 'Die Signatur passt'], ['pl', 'Podpis się zgadza'], ['en', 'The signature fits']] as const) {
    await page.evaluate((l) => localStorage.setItem('godwit.language', l), language);
    await page.goto(`${url}/verify`);
    await page.locator('textarea').first().fill(`${headers}\n\n${body}`);
    await page.locator('form button[type=submit]').click();
    await page.getByText(fits, { exact: true }).first().waitFor();
    expect(await page.getByRole('combobox').first().inputValue(), 'the header names the webhook').toBe(webhook);
    await page.setViewportSize({ width: 320, height: 800 });
    expect(await overflowing(page)).toEqual([]);
    await page.evaluate(axe);
    expect(await faults(page, language)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  expect(stored).not.toContain('webhook-signature');
  expect(stored).not.toContain(secret);
});

endScene();
