import { expect, test } from 'vitest';
import { asQuery, asRedelivery, codeFits, soughtBy } from './filter';

test('filters of an address ask the list, and send again exactly what it shows', () => {
  const s = soughtBy({ status: 'failed,held', type: 'TODO_CREATED', reason: 'status_5xx,nonsense', code: '503,5xx,x', since: '7d' }, 'wh_1');
  const { since, ...query } = asQuery(s);
  expect(query).toEqual({ webhook_id: 'wh_1', status: ['failed', 'held'], event_type: ['TODO_CREATED'], reason: ['status_5xx'], status_code: ['503', '5xx'], kind: undefined, project_id: undefined, q: undefined, latest: 'true', redelivery_id: undefined, until: undefined });
  const again = asRedelivery(s);
  expect(again).toEqual({ since: again?.since, statuses: query.status, event_types: query.event_type, reasons: query.reason, status_codes: query.status_code });
  for (const at of [since, again?.since]) expect(Math.abs(Date.parse(at ?? '') - (Date.now() - 7 * 24 * 3600e3))).toBeLessThan(5000);
});

test('a stretch between two times is asked for, and sent again', () => {
  const [since, until] = ['2026-11-01T10:00:00.000Z', '2026-11-02T10:00:00.000Z'];
  const s = soughtBy({ status: 'failed', since, until }, 'wh_1');
  expect(asQuery(s)).toMatchObject({ since, until });
  expect(asRedelivery(s)).toEqual({ since, until, statuses: ['failed'] });
});

test('no more than the list shows is sent again', () => {
  expect(asRedelivery(soughtBy({ status: 'failed' }, 'wh_1'))?.since, 'the list goes back to the beginning').toBe('1970-01-01T00:00:00Z');
  for (const f of [{ status: 'failed,succeeded' }, {}, { status: 'failed', project: 'shop' }, { status: 'failed', kind: 'published' }, { status: 'pending' }, { status: 'failed', q: 'dlv_1' }, { status: 'failed', redelivery: 'rdl_1' }]) expect(asRedelivery(soughtBy(f, 'wh_1')), JSON.stringify(f)).toBeUndefined();
  expect(asRedelivery(soughtBy({ status: 'failed' }))).toBeUndefined();
});

test('what was sent again is folded unless it is looked for, and ids are found by their beginning', () => {
  expect(asQuery(soughtBy({ latest: 'true', q: 'dlv_03' }))).toEqual({ latest: 'true', q: 'dlv_03' });
  expect(asQuery(soughtBy({ latest: 'x', q: 'a b' }))).toEqual({ latest: 'true' });
  for (const f of [{ latest: 'false' }, { q: 'dlv_03' }, { redelivery: 'rdl_1' }]) expect(asQuery(soughtBy(f)).latest, JSON.stringify(f)).toBeUndefined();
});

test('filters leave out what they do not know', () => {
  expect(asQuery(soughtBy({ status: 'nonsense', kind: 'x', since: '99y', reason: '', code: '1' }))).toEqual({ latest: 'true' });
  expect(['200', '5xx', '999'].every(codeFits)).toBe(true);
  expect(['', '5x', '5XX', '050', '5xxx', '200,'].some(codeFits)).toBe(false);
});
