import type { Rule } from '../api/hooks';

// What one webhook may have; the server refuses more.
const most = { rules: 50, types: 200, places: 200, pairs: 10_000, condition: 4096, filters: 65_536 } as const;

export interface Limit {
  of: keyof typeof most;
  n: number;
  max: number;
}

const bytes = (text: string) => new TextEncoder().encode(text).length;

// limitsOf says how much of what is possible rules have, and of what they have more than
// four fifths, or several with severalRules.
export function limitsOf(rules: Rule[], severalRules = false): Limit[] {
  const types = rules.map((r) => (r.events?.length ?? 0) + (r.not_events?.length ?? 0));
  const places = rules.map((r) => (r.projects?.length ?? 0) + (r.companies?.length ?? 0));
  const filters = rules.map((r) => bytes(r.filter ?? ''));
  const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);
  const has = {
    rules: rules.length,
    types: Math.max(0, ...rules.map((r) => r.events?.length ?? 0)),
    places: Math.max(0, ...rules.map((r) => Math.max(r.projects?.length ?? 0, r.companies?.length ?? 0))),
    pairs: sum(types.map((n, i) => n * Math.max(1, places[i] ?? 0))),
    condition: Math.max(0, ...filters),
    filters: sum(filters),
  };
  return (Object.keys(most) as Limit['of'][]).map((of) => ({ of, n: has[of], max: most[of] })).filter(({ of, n, max }) => n >= 0.8 * max || (of === 'rules' && severalRules));
}
