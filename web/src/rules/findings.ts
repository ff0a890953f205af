import type { Schemas } from '../api/client';
import type { Key, Params } from '../i18n';
import type { Rule } from '../api/hooks';

// What POST /v1/webhooks/check says of a webhook that is being written.

export type Fault = Schemas['FieldError'];
export type Warning = Schemas['Warning'];

// valuesOf are the parameters of a sentence that can be shown in it.
export function valuesOf(params: Record<string, unknown>): Params {
  const out: Params = {};
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === 'string' || typeof value === 'number') out[name] = value;
    else if (Array.isArray(value)) out[name] = value.join(', ');
  }
  return out;
}

// atField and isFilter say which faults are said at a field, not in a list.
export const atField = (pointer: string) => pointer === '/url' || pointer === '/name';
export const isFilter = (pointer: string) => /^\/rules\/\d+\/.*filter$/.test(pointer);

export type Step = 'to' | 'what' | 'where' | 'only_if' | 'look';

// stepOf is where a value can be changed.
export function stepOf(pointer: string): Step {
  if (/^\/(url|name|owner_id)$/.test(pointer)) return 'to';
  if (/^\/rules\/\d+\/(projects|companies)/.test(pointer)) return 'where';
  if (isFilter(pointer) || pointer.startsWith('/sample')) return 'only_if';
  if (pointer.startsWith('/rules')) return 'what';
  return 'look';
}

// firstStep is the first step with a fault.
export const firstStep = (steps: readonly Step[], faults: Fault[]) => steps.find((s) => faults.some((f) => stepOf(f.pointer) === s));

// warningKey is the sentence of a warning; undefined for a code that is not known.
export function warningKey(w: Warning): Key | undefined {
  switch (w.code) {
    case 'reaches_everything':
      return w.params['event_types'] ? (w.params['projects'] ? 'warning.everything' : 'warning.every_type') : 'warning.every_project';
    case 'same_url':
      return 'warning.same_url';
    case 'never_seen':
      return 'warning.never_seen';
    default:
      return undefined;
  }
}

// ruleNumber is the rule that a pointer leads into, from 1; undefined where there is
// only one, which needs no number.
export function ruleNumber(pointer: string, rules: Rule[] | undefined): number | undefined {
  const n = /^\/rules\/(\d+)/.exec(pointer)?.[1];
  return n === undefined || (rules?.length ?? 2) < 2 ? undefined : Number(n) + 1;
}
