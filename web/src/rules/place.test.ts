import { expect, test } from 'vitest';
import { placeOf, spanOf } from './place';

test('place: characters are counted, not units of UTF-16', () => {
  for (const [text, place, from, to] of [
    ['abc', { line: 1, column: 2, length: 1 }, 1, 2],
    ["'🎉' + x", { line: 1, column: 7, length: 1 }, 7, 8],
    ['a\nbc\nd', { line: 2, column: 1, length: 2 }, 2, 4],
    ['abc &&', { line: 1, column: 7, length: 1 }, 5, 6], // behind the end
    ['abc', { line: 1, column: 2, length: 99 }, 1, 3],
  ] as const)
    expect(spanOf(text, place), text).toEqual({ from, to });
  expect(spanOf('', { line: 1, column: 1, length: 1 })).toBeUndefined();
  expect(spanOf('a', { line: 2, column: 1, length: 1 })).toBeUndefined();
});

test('place: a fault may have none', () => {
  const fault = { pointer: '/rules/0/filter', code: 'filter', detail: '' } as const;
  expect(placeOf({ ...fault, params: { line: 1, column: 3, length: 2 } })).toEqual({ line: 1, column: 3, length: 2 });
  expect(placeOf({ ...fault, params: { line: 1, column: 3 } })).toEqual({ line: 1, column: 3, length: 1 });
  expect(placeOf({ ...fault, params: {} })).toBeUndefined();
  expect(placeOf(undefined)).toBeUndefined();
});
