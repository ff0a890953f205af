import { expect, test } from 'vitest';
import { asWritten, rawMembers, sameJSON } from './raw';

test('rawMembers: values keep the characters that they were written with', () => {
  const current = '{ "b": 1.10, "10": 12345678901234567890,\n "a": "\\u0041\\"}{,", "2": [1.0, {"x": -0e0}], "n": null }';
  const members = rawMembers(`{"id":"e,\\"1","deliveries":[{"current":{}}],"previous":null ,"current":${current}}\n`);
  expect([...members]).toEqual([
    ['id', '"e,\\"1"'],
    ['deliveries', '[{"current":{}}]'],
    ['previous', 'null'],
    ['current', current],
  ]);
  expect([...rawMembers(current)]).toEqual([
    ['b', '1.10'],
    ['10', '12345678901234567890'],
    ['a', '"\\u0041\\"}{,"'],
    ['2', '[1.0, {"x": -0e0}]'],
    ['n', 'null'],
  ]);
});

test('rawMembers: objects without members, and texts that are none', () => {
  for (const none of ['{}', ' { } ', 'null', '[]', '']) expect(rawMembers(none).size, none).toBe(0);
});

test('rawMembers: whatever JSON writes is read', () => {
  for (let n = 0; n < 500; n++) {
    const any = (depth: number): unknown => {
      const kind = Math.floor(Math.random() * (depth > 3 ? 4 : 6));
      if (kind === 0) return Math.random() < 0.5 ? null : Math.random() < 0.5;
      if (kind === 1) return (Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 20);
      if (kind < 4) return ['', '"', '\\', '{', '],', 'ż😀', '\n'].filter(() => Math.random() < 0.4).join('');
      const parts = Array.from({ length: Math.floor(Math.random() * 4) }, () => any(depth + 1));
      return kind === 4 ? parts : Object.fromEntries(parts.map((p, i) => [`${i}"\\${i}`, p]));
    };
    const value = { first: any(0), second: any(0) };
    const text = JSON.stringify(value, null, Math.random() < 0.5 ? 2 : 0);
    const read = Object.fromEntries([...rawMembers(text)].map(([k, v]) => [k, JSON.parse(v) as unknown]));
    expect(read, text).toEqual(JSON.parse(text));
  }
});

test('sameJSON: numbers are compared by all their digits, whatever their spelling', () => {
  for (const [a, b, same] of [
    ['12345678901234567890', '12345678901234567891', false],
    ['[{"x": 0.30000000000000000001}]', '[{"x":0.3}]', false],
    ['1.10', '1.1', true],
    ['1e3', '1000.0', true],
    ['-0', '0e5', true],
    ['1e400', '1e401', false],
    ['1e400', '10E+399', true],
    ['-1', '1', false],
    ['1', '"1"', false],
    ['{"a": 1, "b": [2.0]}', '{"b":[2],"a":1.0}', true],
    ['{"a": 1}', '{"a": 1, "b": null}', false],
    ['{"a": 2, "a": 1}', '{"a": 1}', true],
    ['"\\u0041"', '"A"', true],
    ['null', 'false', false],
    ['[]', '{}', false],
  ] as const) {
    expect(sameJSON(a, b), `${a} ${b}`).toBe(same);
    expect(sameJSON(b, a), `${b} ${a}`).toBe(same);
  }
});

test('asWritten: every value is spread over lines, and no digit changes', () => {
  expect(asWritten('{"a":[1.10,12345678901234567891],"b":{},"c":[],"d\\"":"\\u0041"}')).toBe('{\n "a": [\n  1.10,\n  12345678901234567891\n ],\n "b": {},\n "c": [],\n "d\\"": "\\u0041"\n}');
  expect(asWritten('1.0')).toBe('1.0');
});
