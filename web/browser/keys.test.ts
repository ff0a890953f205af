import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { endScene, page, scene } from './scene';
import { call, url } from './stage';

// A user's own keys, and the command line that is let in on /connect.

const godwit = resolve(import.meta.dirname, '../../bin/godwit');
const p = `keys-${Math.random().toString(36).slice(2, 8)}-`;
const home = mkdtempSync(join(tmpdir(), 'godwit-keys-'));

async function person(): Promise<string> {
  await call('PUT', `/v1/users/${p}una`, { name: 'Una', email: `${p}una@example.org` });
  const { key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: 'the first key', role: 'user', user_id: `${p}una` });
  return key;
}
scene({ person });

afterAll(() => rmSync(home, { recursive: true }));

// Run is a command of godwit, with what it has said so far.
class Run {
  said = '';
  readonly ended: Promise<number | null>;
  private readonly process: ChildProcess;

  constructor(...args: string[]) {
    this.process = spawn(godwit, args, { env: { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.on('data', (part: Buffer) => (this.said += part.toString()));
    this.ended = new Promise((done) => this.process.on('close', done));
  }

  // says waits for what the command prints.
  async says(what: RegExp): Promise<string> {
    for (;;) {
      const found = what.exec(this.said)?.[0];
      if (found) return found;
      const ended = await Promise.race([this.ended.then(() => true), new Promise<false>((wait) => setTimeout(wait, 50, false))]);
      if (ended && !what.test(this.said)) throw new Error(`it ended without ${what}: ${this.said}`);
    }
  }
}

test('a command line that shows the same code is let in, and acts as the user until its key is revoked', async () => {
  const login = new Run('login', '--url', url);
  const link = await login.says(/http:\S+\/connect\?code=[A-Z0-9-]+/);
  const code = new URL(link).searchParams.get('code') ?? '';
  await page.goto(`${url}/connect?code=${code}`);
  await page.getByText(code, { exact: true }).waitFor();
  await page.getByText(/^godwit on /).waitFor();
  await page.getByRole('button', { name: 'Yes, let it in' }).click();
  await page.getByRole('heading', { level: 1, name: 'It is let in' }).waitFor();
  expect(await login.ended, login.said).toBe(0);

  const who = new Run('whoami');
  expect(await who.ended, who.said).toBe(0);
  expect(who.said).toContain(`${p}una`);

  await page.goto(`${url}/connect?code=${code}`);
  await page.getByRole('heading', { level: 1, name: 'Nothing waits under this code' }).waitFor();

  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('link', { name: 'Connect the command line', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Connect the command line' }).waitFor();
  const row = page.getByRole('row', { name: /godwit on / });
  await row.waitFor();
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  const after = new Run('whoami');
  expect(await after.ended, after.said).toBe(3);
});

test('a command line that is refused gets no key', async () => {
  const login = new Run('login', '--url', url);
  const link = await login.says(/http:\S+\/connect\?code=[A-Z0-9-]+/);
  await page.goto(`${url}/connect${new URL(link).search}`);
  await page.getByRole('button', { name: 'No, refuse it' }).click();
  await page.getByRole('heading', { level: 1, name: 'It is refused' }).waitFor();
  expect(await login.ended, login.said).toBe(3);
});

test('users make keys of their own, each with an end, and revoke them', async () => {
  await page.goto(`${url}/keys`);
  await page.getByRole('row', { name: /the first key/ }).waitFor();
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What uses the key').fill('<b>report</b>');
  expect(await dialog.getByLabel('Valid until').getByRole('option').allInnerTexts(), 'a user’s key has an end').toHaveLength(3);
  expect(await dialog.getByLabel('Role').count()).toBe(0);
  await dialog.getByLabel('Valid until').selectOption('30');
  await dialog.getByRole('button', { name: 'New key' }).click();
  await dialog.getByText('The key is shown only now.').waitFor();
  expect(await dialog.innerText()).not.toMatch(/gw_\w{20}/);
  await dialog.getByRole('button', { name: 'Show', exact: true }).click();
  const key = await dialog.getByText(/^gw_\w{20,}$/).innerText(); // who can’t copy can read it
  await dialog.getByText(`godwit login --url ${url} --key ${key}`, { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  const row = page.getByRole('row', { name: /<b>report<\/b>/ });
  await row.getByText('Never', { exact: true }).waitFor(); // used
  const { data } = await call<{ data: { name: string; user_id: string; expires_at: string }[] }>('GET', '/v1/api-keys?limit=200');
  const made = data.find((k) => k.name === '<b>report</b>' && k.user_id === `${p}una`);
  expect(Date.parse(made?.expires_at ?? '') - Date.now()).toBeLessThan(30.1 * 24 * 3600e3);
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByText('It was never used.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(kept).not.toContain('gw_');
});

endScene();
