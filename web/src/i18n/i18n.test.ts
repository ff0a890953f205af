import { expect, test } from 'vitest';
import { de } from './de';
import { en } from './en';
import { admin } from './en/admin';
import { connect } from './en/connect';
import { deeds } from './en/deeds';
import { faults } from './en/faults';
import { help } from './en/help';
import { play } from './en/play';
import { types } from './en/types';
import { verify } from './en/verify';
import { webhooks } from './en/webhooks';
import { wizard } from './en/wizard';
import { fill, type Plural } from './index';
import { pl } from './pl';

const placeholders = (text: string | Plural) => new Set(Object.values(typeof text === 'string' ? { text } : text).flatMap((form: string) => form.match(/\{\w+\}/g) ?? []));

test('texts have the same placeholders in each language', () => {
  for (const [key, text] of Object.entries(en)) {
    for (const [language, catalogue] of Object.entries({ de, pl })) {
      expect(placeholders(catalogue[key as keyof typeof en]), `${language} ${key}`).toEqual(placeholders(text));
    }
  }
});

test('texts are there in each language', () => {
  for (const [key, text] of Object.entries(en)) {
    for (const catalogue of [de, pl]) expect(JSON.stringify(catalogue[key as keyof typeof en]) === '""', key).toBe(JSON.stringify(text) === '""');
  }
});

test('no text stands in two files', () => {
  const all = [webhooks, wizard, admin, connect, deeds, faults, help, play, types, verify].flatMap((part) => Object.keys(part));
  expect(all.length).toBe(Object.keys(en).length);
});

test('plurals follow the language', () => {
  const kept = { one: '{n} zdarzenie', few: '{n} zdarzenia', many: '{n} zdarzeń', other: '{n} zdarzenia' };
  expect([0, 1, 2, 5, 12, 22, 25].map((n) => fill(kept, 'pl', { n }))).toEqual(['0 zdarzeń', '1 zdarzenie', '2 zdarzenia', '5 zdarzeń', '12 zdarzeń', '22 zdarzenia', '25 zdarzeń']);
  for (const [key, text] of Object.entries(pl)) {
    // Where the Polish noun changes, all of its forms are there.
    if (typeof text !== 'string' && text.one !== text.other) expect(Object.keys(text).sort(), key).toEqual(['few', 'many', 'one', 'other']);
  }
  expect(fill({ one: '{n} event', other: '{n} events' }, 'en', { n: 1234 })).toBe('1,234 events');
  expect(fill('{a} and {b}', 'en', { a: 'x' })).toBe('x and {b}');
});

test('values from right to left leave the sentence as it is', () => {
  const name = '\u05E2\u05D1\u05E8\u05D9\u05EA';
  expect(fill('{a} and {b}', 'en', { a: name, b: 'x' })).toBe(`\u2068${name}\u2069 and x`);
  expect(fill('{a} and {b}', 'en', { a: '\u202Etxet\u2069', b: 'x' })).toBe('txet and x');
});
