import { ago } from './ago';

export const spans = ['1h', '24h', '7d', '30d'] as const;
export type Span = (typeof spans)[number];

const isSpan = (text: string | undefined): text is Span => spans.some((s) => s === text);

// instant reads a time of the world; of anything else there is none.
const instant = (text: string | undefined) => (text && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined);

// Between is a stretch of time as an address has it: since is a span back from now, or a
// time as until is.
export interface Between {
  since?: string | undefined;
  until?: string | undefined;
}

// betweenBy reads an address. What it does not know it leaves out.
export const betweenBy = ({ since, until }: Between): { since: string | undefined; until: string | undefined } => ({
  since: isSpan(since) ? since : instant(since),
  until: isSpan(since) ? undefined : instant(until),
});

// chosen is what a person has chosen of the spans, or own where it is two times.
export const chosen = (b: Between): Span | 'own' | undefined => (isSpan(b.since) ? b.since : (b.since ?? b.until) ? 'own' : undefined);

// asTimes is a stretch as the API takes it.
export const asTimes = ({ since, until }: Between) => ({ since: isSpan(since) ? ago(since) : since, until });

// backwards says that it ends before it begins.
export const backwards = ({ since, until }: Between) => Boolean(since && until && !isSpan(since) && Date.parse(since) >= Date.parse(until));

const two = (n: number) => String(n).padStart(2, '0');

// toLocal is a time as the reader's clock shows it, for a field; fromLocal reads it.
export function toLocal(at: string | undefined): string {
  if (!at) return '';
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

export function fromLocal(text: string): string | undefined {
  const at = new Date(text).getTime();
  return text === '' || Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
