type State = Record<string, unknown> | null;

export interface Change {
  key: string;
  kind: 'added' | 'removed' | 'changed' | 'same';
  before?: unknown;
  after?: unknown;
}

// equal goes by meaning: neither the order of keys nor how numbers are spelt counts.
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => k in y && equal(x[k], y[k]));
}

// changesOf compares two states key by key; what differs comes first. alike says of a key
// that both have whether its values mean the same, where more is known than the values.
export function changesOf(previous: State, current: State, alike?: (key: string) => boolean): Change[] {
  const keys = [...new Set([...Object.keys(previous ?? {}), ...Object.keys(current ?? {})])];
  const changes = keys.map((key): Change => {
    const [before, after] = [previous?.[key], current?.[key]];
    const [was, is] = [previous !== null && key in previous, current !== null && key in current];
    if (!was) return { key, kind: 'added', after };
    if (!is) return { key, kind: 'removed', before };
    return { key, kind: (alike ? alike(key) : equal(before, after)) ? 'same' : 'changed', before, after };
  });
  return [...changes.filter((c) => c.kind !== 'same'), ...changes.filter((c) => c.kind === 'same')];
}
