import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { now } from '../api/clock';
import { isolated } from '../rules/isolated';
import type { Catalogue, Key, Plural } from './texts';

export type { Catalogue, Key, Plural };
export type Params = Record<string, string | number>;

export const languages = { en: 'English', de: 'Deutsch', pl: 'Polski' } as const;
export type Language = keyof typeof languages;

const load: Record<Language, () => Promise<Catalogue>> = {
  en: async () => (await import('./en')).en,
  de: async () => (await import('./de')).de,
  pl: async () => (await import('./pl')).pl,
};

const storageKey = 'godwit.language';
const known = (l: string | null | undefined): l is Language => !!l && l in languages;

function preferred(): Language {
  const chosen = localStorage.getItem(storageKey);
  if (known(chosen)) return chosen;
  return navigator.languages.map((l) => l.slice(0, 2)).find(known) ?? 'en';
}

export function fill(text: string | Plural, language: string, params: Params = {}): string {
  const n = params['n'];
  const form = typeof text === 'string' ? text : (text[new Intl.PluralRules(language).select(Number(n)) as keyof Plural] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : isolated(value);
  });
}

function formats(language: string) {
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' });
  const date = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const full = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const ordinals = new Intl.PluralRules(language, { type: 'ordinal' });
  const list = new Intl.ListFormat(language, { type: 'conjunction' });
  return {
    number: (n: number) => number.format(n),
    percent: (n: number) => percent.format(n),
    ms: (n: number) => (n < 1000 ? `${number.format(Math.round(n))} ms` : `${tenths.format(n / 1000)} s`),
    time: (at: string | number) => time.format(new Date(at)),
    clock: (at: string | number) => clock.format(new Date(at)),
    day: (at: string | number) => day.format(new Date(at)),
    // date is a day of the calendar, wherever the reader is.
    date: (day: string) => date.format(new Date(`${day}T00:00:00Z`)),
    full: (at: string | number) => full.format(new Date(at)),
    list: (parts: string[]) => list.format(parts),
    // wait is a length of time in seconds, as exactly as people wait.
    wait: (seconds: number) => {
      const [unit, size] = seconds < 90 ? (['second', 1] as const) : seconds < 90 * 60 ? (['minute', 60] as const) : (['hour', 3600] as const);
      return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: seconds < 10 ? 1 : 0 }).format(seconds / size);
    },
    // span is a length of time as Go writes it ("720h0m0s"), in its largest units.
    span: (text: string) => {
      let seconds = 0;
      for (const [, n, unit] of text.matchAll(/([\d.]+)(ms|h|m|s)/g)) seconds += Number(n) * ({ h: 3600, m: 60, s: 1, ms: 0.001 }[unit ?? ''] ?? 0);
      if (seconds === 0) return text;
      const sizes = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]] as const;
      const [unit, size] = sizes.find(([, s]) => seconds >= s && Number.isInteger((seconds / s) * 2)) ?? ['second', 1];
      return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 3 }).format(seconds / size);
    },
    // when is relative for a day, and then a date.
    when: (at: string | number) => {
      const seconds = Math.round((new Date(at).getTime() - now()) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.trunc(seconds / 5) * 5, 'second');
      if (size < 3600) return relative.format(Math.trunc(seconds / 60), 'minute');
      if (size < 24 * 3600) return relative.format(Math.trunc(seconds / 3600), 'hour');
      return full.format(new Date(at));
    },
    // since is when something began: a time of today, or a date.
    since: (at: string | number) => (new Date(at).toDateString() === new Date(now()).toDateString() ? time.format(new Date(at)) : full.format(new Date(at))),
    // nth is the form of a number in an order, of the texts nth.…: 3rd.
    nth: (n: number) => ({ one: 'one', two: 'two', few: 'few' } as const)[ordinals.select(n) as 'one'] ?? 'other',
    // left is a countdown: 4:12, or 2:04:12.
    left: (at: string | number) => {
      const seconds = Math.max(0, Math.ceil((new Date(at).getTime() - now()) / 1000));
      const two = (n: number) => String(n).padStart(2, '0');
      const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    },
  };
}

export interface Words {
  t: (key: Key, params?: Params) => string;
  // has says whether a word from elsewhere, such as an event type, has a text.
  has: (key: string) => key is Key;
  format: ReturnType<typeof formats>;
  language: Language;
  choose: (language: Language) => void;
  // follow takes over what the reader has chosen on another machine.
  follow: (language: string | null | undefined) => void;
}

const Context = createContext<Words | null>(null);

export function useWords(): Words {
  const words = useContext(Context);
  if (!words) throw new Error('useWords outside of WordsProvider');
  return words;
}

export function WordsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const [loaded, setLoaded] = useState<{ language: Language; catalogue: Catalogue }>();

  useEffect(() => {
    let current = true;
    void load[language]().then((catalogue) => {
      if (!current) return;
      document.documentElement.lang = language;
      setLoaded({ language, catalogue });
    });
    return () => {
      current = false;
    };
  }, [language]);

  // Another tab has chosen.
  useEffect(() => {
    const follow = (e: StorageEvent) => {
      if (e.key === storageKey && known(e.newValue)) setLanguage(e.newValue);
    };
    window.addEventListener('storage', follow);
    return () => window.removeEventListener('storage', follow);
  }, []);

  const words = useMemo<Words | null>(
    () =>
      loaded
        ? {
        // The API may know a code that this build has no words for yet.
        t: (key, params) => fill((loaded.catalogue as Partial<Catalogue>)[key] ?? key.slice(key.indexOf('.') + 1), loaded.language, params),
        has: (key): key is Key => key in loaded.catalogue,
        // Dates and numbers as in the reader's region: 14:05, not 02:05 PM.
        format: formats(navigator.languages.find((l) => l.startsWith(loaded.language)) ?? loaded.language),
        language: loaded.language,
        choose: (chosen) => {
          localStorage.setItem(storageKey, chosen);
          setLanguage(chosen);
        },
        follow: (chosen) => {
          if (!known(chosen) || chosen === loaded.language) return;
          localStorage.setItem(storageKey, chosen);
          setLanguage(chosen);
        },
      }
        : null,
    [loaded],
  );
  return words && <Context.Provider value={words}>{children}</Context.Provider>;
}
