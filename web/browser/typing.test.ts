import { expect, test } from 'vitest';
import { cel, type Line } from '../src/rules/condition';
import { browser, endScene, goodURL, made, page, scene, watch } from './scene';
import { call, open, url } from './stage';

// Filling in forms: what is said during typing, and what is kept.

scene();

test('choices are one stop of the keyboard, and arrows choose', async () => {
  await page.goto(`${url}/webhooks/new`);
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/arrows`);
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  const radios = page.getByRole('radiogroup', { name: 'What', exact: false }).getByRole('radio');
  const chosen = () => radios.evaluateAll((all) => all.findIndex((r) => r.getAttribute('aria-checked') === 'true'));
  const focused = () => radios.evaluateAll((all) => all.findIndex((r) => r === document.activeElement));
  expect(await radios.evaluateAll((all) => all.map((r) => (r as HTMLElement).tabIndex))).toEqual([0, -1, -1]);
  expect(await chosen(), 'nothing is chosen beforehand').toBe(-1);
  await radios.first().focus();
  for (const [key, at] of [
    ['ArrowDown', 1],
    ['ArrowRight', 2],
    ['ArrowRight', 0],
    ['ArrowUp', 2],
    ['ArrowLeft', 1],
  ] as const) {
    await page.keyboard.press(key);
    expect([await chosen(), await focused()], key).toEqual([at, at]);
  }
  expect(await radios.evaluateAll((all) => all.map((r) => (r as HTMLElement).tabIndex))).toEqual([-1, 0, -1]);
  await page.evaluate(() => sessionStorage.clear());
});

test('wizard is walked by the keyboard alone, in German, to a delivered test', async () => {
  const p = await open(browser, watch, { locale: 'de-DE' });
  // press goes on to an element with the Tab key, and presses a key there.
  const press = async (name: RegExp | string, role: 'button' | 'link' | 'radio' | 'checkbox' | 'textbox', key: string, text = '') => {
    const target = p.getByRole(role, { name, exact: typeof name === 'string' }).first();
    await target.waitFor();
    for (let tabs = 0; !(await target.evaluate((e) => e === document.activeElement)); tabs++) {
      expect(tabs, `${name} is not reached`).toBeLessThan(150);
      await p.keyboard.press('Tab');
    }
    if (text) await p.keyboard.insertText(text);
    await p.keyboard.press(key);
  };
  await p.goto(`${url}/sign-in`);
  const secret = p.locator('input[type=password]');
  await secret.waitFor();
  for (let tabs = 0; !(await secret.evaluate((e) => e === document.activeElement)); tabs++) {
    expect(tabs).toBeLessThan(20);
    await p.keyboard.press('Tab');
  }
  await p.keyboard.insertText(made.key);
  await p.keyboard.press('Enter');
  await press('Neuer Webhook', 'link', 'Enter');
  await press('Adresse', 'textbox', 'Enter', `${goodURL}/tastatur`);
  await press(/^Auswählen/, 'radio', 'Space');
  await press(/^Kommentar geschrieben/, 'checkbox', 'Space');
  await press('Weiter', 'button', 'Enter');
  await press(/^Nur diese/, 'radio', 'Space');
  await press('Shop', 'checkbox', 'Space');
  await press('Weiter', 'button', 'Enter');
  await press('Weiter ohne Bedingung', 'button', 'Enter');
  await press('Webhook anlegen', 'button', 'Enter');
  await press('Test absenden', 'button', 'Enter');
  await p.getByText('Angekommen: 200').waitFor();
  await p.context().close();
});

test('wizard says during typing what only the server knows, in the reader’s language', async () => {
  const p = await open(browser, watch, { locale: 'de-DE' });
  await p.goto(`${url}/sign-in`);
  await p.locator('input[type=password]').fill(made.key);
  await p.keyboard.press('Enter');
  await p.getByRole('link', { name: 'Neuer Webhook' }).first().click();
  const address = p.getByLabel('Adresse', { exact: true });
  const next = p.getByRole('button', { name: 'Weiter', exact: true });
  await address.fill('http://10.1.2.3/hook');
  await p.getByText('Dorthin darf Godwit nicht senden.').waitFor();
  expect(await next.isDisabled()).toBe(true);
  await address.fill(`${goodURL}/feed/s3cret`);
  await p.getByText('Dorthin sendet schon „Warehouse feed“', { exact: false }).or(p.getByText('„Warehouse feed“')).first().waitFor();
  await next.click();
  expect(await next.isDisabled(), 'nothing is chosen beforehand').toBe(true);
  expect(await p.getByRole('radio', { checked: true }).count()).toBe(0);
  await p.getByRole('radio', { name: /^Auswählen/ }).click();
  await p.getByRole('checkbox', { name: /^Datensatz angelegt/ }).check();
  await next.click();
  expect(await p.getByRole('radio', { checked: true }).count()).toBe(0);
  await p.getByRole('radio', { name: /^Alle, die/ }).click();
  await p.getByText('Eine Regel ohne Bedingung erreicht jedes Projekt, auch künftige.').waitFor();
  await next.click();
  await p.getByRole('button', { name: 'Selbst schreiben' }).click();
  const text = p.getByRole('textbox', { name: 'Bedingung, geschrieben in CEL' });
  await text.fill("current.status == 'Done' &&");
  await p.getByText(/Zeile 1, Zeichen \d+: Die Bedingung ist noch nicht fertig\./).waitFor();
  expect(await p.getByRole('button', { name: /^Weiter/ }).isDisabled()).toBe(true);
  await text.fill("current.status == 'Done'");
  await p.getByLabel('Die Bedingung an einem Ereignis ausprobieren').selectOption(`e:${made.event}`);
  await p.getByTestId('trial').getByText('Dieses Ereignis würde gesendet.').waitFor();
  await text.fill("current.status == 'Open'");
  await p.getByTestId('trial').getByText('Dieses Ereignis würde nicht gesendet', { exact: false }).waitFor();
  await text.fill("current.nonsense == 'Open'");
  await p.getByTestId('trial').getByText('Die Bedingung ist bei diesem Ereignis nicht auswertbar', { exact: false }).waitFor();
  await p.context().close();
});

test('settings say during typing what is not acceptable', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}/settings`);
  await page.getByLabel('Address', { exact: true }).fill('http://10.1.2.3/hook');
  await page.getByText('Godwit may not send there.').waitFor();
  expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/feed/other`);
  await page.getByText('Godwit may not send there.').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.', { exact: true }).waitFor();
  const dialog = page.getByRole('dialog', { name: 'Does it arrive at the new address?' });
  await dialog.getByRole('button', { name: 'Send the test' }).click();
  await dialog.getByText('Arrived: 200').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
});

test('conditions have groups, and the preview says what let nothing through', async () => {
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(`${url}/webhooks/new`);
  const next = page.locator('form button[type=submit]');
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/grouped`);
  await next.click();
  await page.getByRole('radio', { name: /^Let me choose/ }).click();
  await page.getByRole('checkbox', { name: /^Record created/ }).check();
  await next.click();
  await page.getByRole('radio', { name: /^Only these/ }).click();
  await page.getByRole('checkbox', { name: 'Website', exact: true }).check();
  await next.click();
  const line = async (i: number, field: string, value: string) => {
    await page.getByLabel('Field', { exact: true }).nth(i).selectOption(field);
    await page.getByLabel('Comparison').nth(i).selectOption('is');
    await page.getByLabel('Value', { exact: true }).nth(i).fill(value);
  };
  await page.getByRole('button', { name: 'Add a condition', exact: true }).click();
  await line(0, 'status', 'Open');
  await page.getByRole('button', { name: 'Add a group' }).click();
  expect(await next.isDisabled(), 'the group asks for nothing yet').toBe(true);
  await line(1, 'title', 'a');
  await line(2, 'title', 'b');
  const stopped = page.getByText(/such events? happened; the condition/);
  await stopped.waitFor();
  await page.getByRole('listitem').filter({ hasText: 'does not hold: status is “Open”' }).last().getByText('it was “Done”').waitFor();
  await next.click();
  await page.getByText('status is “Open” and (title is “a” or title is “b”)').waitFor();
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await page.getByRole('button', { name: 'Remove the group' }).click();
  await line(0, 'status', 'Done');
  await stopped.waitFor({ state: 'detached' });
  await next.click();
  await page.getByTestId('preview').getByText(/^[1-9]\d* events? would have been sent\.$/).waitFor();
  await page.getByRole('list', { name: 'By project' }).getByText('Website').waitFor();
  await page.getByRole('list', { name: 'By kind of event' }).getByText('Record created').waitFor();
  await page.getByRole('button', { name: /^Record created · Website/ }).first().click();
  await page.getByRole('dialog', { name: 'Record created' }).getByRole('link', { name: 'Open the event' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.evaluate(() => sessionStorage.clear());
});

test('combinations are told by any field that their parts share, and read back', async () => {
  const rules = [{ all_of: [{ events: ['TODO_CREATED'] }, { events: ['COMMENT_CREATED'] }], within: '10m', same: 'current.id', projects: [made.website] }];
  const { id } = await call<{ id: string }>('POST', '/v1/webhooks', { name: 'Together', url: `${goodURL}/together`, rules }, made.key);
  await page.goto(`${url}/webhooks/${id}/settings`);
  await page.getByRole('radio', { name: /^Several things/, checked: true }).waitFor();
  expect(await page.getByLabel('Part 2', { exact: true }).inputValue()).toBe('COMMENT_CREATED');
  const same = page.getByLabel('For the same', { exact: true });
  await same.selectOption('project_id');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.', { exact: true }).waitFor();
  const saved = await call<{ rules: { same: string; all_of: object[] }[] }>('GET', `/v1/webhooks/${id}`, undefined, made.key);
  expect([saved.rules[0]?.same, saved.rules[0]?.all_of.length]).toEqual(['project_id', 2]);
  await call('DELETE', `/v1/webhooks/${id}`, undefined, made.key);
});

test('settings show both bodies when the shape changes, and what changed rules would send', async () => {
  await page.goto(`${url}/webhooks/${made.works.id}/settings`);
  const shape = page.getByLabel('Shape of the body');
  await shape.selectOption('cloudevents');
  await page.getByRole('group', { name: 'After saving: CloudEvents' }).getByText('specversion').waitFor();
  expect(await page.getByRole('group', { name: 'Now: Standard' }).innerText()).not.toContain('specversion');
  await shape.selectOption('standard');
  const other = page.getByRole('checkbox', { name: /^Record deleted/ });
  await other.check();
  await page.getByTestId('before').getByText(/^Before: \d+\. Now: \d+\.$/).waitFor();
  await other.uncheck();
  await page.getByText('Nothing changed').waitFor();
});

test('conditions that are put together do what they say', async () => {
  const previous = { id: 'r', status: 'Open', total: 100, due_at: null, tags: ['late'] };
  const current = { id: 'r', status: 'Done', title: 'Too LATE', total: 130, vip: true, due_at: '2026-07-01T10:00:00Z', tags: ['late', 'big'], custom_fields: [{ name: 'Empty', value: null }, { name: 'Budget', value: 'High' }, { name: 'Hours', value: 1200 }, { name: 'Alone' }], none: null, nothing: '' };
  const cases: [Line, boolean][] = [
    [{ op: 'is', path: 'status', value: 'Done' }, true],
    [{ op: 'is', path: 'missing', value: 'Done' }, false],
    [{ op: 'is_not', path: 'status', value: 'Done' }, false],
    [{ op: 'is_not', path: 'missing', value: 'Done' }, true],
    [{ op: 'one_of', path: 'status', values: ['Done', "it's"] }, true],
    [{ op: 'contains', path: 'title', value: 'late' }, true],
    [{ op: 'contains', path: 'missing', value: 'late' }, false],
    [{ op: 'empty', path: 'nothing' }, true],
    [{ op: 'empty', path: 'missing' }, true],
    [{ op: 'empty', path: 'none' }, true],
    [{ op: 'not_empty', path: 'status' }, true],
    [{ op: 'not_empty', path: 'none' }, false],
    [{ op: 'equals', path: 'total', number: 130 }, true],
    [{ op: 'more', path: 'total', number: 130 }, false],
    [{ op: 'more', path: 'missing', number: 1 }, false],
    [{ op: 'more', path: 'none', number: 1 }, false],
    [{ op: 'less', path: 'none', number: 1 }, false],
    [{ op: 'more', path: 'none.size', number: 1 }, false],
    [{ op: 'empty', path: 'none.title' }, true],
    [{ op: 'not_empty', path: 'missing.title' }, false],
    [{ op: 'grows', path: 'none' }, false],
    [{ op: 'at_least', path: 'total', number: 130 }, true],
    [{ op: 'less', path: 'total', number: 130.5 }, true],
    [{ op: 'at_most', path: 'total', number: 129 }, false],
    [{ op: 'between', path: 'total', from: 100, to: 200 }, true],
    [{ op: 'on', path: 'vip' }, true],
    [{ op: 'off', path: 'missing' }, true],
    [{ op: 'before', path: 'due_at', day: '2026-08-01' }, true],
    [{ op: 'after', path: 'due_at', day: '2026-08-01' }, false],
    [{ op: 'changes', path: 'status' }, true],
    [{ op: 'changes', path: 'id' }, false],
    [{ op: 'becomes', path: 'status', value: 'Done' }, true],
    [{ op: 'from_to', path: 'status', from: 'Open', to: 'Done' }, true],
    [{ op: 'from_to', path: 'status', from: 'New', to: 'Done' }, false],
    [{ op: 'grows', path: 'total' }, true],
    [{ op: 'grows_by', path: 'total', number: 20 }, true],
    [{ op: 'grows_by', path: 'total', number: 40 }, false],
    [{ op: 'has', path: 'tags', value: 'big' }, true],
    [{ op: 'has', path: 'missing', value: 'big' }, false],
    [{ op: 'has_named', path: 'custom_fields', name: 'Budget', value: 'High' }, true],
    [{ op: 'has_named', path: 'custom_fields', name: 'Hours', value: '1200' }, true],
    [{ op: 'has_named', path: 'custom_fields', name: 'Empty', value: 'x' }, false],
    [{ op: 'has_named_not', path: 'custom_fields', name: 'Budget', value: 'Low' }, true],
    [{ op: 'has_named_not', path: 'custom_fields', name: 'Budget', value: 'High' }, false],
    [{ op: 'has_named_not', path: 'missing', name: 'Budget', value: 'High' }, false],
    [{ op: 'has_named_contains', path: 'custom_fields', name: 'Budget', value: 'ig' }, true],
    [{ op: 'has_named_contains', path: 'custom_fields', name: 'Empty', value: 'ig' }, false],
    [{ op: 'has_named_more', path: 'custom_fields', name: 'Hours', number: 1199.5 }, true],
    [{ op: 'has_named_more', path: 'custom_fields', name: 'Hours', number: 1200 }, false],
    [{ op: 'has_named_more', path: 'custom_fields', name: 'Empty', number: 1 }, false],
    [{ op: 'has_named_at_least', path: 'custom_fields', name: 'Hours', number: 1200 }, true],
    [{ op: 'has_named_less', path: 'custom_fields', name: 'Hours', number: 1200 }, false],
    [{ op: 'has_named_less', path: 'custom_fields', name: 'Alone', number: 1200 }, false],
    [{ op: 'has_named_at_most', path: 'custom_fields', name: 'Hours', number: 1200 }, true],
    [{ op: 'has_name', path: 'custom_fields', name: 'Alone' }, true],
    [{ op: 'has_name', path: 'custom_fields', name: 'Nobody' }, false],
    [{ op: 'by', user: 'una' }, false],
    [{ op: 'not_by', user: 'una' }, true],
  ];
  const ask = async (now: object | null, before: object | null) => {
    const all: { errors: object[]; filters: { result: string; detail: string }[] } = { errors: [], filters: [] };
    for (let at = 0; at < cases.length; at += 50) {
      const rules = cases.slice(at, at + 50).map(([line]) => ({ events: ['TODO_CREATED'], projects: [made.website], filter: cel(line) }));
      const { errors, filters } = await call<typeof all>('POST', '/v1/webhooks/check', { rules, sample: { type: 'TODO_CREATED', previous: before, current: now } }, made.key);
      all.errors.push(...errors);
      all.filters.push(...filters);
    }
    return all;
  };
  const { errors, filters } = await ask(current, previous);
  expect(errors).toEqual([]);
  cases.forEach(([line, holds], i) => expect(filters[i]?.result, `${JSON.stringify(line)} ${filters[i]?.detail}`).toBe(String(holds)));
  // No field or state that is absent or null makes a condition fail.
  const empty = Object.fromEntries(Object.keys(current).map((name) => [name, null]));
  for (const [now, before] of [
    [{ id: 1 }, null],
    [null, previous],
    [empty, previous],
    [current, empty],
    [empty, empty],
  ] as const)
    (await ask(now, before)).filters.forEach((f, i) => expect(f.result, `${JSON.stringify(cases[i]?.[0])} ${f.detail}`).not.toBe('fails'));
});

test('grid ticks rows and columns, by the keyboard too, and says how many rules it makes', async () => {
  await page.goto(`${url}/webhooks/new`);
  const draft = { what: 'some', types: ['TODO_CREATED', 'COMMENT_CREATED'], where: 'some', places: [`p:${made.website}`, `p:${made.shop}`], grid: {}, filter: '' };
  await page.evaluate((value) => sessionStorage.setItem('godwit.draft.webhooks-new', JSON.stringify(value)), draft);
  await page.reload();
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/grid`);
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  const grid = page.getByRole('grid');
  const box = (name: string) => grid.getByRole('checkbox', { name, exact: true });
  const is = async (name: string) => box(name).evaluate((b: HTMLInputElement) => (b.indeterminate ? 'mixed' : b.checked ? 'on' : 'off'));
  await box('Website: Record created').check();
  expect(await Promise.all(['Website: Tick the whole row', 'Shop: Tick the whole row', 'Record created: Tick the whole column', 'Comment written: Tick the whole column'].map(is))).toEqual(['mixed', 'off', 'mixed', 'off']);
  await page.getByText('1 of 50 rules').waitFor();
  await page.keyboard.press('ArrowUp'); // the heading of the column
  await page.keyboard.press('Space');
  expect(await Promise.all(['Record created: Tick the whole column', 'Shop: Record created', 'Shop: Tick the whole row'].map(is))).toEqual(['on', 'on', 'mixed']);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft'); // the heading of the row
  await page.keyboard.press('Space');
  expect(await is('Shop: Comment written')).toBe('on');
  await page.getByText('2 of 50 rules').waitFor();
  expect(await grid.locator('[tabindex="0"]').count(), 'one stop of the Tab key').toBe(1);
  await page.evaluate(() => sessionStorage.clear());
});

test('session that ends during typing gives back what was typed', async () => {
  await page.goto(`${url}/webhooks/new?step=1`);
  await page.getByLabel('Name', { exact: true }).fill('Typed before');
  const { id } = await page.evaluate(async () => (await (await fetch('/v1/session')).json()) as { id: string });
  await call('DELETE', `/v1/sessions/${id}`);
  await page.getByLabel('Address', { exact: true }).fill(`${goodURL}/typed`); // is checked, and refused
  await page.getByRole('dialog').getByRole('link', { name: 'Sign in again' }).click();
  await page.getByLabel('API key', { exact: true }).fill(made.key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'New webhook' }).waitFor();
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed before');
  expect(await page.getByLabel('Address', { exact: true }).inputValue(), 'an address is in no storage').toBe('');
});

endScene();
