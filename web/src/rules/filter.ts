import type { Schemas } from '../api/client';
import type { Reason, Status } from '../api/hooks';
import { asTimes, betweenBy } from './span';

// DeliveryFilter is what the address holds: several values with commas between.
export interface DeliveryFilter {
  status?: string | undefined;
  type?: string | undefined;
  project?: string | undefined;
  since?: string | undefined; // a span, or a time
  until?: string | undefined;
  webhook?: string | undefined;
  reason?: string | undefined;
  code?: string | undefined;
  kind?: string | undefined;
  q?: string | undefined; // the beginning of an id
  latest?: string | undefined;
  redelivery?: string | undefined;
}

export const filterNames = ['status', 'type', 'project', 'since', 'until', 'webhook', 'reason', 'code', 'kind', 'q', 'latest', 'redelivery'] as const satisfies (keyof DeliveryFilter)[];

export const statuses = ['pending', 'retrying', 'succeeded', 'failed', 'held', 'cancelled'] as const satisfies Status[];
export const kinds = ['published', 'test', 'combination', 'operational'] as const;
export type Kind = (typeof kinds)[number];

const every: Record<Reason, true> = {
  exhausted: true,
  status_4xx: true,
  status_5xx: true,
  status_429: true,
  status_other: true,
  timeout_headers: true,
  timeout_body: true,
  connect_refused: true,
  connect_timeout: true,
  connect: true,
  dns: true,
  reset: true,
  protocol: true,
  redirect: true,
  tls_expired: true,
  tls_unknown_authority: true,
  tls_hostname: true,
  tls: true,
  blocked_address: true,
  gone: true,
  worker_lost: true,
  internal: true,
  webhook_disabled: true,
  webhook_deleted: true,
  project_deleted: true,
  membership_lost: true,
  cancelled_by_owner: true,
  payload_expunged: true,
  expired: true,
};

// reasons are those that people look for, the most common ones first.
export const reasons = Object.keys(every) as Reason[];

// codeFits says whether a text is a status code, or a class of them such as 5xx.
export const codeFits = (code: string) => /^[1-9](\d\d|xx)$/.test(code);

// idFits says whether an id can begin so.
export const idFits = (text: string) => /^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$/.test(text);

const oneOf = <T extends string>(values: readonly T[], value: string | undefined) => values.find((v) => v === value);
const someOf = <T extends string>(values: readonly T[], text: string | undefined) => values.filter((v) => text?.split(',').includes(v));

export interface Sought {
  statuses: Status[];
  type: string | undefined;
  project: string | undefined;
  since: string | undefined;
  until: string | undefined;
  webhook: string | undefined;
  reasons: Reason[];
  codes: string[];
  kind: Kind | undefined;
  id: string | undefined;
  latest: boolean;
  redelivery: string | undefined;
}

// soughtBy reads an address. What it does not know it leaves out.
export function soughtBy(f: DeliveryFilter, webhook?: string): Sought {
  const id = f.q && idFits(f.q) ? f.q : undefined;
  return {
    statuses: someOf(statuses, f.status),
    type: f.type,
    project: f.project,
    ...betweenBy(f),
    webhook: webhook ?? f.webhook,
    reasons: someOf(reasons, f.reason),
    codes: (f.code ?? '').split(',').filter(codeFits),
    kind: oneOf(kinds, f.kind),
    id,
    // What was sent again is folded under the newest, unless one looks for it.
    latest: f.latest === 'true' || (f.latest !== 'false' && !id && !f.redelivery),
    redelivery: f.redelivery,
  };
}

const some = <T>(values: T[]) => (values.length > 0 ? values : undefined);

// asQuery asks the list for it.
export const asQuery = (s: Sought) => ({
  webhook_id: s.webhook,
  status: some(s.statuses),
  event_type: s.type ? [s.type] : undefined,
  reason: some(s.reasons),
  status_code: some(s.codes),
  kind: s.kind,
  project_id: s.project,
  ...asTimes(s),
  q: s.id,
  latest: s.latest ? ('true' as const) : undefined,
  redelivery_id: s.redelivery,
});

type Redelivered = 'failed' | 'held' | 'cancelled';
const redelivered = (s: Status): s is Redelivered => s === 'failed' || s === 'held' || s === 'cancelled';

// asRedelivery is the same set for sending it again: exactly what the list shows, or
// nothing where that can't be said. Then the list has to be narrowed first.
export function asRedelivery(s: Sought): Schemas['RedeliverForm'] | undefined {
  const chosen = s.statuses.filter(redelivered);
  if (!s.webhook || s.project || s.kind || s.id || s.redelivery || chosen.length === 0 || chosen.length < s.statuses.length) return undefined;
  const times = asTimes(s);
  return {
    since: times.since ?? '1970-01-01T00:00:00Z',
    ...(times.until && { until: times.until }),
    statuses: chosen,
    ...(s.type && { event_types: [s.type] }),
    ...(s.reasons.length > 0 && { reasons: s.reasons }),
    ...(s.codes.length > 0 && { status_codes: s.codes }),
  };
}
