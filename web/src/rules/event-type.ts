import type { Schemas } from '../api/client';
import type { EventType } from '../api/hooks';

type Words = { title?: string; description?: string; group?: string };

// TypeDraft is a kind of event while it is edited; schema and states are text, '' = none.
export interface TypeDraft {
  name: string;
  group: string;
  title: string;
  description: string;
  words: Record<string, Words>;
  schema: string;
  previous: string;
  current: string;
  archived: boolean;
}

export const emptyType: TypeDraft = { name: '', group: '', title: '', description: '', words: {}, schema: '', previous: '', current: '', archived: false };

const text = (value: unknown) => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));

export const asText = (x: EventType): TypeDraft => ({
  name: x.name,
  group: x.group,
  title: x.title ?? '',
  description: x.description,
  words: x.translations,
  schema: text(x.schema),
  previous: text(x.example.previous),
  current: text(x.example.current),
  archived: Boolean(x.archived_at),
});

// objectOf reads a JSON object; null of an empty text, undefined of anything else.
export function objectOf(source: string): Record<string, unknown> | null | undefined {
  if (source.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(source);
    return value === null ? null : typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

// asForm is a draft as the API takes it; undefined while it can't be sent.
export function asForm(d: TypeDraft): Schemas['EventTypeForm'] | undefined {
  const [schema, previous, current] = [objectOf(d.schema), objectOf(d.previous), objectOf(d.current)];
  if (schema === undefined || previous === undefined || current === undefined || d.group.trim() === '') return undefined;
  const filled = (w: Words) => Object.fromEntries(Object.entries(w).filter(([, value]) => value.trim() !== '')) as Words;
  const translations = Object.fromEntries(
    Object.entries(d.words)
      .map(([language, words]) => [language, filled(words)] as const)
      .filter(([, words]) => Object.keys(words).length > 0),
  );
  return { group: d.group.trim(), title: d.title.trim() || null, description: d.description.trim(), schema, example: { previous, current }, archived: d.archived, translations };
}
