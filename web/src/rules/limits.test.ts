import { expect, test } from 'vitest';
import { limitsOf } from './limits';

const many = (n: number, what = 'x') => Array.from({ length: n }, (_, i) => `${what}${i}`);

test('limits are said from four fifths on, rules always where there are several', () => {
  expect(limitsOf([])).toEqual([]);
  expect(limitsOf([{ events: many(159) }])).toEqual([]);
  expect(limitsOf([{ events: many(160) }])).toEqual([{ of: 'types', n: 160, max: 200 }]);
  expect(limitsOf([{ events: ['*'], projects: many(201), companies: many(3) }])).toEqual([{ of: 'places', n: 201, max: 200 }]);
  expect(limitsOf(many(2).map((x) => ({ events: [x] })), true)).toEqual([{ of: 'rules', n: 2, max: 50 }]);
  expect(limitsOf(many(51).map((x) => ({ events: [x] })))).toEqual([{ of: 'rules', n: 51, max: 50 }]);
  expect(limitsOf([{ events: many(100), projects: many(100) }])).toEqual([{ of: 'pairs', n: 10_000, max: 10_000 }]);
  expect(limitsOf([{ events: ['*'], filter: 'ä'.repeat(2048) }])).toEqual([{ of: 'condition', n: 4096, max: 4096 }]);
  expect(limitsOf(many(20).map((x) => ({ events: [x], filter: 'x'.repeat(3000) })))).toEqual([{ of: 'filters', n: 60_000, max: 65_536 }]);
});
