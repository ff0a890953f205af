import { expect, test } from 'vitest';
import { cel, fieldsOf, fieldsTold, linesOf, ofRecord, opsFor, parse, sharedBy, speakable, valuesAt, write, type Condition, type Field, type Line } from './condition';

// random is a generator that gives the same numbers each time.
function random(seed: number) {
  return (below: number) => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return Math.floor((seed / 4294967296) * below);
  };
}

const words = ['Done', '', "it's", 'a \\ b', "') || (true", 'ä 🎉', 'two\nlines', '.?x', "x' in ['y", '$&', 'NUMBER', "orValue('')"];
const paths = ['status', 'list.title', '_x1', 'custom_fields'];

function someLine(below: (n: number) => number): Line {
  const word = () => words[below(words.length)] ?? '';
  const path = paths[below(paths.length)] ?? '';
  const n = [0, 1, -3, 12.5, 1e21, 1e-7][below(6)] ?? 0;
  const lines: Line[] = [
    { op: 'is', path, value: word() },
    { op: 'is_not', path, value: word() },
    { op: 'contains', path, value: word().toLowerCase() },
    { op: 'becomes', path, value: word() },
    { op: 'has', path, value: word() },
    { op: 'one_of', path, values: [word(), word(), word()] },
    { op: 'empty', path },
    { op: 'not_empty', path },
    { op: 'on', path },
    { op: 'off', path },
    { op: 'changes', path: path.split('.')[0] ?? '' },
    { op: 'grows', path },
    { op: 'equals', path, number: n },
    { op: 'more', path, number: n },
    { op: 'at_least', path, number: n },
    { op: 'less', path, number: n },
    { op: 'at_most', path, number: n },
    { op: 'grows_by', path, number: [5, 20, 12.5, 150][below(4)] ?? 5 },
    { op: 'between', path, from: n, to: 100 },
    { op: 'before', path, day: '2026-08-01' },
    { op: 'after', path, day: '2026-12-31' },
    { op: 'from_to', path, from: word(), to: word() },
    { op: 'has_named', path, name: word(), value: word() },
    { op: 'has_named_not', path, name: word(), value: word() },
    { op: 'has_named_contains', path, name: word(), value: word().toLowerCase() },
    { op: 'has_named_more', path, name: word(), number: n },
    { op: 'has_named_at_least', path, name: word(), number: n },
    { op: 'has_named_less', path, name: word(), number: n },
    { op: 'has_named_at_most', path, name: word(), number: n },
    { op: 'has_name', path, name: word() },
    { op: 'by', user: word() },
    { op: 'not_by', user: word() },
    { op: 'weekdays', zone: 'Europe/Berlin' },
    { op: 'hours', zone: 'UTC', from: 9, to: 17 },
  ];
  return lines[below(lines.length)] as Line;
}

test('condition: what was written is read back the same', () => {
  const below = random(7);
  for (let i = 0; i < 3000; i++) {
    const some = (least: number) => Array.from({ length: least + below(4) }, () => someLine(below));
    const condition: Condition = { join: below(2) ? 'all' : 'any', lines: some(1) };
    for (let groups = below(3); groups > 0; groups--) condition.lines.splice(below(condition.lines.length + 1), 0, { op: 'group', join: below(2) ? 'all' : 'any', lines: some(2) });
    if (condition.lines.length === 1) condition.join = 'all';
    const text = write(condition);
    expect(parse(text), text).toEqual(condition);
  }
});

test('condition: what was written before null was thought of is read, and written anew', () => {
  for (const [text, lines] of [
    ['(has(current.total) && current.total > 10)', [{ op: 'more', path: 'total', number: 10 }]],
    ['(has(current.list.size) && current.list.size >= 1 && current.list.size <= 3)', [{ op: 'between', path: 'list.size', from: 1, to: 3 }]],
    ['(has(previous.total) && has(current.total) && current.total > previous.total)', [{ op: 'grows', path: 'total' }]],
    ["(!has(current.title) || current.title == null || current.title == '')", [{ op: 'empty', path: 'title' }]],
    ["(has(current.title) && current.title != null && current.title != '')", [{ op: 'not_empty', path: 'title' }]],
    [
      "(has(current.due_at) && current.due_at != null && timestamp(current.due_at) < timestamp('2026-08-01T00:00:00Z')) && (has(current.a) && current.a == 1)",
      [
        { op: 'before', path: 'due_at', day: '2026-08-01' },
        { op: 'equals', path: 'a', number: 1 },
      ],
    ],
  ] as [string, Line[]][]) {
    const read = parse(text);
    expect(read, text).toEqual({ join: 'all', lines });
    if (read) expect(parse(write(read))).toEqual(read);
  }
});

test('condition: groups are one level deep', () => {
  const [a, b, c] = ['x', 'y', 'z'].map((value): Line => ({ op: 'is', path: 'status', value }));
  if (!a || !b || !c) return;
  const is = (value: string) => `(current.?status.orValue('') == '${value}')`;
  const grouped: Condition = { join: 'all', lines: [a, { op: 'group', join: 'any', lines: [b, c] }] };
  expect(write(grouped)).toBe(`${is('x')} && (${is('y')} || ${is('z')})`);
  expect(linesOf(grouped)).toEqual([a, b, c]);
  expect(write({ join: 'all', lines: [a, { op: 'group', join: 'any', lines: [b] }, { op: 'group', join: 'any', lines: [] }] })).toBe(`${is('x')} && ${is('y')}`);
  expect(parse(`(${is('x')} && (${is('y')} || ${is('z')}))`), 'a group in a group').toBeUndefined();
  expect(parse(`((${is('x')} && ${is('y')}))`)).toBeUndefined();
});

test('condition: other text is left alone', () => {
  for (const text of [
    '',
    'true',
    "current.status == 'Done'",
    "(current.?status.orValue('') == 'Done') && true",
    "(current.?status.orValue('') == 'Done') && (current.?b.orValue('') == 'x') || (current.?c.orValue('') == 'x')",
    "(current.?status.orValue('')  == 'Done')",
    "('status' in changed && current.?other.orValue('') == 'Done')",
    "(has(current.a) && current.b > 1)",
    "(current.?status.orValue('') == 'Done'",
    "(current.?status.orValue('') == 'Done') && ",
    "(current.?status.orValue('') == 'Done' /* why */)",
  ]) {
    expect(parse(text), text).toBeUndefined();
  }
});

test('condition: texts are those that the API was tried with', () => {
  for (const [line, text] of [
    [{ op: 'is', path: 'status', value: 'Done' }, "current.?status.orValue('') == 'Done'"],
    [{ op: 'becomes', path: 'status', value: 'Done' }, "'status' in changed && current.?status.orValue('') == 'Done'"],
    [{ op: 'becomes', path: 'list.title', value: 'Done' }, "'list' in changed && current.?list.?title.orValue('') == 'Done'"],
    [
      { op: 'grows_by', path: 'total', number: 20 },
      'has(previous.total) && previous.total != null && has(current.total) && current.total != null && current.total >= previous.total * 1.2',
    ],
    [{ op: 'more', path: 'total', number: 10 }, 'has(current.total) && current.total != null && current.total > 10'],
    [{ op: 'more', path: 'list.size', number: 10 }, 'has(current.list) && current.list != null && has(current.list.size) && current.list.size != null && current.list.size > 10'],
    [{ op: 'empty', path: 'title' }, "!(has(current.title) && current.title != null) || current.title == ''"],
    [{ op: 'contains', path: 'title', value: 'LATE' }, "string(current.?title.orValue('')).lowerAscii().contains('late')"],
  ] as [Line, string][]) {
    expect(cel(line)).toBe(text);
  }
});

test('condition: fields are what examples have', () => {
  const fields = fieldsOf([
    {
      previous: null,
      current: { status: 'Open', total: 3, done: false, due_at: null, at: '2026-01-02T03:04:05Z', tags: ['late'], custom_fields: [{ name: 'Budget', value: 1 }], list: { title: 'To do' }, 'odd key': 1, in: 2 },
    },
  ]);
  expect(fields.map((f) => `${f.path}:${f.kinds.join()}`)).toEqual(['status:text', 'total:number', 'done:switch', 'due_at:day', 'at:day', 'tags:list', 'custom_fields:things', 'list.title:text']);
  expect(speakable('a.b_c')).toBe(true);
  expect(speakable('a-b')).toBe(false);
});

test('condition: fields are what the API tells of each type', () => {
  const fields = fieldsTold([
    [
      { path: 'status', kinds: ['text'], example: null },
      { path: 'total', kinds: ['number', 'text'], example: '3' },
      { path: 'list', kinds: ['object'], example: null },
      { path: 'list.title', kinds: ['text'], example: 'To do' },
      { path: 'due_at', kinds: [], example: null },
      { path: 'people', kinds: ['objects'], example: null },
      { path: 'in', kinds: ['text'], example: null },
    ],
    [
      { path: 'status', kinds: ['boolean', 'text'], example: 'Open' },
      { path: 'custom', kinds: ['named_values'], example: 'Budget' },
    ],
  ]);
  expect(fields).toEqual([
    { path: 'status', kinds: ['text', 'switch'], example: 'Open' },
    { path: 'total', kinds: ['number', 'text'], example: '3' },
    { path: 'list.title', kinds: ['text'], example: 'To do' },
    { path: 'due_at', kinds: ['day'] },
    { path: 'people', kinds: ['objects'] },
    { path: 'custom', kinds: ['things'], example: 'Budget' },
  ]);
  const ops = opsFor({ path: 'total', kinds: ['number', 'text'] });
  expect(ops.slice(0, 2)).toEqual(['more', 'at_least']);
  expect(ops).toContain('contains');
  expect(ops.length).toBe(new Set(ops).size);
});

test('values that a line asks about are those of both states where it asks for a change', () => {
  const [previous, current] = [{ status: 'Open', list: { title: 'A' } }, { status: 'Done', list: null }];
  const states = { previous, current };
  expect(valuesAt({ op: 'is', path: 'status', value: 'x' }, states)).toEqual({ before: undefined, after: 'Done' });
  expect(valuesAt({ op: 'becomes', path: 'status', value: 'x' }, states)).toEqual({ before: 'Open', after: 'Done' });
  expect(valuesAt({ op: 'changes', path: 'list.title' }, states)).toEqual({ before: 'A', after: undefined });
  expect(valuesAt({ op: 'grows', path: 'missing' }, states)).toEqual({ before: null, after: undefined });
  expect(valuesAt({ op: 'becomes', path: 'status', value: 'x' }, { previous: null, current })).toEqual({ before: undefined, after: 'Done' });
  expect(valuesAt({ op: 'is', path: 'status', value: 'x' }, { previous, current: null })).toEqual({ before: undefined, after: undefined });
});

test('parts of a combination share what all of them hold one value of', () => {
  const text = (path: string): Field => ({ path, kinds: ['text'] });
  expect(sharedBy([[text('id'), text('list.id'), { path: 'tags', kinds: ['list'] }], [{ path: 'tags', kinds: ['list'] }, text('list.id'), text('other')]])).toEqual(['list.id']);
  expect(sharedBy([[text('id')]])).toEqual(['id']);
  expect(sharedBy([])).toEqual([]);
});

test('events of a record are asked for by its id, which may be a number', () => {
  expect(ofRecord("it's")).toBe("current.?id.orValue('') == 'it\\'s' || previous.?id.orValue('') == 'it\\'s'");
  expect(ofRecord('42')).toContain("current.?id.orValue('') == 42 || ");
  expect(ofRecord('042')).not.toContain('== 042');
});
