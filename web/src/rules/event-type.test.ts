import { expect, test } from 'vitest';
import type { EventType } from '../api/hooks';
import { asForm, asText, emptyType, objectOf } from './event-type';

test('kinds of event are edited and saved as they are', () => {
  const type = {
    name: 'INVOICE_PAID',
    group: 'Invoices',
    title: 'Invoice paid',
    description: 'An invoice was paid.',
    translations: { de: { title: 'Rechnung bezahlt', group: 'Rechnungen' }, fr: { title: 'Facture' } },
    schema: { type: 'object' },
    example: { previous: null, current: { id: 1 } },
    archived_at: null,
  } as unknown as EventType;
  const draft = asText(type);
  expect(asForm(draft)).toEqual({
    group: type.group,
    title: type.title,
    description: type.description,
    translations: type.translations, // also of languages that have no fields here
    schema: type.schema,
    example: type.example,
    archived: false,
  });
  expect(asForm({ ...draft, words: { de: { title: ' ', group: '' } } })?.translations).toEqual({});
  expect(asForm({ ...draft, schema: '{' })).toBeUndefined();
  expect(asForm({ ...draft, current: '[]' })).toBeUndefined();
  expect(asForm(emptyType)).toBeUndefined();
  expect([objectOf(''), objectOf('null'), objectOf('{"a":1}'), objectOf('1')]).toEqual([null, null, { a: 1 }, undefined]);
});
