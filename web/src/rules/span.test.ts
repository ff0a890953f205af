import { expect, test } from 'vitest';
import { asTimes, backwards, betweenBy, chosen, fromLocal, toLocal } from './span';

test('span: an address has one back from now, or two times', () => {
  const [from, to] = ['2026-11-01T10:00:00.000Z', '2026-11-02T10:00:00.000Z'];
  for (const [address, read, choice] of [
    [{}, { since: undefined, until: undefined }, undefined],
    [{ since: '7d' }, { since: '7d', until: undefined }, '7d'],
    [{ since: '7d', until: to }, { since: '7d', until: undefined }, '7d'],
    [{ since: from, until: to }, { since: from, until: to }, 'own'],
    [{ until: to }, { since: undefined, until: to }, 'own'],
    [{ since: '99y', until: 'x' }, { since: undefined, until: undefined }, undefined],
    [{ since: '2026-13-99T10:00:00Z' }, { since: undefined, until: undefined }, undefined],
  ] as const) {
    expect(betweenBy(address)).toEqual(read);
    expect(chosen(betweenBy(address))).toBe(choice);
  }
  expect(asTimes({ since: from, until: to })).toEqual({ since: from, until: to });
  expect(Math.abs(Date.parse(asTimes({ since: '24h' }).since ?? '') - (Date.now() - 24 * 3600e3))).toBeLessThan(5000);
  expect(backwards({ since: from, until: to })).toBe(false);
  expect(backwards({ since: to, until: from })).toBe(true);
  expect(backwards({ since: from, until: from })).toBe(true);
  expect(backwards({ since: '7d' })).toBe(false);
});

test('span: fields show the reader’s clock', () => {
  expect(fromLocal(toLocal('2026-11-01T10:07:00.000Z'))).toBe('2026-11-01T10:07:00.000Z');
  expect(toLocal(undefined)).toBe('');
  expect(fromLocal('')).toBeUndefined();
  expect(fromLocal('nonsense')).toBeUndefined();
});
