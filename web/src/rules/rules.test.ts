import { expect, test } from 'vitest';
import type { Rule } from '../api/hooks';
import { curlOf } from './curl';
import { changesOf } from './diff';
import { draftOf, emptyDraft, everythingIn, reaches, ready, rulesOf, type Draft, type Place } from './draft';
import { faultsOf, hintsOf, masked, receiverOf } from './receivers';
import { ails, needsYou, stateOf } from './state';

test('receivers are known by their address', () => {
  for (const [url, receiver] of [
    ['https://hooks.zapier.com/hooks/catch/1/a/', 'zapier'],
    ['https://hooks.zapier.com.evil.test/hooks/catch/1/a/', undefined],
    ['https://hook.eu1.make.com/abc', 'make'],
    ['https://hook.integromat.com/abc', 'make'],
    ['https://n8n.example.org/webhook/3f2a', 'n8n'],
    ['https://me.app.n8n.cloud/webhook-test/3f2a', 'n8n'],
    ['https://hooks.slack.com/services/T0/B0/x', 'slack'],
    ['https://discord.com/api/webhooks/1/x', 'discord'],
    ['https://discord.com/channels/1', undefined],
    ['https://contoso.webhook.office.com/webhookb2/x', 'teams'],
    ['https://prod-1.westeurope.logic.azure.com/workflows/x', 'power_automate'],
    ['https://api.example.org/hook', undefined],
    ['not an address', undefined],
  ] as const) {
    expect(receiverOf(url), url).toBe(receiver);
  }
});

test('hints say what will not work', () => {
  expect(hintsOf('https://n8n.example.org/webhook-test/3f2a')).toEqual(['n8n_test']);
  expect(hintsOf('http://localhost:3000/hook')).toEqual(['private', 'http']);
  for (const host of ['10.0.0.1', '192.168.1.2', '172.16.0.1', '169.254.1.1', '[::1]', '[fd00::1]', 'db.internal']) expect(hintsOf(`https://${host}/`), host).toEqual(['private']);
  for (const host of ['172.32.0.1', '11.0.0.1', 'example.org', '[2001:db8::1]']) expect(hintsOf(`https://${host}/`), host).toEqual([]);
});

test('faults are named', () => {
  for (const [url, faults] of [
    ['https://example.org/hook', []],
    ['  https://example.org/hook ', []],
    ['example.org/hook', ['not_an_address']],
    ['ftp://example.org/', ['scheme']],
    ['https://exa mple.org/', ['space']],
    ['https://u:p@example.org/#x', ['user', 'fragment']],
  ] as const) {
    expect(faultsOf(url), url).toEqual(faults);
  }
  expect(masked('https://example.org/secret?x=1')).toBe('https://example.org/…');
});

test('rules: nothing chosen is nothing, never all', () => {
  expect(rulesOf(emptyDraft)).toEqual([]);
  expect(rulesOf({ ...emptyDraft, what: 'everything' })).toEqual([]);
  expect(rulesOf({ ...emptyDraft, what: 'some', types: [], where: 'everywhere' })).toEqual([]);
  expect(rulesOf({ ...emptyDraft, what: 'some', types: ['A'], where: 'some', places: [] })).toEqual([]);
  expect(rulesOf({ ...emptyDraft, what: 'some', types: ['A'], where: 'some', places: ['p:1'], grid: { 'p:1': [] } })).toEqual([]);
  expect(rulesOf({ ...emptyDraft, what: 'together', where: 'everywhere' })).toEqual([]);
  expect(ready({ ...emptyDraft, what: 'some', types: ['A'], where: 'some', places: ['p:1'], grid: { 'p:1': [] } }, 'where')).toBe(false);
  expect(everythingIn([{ events: ['*'] }])).toBe(true);
  expect(everythingIn([{ events: ['*'], projects: ['p1'] }])).toBe(false);
  expect(everythingIn([{ events: ['*'], not_events: ['A'] }])).toBe(false);
});

test('rules: every grid is read back with the same ticks', () => {
  const types = ['A', 'B', 'C', 'D'];
  const places: Place[] = ['p:1', 'p:2', 'p:3', 'c:1', 'c:2'];
  for (let pattern = 1; pattern < 2 ** 20; pattern += 7919) {
    const grid: Partial<Record<Place, string[]>> = {};
    places.forEach((place, row) => {
      grid[place] = types.filter((_, column) => (pattern >> (row * 4 + column)) & 1);
    });
    const draft: Draft = { ...emptyDraft, what: 'some', types, where: 'some', places, grid, filter: "current.x == '1'", own: ['delivery.failed'] };
    const rules = rulesOf(draft);
    const read = draftOf(rules);
    for (const place of places) {
      const ticks = read?.grid ? (read.grid[place] ?? []) : read?.places.includes(place) ? (read.types ?? []) : [];
      expect([...ticks].sort(), `${pattern} ${place}`).toEqual(grid[place]);
    }
    expect(read?.own).toEqual(['delivery.failed']);
    expect(rulesOf(read as Draft).length).toBe(rules.length);
  }
});

test('rules that the wizard could not have made are left as text', () => {
  for (const rules of [
    [{ events: ['TODO_*'] }],
    [{ events: ['*_CREATED'] }],
    [{ events: ['*'], not_events: ['A'] }],
    [{ events: ['A'], what_comes_later: 1 }],
    [{ events: ['A'], filter: 'true' }, { events: ['B'], projects: ['1'], filter: 'false' }],
    [{ events: ['A'] }, { events: ['B'], projects: ['1'] }],
    [{ events: ['*', 'A'] }],
    [{ all_of: [{ events: ['A'] }, { events: ['B'], filter: 'true' }], within: '1m' }],
    [{ all_of: [{ events: ['A'] }, { events: ['B', 'C'] }], within: '1m' }],
    [{ all_of: [{ events: ['A'] }, { events: ['B'] }], within: '1h30m' }],
    [{ all_of: [{ events: ['A'] }, { events: ['B'] }], within: '1m' }, { events: ['A'] }],
    [{ events: ['webhook.*'], filter: "type != 'x'" }],
  ] as Rule[][]) {
    expect(draftOf(rules), JSON.stringify(rules)).toBeUndefined();
  }
});

test('rules: a combination is one rule', () => {
  const together = { parts: ['A', 'B'], within: 10, unit: 'm', same: 'current.id', inOrder: true, unless: 'C' } as const;
  expect(rulesOf({ ...emptyDraft, what: 'together', together: { ...together, parts: [...together.parts] }, where: 'some', places: ['p:1', 'c:2'] })).toEqual([
    { all_of: [{ events: ['A'] }, { events: ['B'] }], within: '10m', same: 'current.id', in_order: true, none_of: [{ events: ['C'] }], projects: ['1'], companies: ['2'] },
  ]);
});

test('state says every combination in one word', () => {
  const recovery = { gave_up_at: null, next_probe_at: null, probes: 0, until: null };
  const on = { enabled: true, disabled_reason: null } as const;
  const off = { enabled: false, status: 'UNHEALTHY' } as const;
  expect(stateOf({ ...on, status: 'HEALTHY' })).toBe('working');
  const none = { attempts: 0, last_attempt_at: null, recovery: null, draining: false, drain: null, unreachable_rules: [] };
  expect(stateOf({ ...on, status: 'HEALTHY', stats: none })).toBe('new');
  expect(stateOf({ ...on, status: 'HEALTHY', stats: { ...none, attempts: 1 } })).toBe('working');
  expect(stateOf({ ...on, status: 'HEALTHY', stats: { ...none, last_attempt_at: '2026-01-01T00:00:00Z' } })).toBe('working');
  expect(stateOf({ ...on, status: 'HEALTHY', stats: { ...none, draining: true } })).toBe('catching_up');
  expect(stateOf({ ...on, status: 'HEALTHY', stats: { ...none, attempts: 3, draining: true, drain: { total: 3, left: 1 } } })).toBe('catching_up');
  expect(stateOf({ ...on, status: 'HEALTHY', stats: { ...none, attempts: 3, draining: true, drain: { total: 3, left: 0 } } })).toBe('working');
  expect(stateOf({ ...on, status: 'HEALTHY', draining: true })).toBe('catching_up');
  expect(stateOf({ ...on, status: 'DEGRADED', draining: true })).toBe('failing');
  expect(stateOf({ ...on, status: 'UNHEALTHY' })).toBe('failing');
  expect(stateOf({ ...off, status: 'HEALTHY', disabled_reason: 'owner' })).toBe('off_owner');
  expect(stateOf({ ...off, disabled_reason: 'health', recovery })).toBe('off_failing');
  expect(stateOf({ ...off, disabled_reason: 'health', recovery: { ...recovery, gave_up_at: '2026-01-01T00:00:00Z' } })).toBe('off_gave_up');
  expect(stateOf({ ...off, disabled_reason: 'health', stats: { ...none, recovery: { ...recovery, gave_up_at: '2026-01-01T00:00:00Z' } } })).toBe('off_gave_up');
  expect(stateOf({ ...off, disabled_reason: 'gone' })).toBe('off_gone');
  expect(needsYou({ ...off, disabled_reason: 'owner' })).toBe(false);
  expect(needsYou({ ...off, disabled_reason: 'gone' })).toBe(true);
  for (const [facts, want] of [
    [{ ...off, disabled_reason: 'gone' }, true],
    [{ ...off, disabled_reason: 'health' }, true],
    [{ ...off, disabled_reason: 'owner' }, false],
    [{ ...on, status: 'DEGRADED' }, true],
    [{ ...on, status: 'HEALTHY' }, false],
  ] as const)
    expect(ails(facts)).toBe(want);
  expect(needsYou({ ...on, status: 'HEALTHY', stats: { ...none, unreachable_rules: [0] } })).toBe(true);
  expect(needsYou({ ...on, status: 'DEGRADED', stats: none })).toBe(false);
});

test('changes go by meaning, those that differ first', () => {
  const changes = changesOf({ a: 1, b: { x: 1, y: [2] }, c: 'gone', d: 1 }, { b: { y: [2], x: 1 }, a: 1, d: 2, e: null });
  expect(changes.map((c) => `${c.key}:${c.kind}`)).toEqual(['c:removed', 'd:changed', 'e:added', 'a:same', 'b:same']);
  expect(changesOf(null, { a: 1 }).map((c) => c.kind)).toEqual(['added']);
});

test('curl quotes what a shell would read', () => {
  const text = curlOf({ url: "https://example.org/it's?a=$b", headers: { 'webhook-id': 'evt_1', 'Content-Length': '3', 'X-A': "'; rm" }, body: '{"a":"it\'s"}' });
  expect(text).toContain(`'https://example.org/it'\\''s?a=$b'`);
  expect(text).toContain(`-H 'X-A: '\\''; rm'`);
  expect(text).not.toContain('Content-Length');
});

test('rules: a project is reached by its name, its company, or all', () => {
  const shop = { id: 'shop', company_id: 'acme' };
  for (const [rule, yes] of [
    [{ events: ['*'] }, true],
    [{ events: ['TODO_CREATED'], projects: ['shop', 'x'] }, true],
    [{ events: ['TODO_CREATED'], companies: ['acme'] }, true],
    [{ events: ['TODO_CREATED'], projects: ['x'], companies: ['zeta'] }, false],
    [{ events: ['webhook.disabled'] }, false], // is about no project
    [{ all_of: [{ events: ['A'] }, { events: ['B'] }], within: '1h' }, true],
  ] as const) {
    expect(reaches([rule as unknown as Rule], shop), JSON.stringify(rule)).toBe(yes);
  }
});

test('rules: combinations are read back', () => {
  const together = { parts: ['A', 'B', 'A'], within: 90, unit: 'm', same: 'current.list.id', inOrder: true, unless: 'C' } as const;
  for (const d of [
    { ...emptyDraft, what: 'together', together, where: 'everywhere' },
    { ...emptyDraft, what: 'together', together: { ...together, inOrder: false, unless: '' }, where: 'some', places: ['p:1', 'c:2'], own: ['webhook.disabled'] },
  ] as unknown as Draft[]) {
    expect(draftOf(rulesOf(d))).toEqual(d);
  }
});
