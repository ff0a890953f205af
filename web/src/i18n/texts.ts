import type { en } from './en';

// Plural has a form for each kind of number that a language tells apart.
export type Plural = { one?: string; few?: string; many?: string; other: string };
export type Texts = Record<string, string | Plural>;

// Part holds the texts of one file in another language: all of them, and no others.
export type Part<English extends Texts> = { [K in keyof English]: English[K] extends string ? string : Plural };

export type Key = keyof typeof en;
export type Catalogue = Part<typeof en>;
