import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from '../i18n/en';
import { actions } from './actions';

test('actions are those that the API has, each with words', () => {
  const source = readFileSync(new URL('../../../internal/hook/audit.go', import.meta.url), 'utf8');
  const known = [...source.matchAll(/Action = "([a-z_.]+)"/g)].map((m) => m[1]);
  expect(known.length).toBeGreaterThan(30);
  expect([...actions].sort()).toEqual(known.sort());
  expect(Object.keys(en).filter((key) => key.startsWith('action.')).sort()).toEqual(actions.map((a) => `action.${a}`).sort());
});
