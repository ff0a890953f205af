import { expect, test } from 'vitest';
import { settle } from './settle';

const list = (ids: string, note = '') => [...ids].map((id) => ({ id, note }));
const ids = (rows: { id: string }[]) => rows.map((r) => r.id).join('');

test('settle: new rows move nothing, and are counted', () => {
  for (const [shown, newest, full, rows, fresh, many] of [
    [undefined, 'cba', false, 'cba', 0, false],
    ['', 'cba', false, 'cba', 0, false], // nothing is read
    ['cba', 'cba', false, 'cba', 0, false],
    ['cba', 'edcba', false, 'cba', 2, false],
    ['cba', 'edc', true, 'cba', 2, false], // b and a were pushed over the end
    ['cba', 'edc', false, 'c', 2, false], // b and a left
    ['cba', 'ca', false, 'ca', 0, false],
    ['cba', 'cxa', false, 'ca', 1, false], // between
    ['cba', 'ba9', true, 'ba9', 0, false], // 9 takes the place of c at the end
    ['cba', 'fed', true, 'cba', 3, true],
    ['cba', 'fed', false, 'fed', 0, false], // all that was read has left
    ['cba', '', false, '', 0, false],
  ] as const) {
    const kept = settle(shown === undefined ? undefined : list(shown), list(newest), full);
    expect({ rows: ids(kept.rows), fresh: kept.fresh, many: kept.many }, `${shown} ${newest} ${full}`).toEqual({ rows, fresh, many });
  }
});

test('settle: rows that are shown are those of the newest answer', () => {
  expect(settle(list('ba', 'old'), list('cb', 'new'), true).rows).toEqual([
    { id: 'b', note: 'new' },
    { id: 'a', note: 'old' },
  ]);
});
