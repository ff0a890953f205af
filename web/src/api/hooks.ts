import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, Failure, ok, type Schemas } from './client';
import { ago } from '../rules/ago';
import { settle, type Kept } from '../rules/settle';
import { ails, needsYou } from '../rules/state';
import type { WebhookQuery } from '../rules/webhook-filter';
import { every, live } from './live';

export { ago };

export type Webhook = Schemas['Webhook'];
export type WebhookDetail = Schemas['WebhookDetail'];
export type Delivery = Schemas['Delivery'];
export type DeliveryDetail = Schemas['DeliveryDetail'];
export type Attempt = Schemas['Attempt'];
export type EventType = Schemas['EventType'];
export type Session = Schemas['SessionView'];
export type Project = Schemas['Project'];
export type Rule = Schemas['RuleForm'];
export type WebhookSort = 'created' | 'name' | 'needs_attention';
export type Status = Delivery['status'];
export type Reason = NonNullable<Delivery['reason']>;

export interface Page<Row> {
  data: Row[];
  next_cursor: string | null;
}

const unfinished = (d: { status: Status }) => d.status === 'pending' || d.status === 'retrying';

export const useSession = () =>
  useQuery({ queryKey: ['session'], queryFn: () => ok(api.GET('/v1/session')), staleTime: 60_000, retry: false });

// all reads every page of a list that is known to be short.
async function all<Row>(read: (cursor?: string) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 20; pages++) {
    const page = await read(cursor);
    rows.push(...page.data);
    if (!page.next_cursor) break;
    cursor = page.next_cursor;
  }
  return rows;
}

export const useProjects = () =>
  useQuery({
    queryKey: ['projects', 'all'],
    staleTime: 60_000,
    queryFn: () => all<Project>((cursor) => ok(api.GET('/v1/projects', { params: { query: { limit: 200, cursor } } }))),
  });

export const useEventTypes = () =>
  useQuery({
    queryKey: ['event-types'],
    staleTime: 60_000,
    queryFn: () => all<EventType>((cursor) => ok(api.GET('/v1/event-types', { params: { query: { limit: 200, cursor } } }))),
  });

// useCompanies are all companies for an admin, and for a user those of their projects.
export const useCompanies = () =>
  useQuery({
    queryKey: ['companies', 'all'],
    staleTime: 60_000,
    queryFn: () => all((cursor) => ok(api.GET('/v1/companies', { params: { query: { limit: 200, cursor } } }))),
  });

// usePlay are the addresses of the test receiver; where there is none, it has an error.
export const usePlay = (interval: number = every.list) =>
  useQuery({
    queryKey: ['play'],
    retry: false,
    staleTime: 5_000,
    queryFn: () => ok(api.GET('/v1/play')),
    refetchInterval: (query) => (query.state.error ? false : live(interval)(query)),
  });

export const useUsers = (admin: boolean) =>
  useQuery({
    queryKey: ['users', 'all'],
    staleTime: 60_000,
    enabled: admin,
    queryFn: () => all((cursor) => ok(api.GET('/v1/users', { params: { query: { limit: 200, cursor } } }))),
  });

// useWebhooks reads 200 at once, which for most people are all.
// Where they are read with their numbers, they are not asked for.
export const useWebhooks = (interval: number = every.list, asked = true) =>
  useQuery({
    queryKey: ['webhooks'],
    enabled: asked,
    queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { limit: 200 } } })),
    refetchInterval: live(interval),
  });

// useNamedWebhooks are those of these ids, up to 200, that are not among the first of
// useWebhooks. Without others nothing is asked.
export function useNamedWebhooks(ids: readonly string[]): Webhook[] {
  const first = useWebhooks(every.chart).data;
  const others = first?.next_cursor ? [...new Set(ids)].filter((id) => /^wh_[0-9a-v]{26}$/.test(id) && first.data.every((w) => w.id !== id)).sort().slice(0, 200) : [];
  const found = useQuery({
    queryKey: ['webhooks', 'named', others],
    enabled: others.length > 0,
    staleTime: 60_000,
    queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { limit: 200, ids: [others.join(',')] } } })),
    placeholderData: keepPreviousData,
  });
  return others.length > 0 ? (found.data?.data ?? none) : none;
}

const none: Webhook[] = [];

const lookedThrough = 5; // requests, until a page shows what it has found by then

// useListedWebhooks has their numbers too, a page in one request. The rows of the first
// page of all are those of useWebhooks as well, and where there are no others the shell
// need not ask who needs the reader. A filter may find few in all that the server looks
// through at once: then it is asked to go on.
export function useListedWebhooks(sort: WebhookSort, filter: WebhookQuery, asked = true) {
  const client = useQueryClient();
  const all = Object.keys(filter).length === 0;
  return usePages(
    ['webhooks', 'numbers', sort, filter],
    async (from) => {
      const page = await ok(api.GET('/v1/webhooks', { params: { query: { limit: 200, include: 'stats', sort, cursor: from, ...filter } } }));
      for (let n = 1; n < lookedThrough && page.next_cursor && page.data.length === 0; n++) {
        const more = await ok(api.GET('/v1/webhooks', { params: { query: { limit: 200, include: 'stats', sort, cursor: page.next_cursor, ...filter } } }));
        page.data.push(...more.data);
        page.next_cursor = more.next_cursor;
      }
      if (all && !from) {
        client.setQueryData(['webhooks'], page);
        if (!page.next_cursor) client.setQueryData(stuckKey, { data: page.data.filter(needsYou), next_cursor: null });
      }
      return page;
    },
    every.list,
    false,
    asked,
  );
}

const stuckKey = ['webhooks', 'stuck'];
export const mostStuck = 10; // are counted

// useStuck are webhooks that do not go on by themselves, up to mostStuck.
export const useStuck = (asked: boolean) =>
  useQuery({
    queryKey: stuckKey,
    enabled: asked,
    queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { limit: mostStuck, include: 'stats', sort: 'needs_attention', stuck: 'true' } } })),
    refetchInterval: live(every.chart),
  });

// useAiling are the webhooks of everybody that fail or were switched off by what they
// were answered, those that are off first.
export const useAiling = (admin: boolean) =>
  useQuery({
    queryKey: ['webhooks', 'ailing'],
    enabled: admin,
    queryFn: async () => {
      const { data } = await ok(api.GET('/v1/webhooks', { params: { query: { limit: 200, include: 'stats', sort: 'needs_attention' } } }));
      return data.filter(ails);
    },
    refetchInterval: live(every.chart),
  });

// deletedOf is what is left of a webhook that was deleted, as the error for it tells.
export const deletedOf = (error: unknown) => (isFailure(error, 'not_found') ? error.problem?.deleted : undefined);

// useWebhook keeps the ETag, which says which version a change is meant for. One that was
// deleted stays so, and is not asked for again.
export const useWebhook = (id: string, asked = true) =>
  useQuery({
    queryKey: ['webhook', id],
    enabled: (query) => asked && !deletedOf(query.state.error),
    queryFn: async () => {
      const { data, response } = await answered(api.GET('/v1/webhooks/{id}', { params: { path: { id } } }));
      return { webhook: data, etag: response.headers.get('ETag') ?? '' };
    },
    refetchInterval: live((d?: { webhook: WebhookDetail }) => (d?.webhook.draining ? every.busy : every.list)),
  });

export const useHealth = (id: string, since: string) =>
  useQuery({
    queryKey: ['webhook', id, 'health', since],
    queryFn: () => ok(api.GET('/v1/webhooks/{id}/health', { params: { path: { id }, query: { since: ago(since) } } })),
    placeholderData: keepPreviousData,
    refetchInterval: live(every.list),
  });

export const useLedger = (id: string, since: string) =>
  useQuery({
    queryKey: ['webhook', id, 'ledger', since],
    queryFn: () => ok(api.GET('/v1/webhooks/{id}/ledger', { params: { path: { id }, query: { since: ago(since), limit: 1 } } })),
    placeholderData: keepPreviousData,
    refetchInterval: live(every.list),
  });

export const useDelivery = (id: string | undefined, busy: number = every.busy) =>
  useQuery({
    queryKey: ['delivery', id],
    enabled: !!id,
    queryFn: () => ok(api.GET('/v1/deliveries/{id}', { params: { path: { id: id ?? '' } } })),
    refetchInterval: live((d?: DeliveryDetail) => (!d || unfinished(d) ? busy : every.chart)),
  });

// EventAsKept has the states as values, and as the text that was accepted; null = none.
export type EventAsKept = Schemas['Event'] & { raw: { previous: string | null; current: string | null } };

// readEvent reads the answer as text: it has the states byte for byte as they were sent.
async function readEvent(id: string): Promise<EventAsKept> {
  const text = await ok(api.GET('/v1/events/{id}', { params: { path: { id } }, parseAs: 'text' }));
  const event = JSON.parse(text) as Schemas['Event'];
  const { rawMembers } = await import('../rules/raw'); // of the pages of events alone
  const members = rawMembers(text);
  return { ...event, raw: { previous: event.previous && (members.get('previous') ?? null), current: event.current && (members.get('current') ?? null) } };
}

export const useEvent = (id: string | undefined) =>
  useQuery({
    queryKey: ['event', id],
    enabled: !!id,
    queryFn: () => readEvent(id ?? ''),
    refetchInterval: live((e?: { deliveries: Delivery[] }) => (e?.deliveries.some(unfinished) ? every.busy : every.chart)),
  });

// useEventIfThere is an event that there may be.
export const useEventIfThere = (id: string, asked: boolean) => useQuery({ queryKey: ['event', id], enabled: asked, retry: false, queryFn: () => readEvent(id) });

// useKept keeps what is read of a list where it is. fresh are the new rows that are not
// shown until they are taken; with whole the next answer is shown as it is, for what
// the reader did.
function useKept<Row extends { id: string }>(at: string, newest: Row[] | undefined, full: boolean, stamp: number, steady: boolean) {
  const [read, setRead] = useState<Kept<Row> & { at: string; stamp: number; whole: boolean }>();
  let now = read;
  if (newest && (read?.at !== at || read.stamp !== stamp)) {
    now = { at, stamp, whole: false, ...settle(steady && read?.at === at && !read.whole ? read.rows : undefined, newest, full) };
    setRead(now);
  }
  return {
    rows: now?.rows ?? [],
    fresh: now?.fresh ?? 0,
    many: now?.many ?? false,
    take: () => setRead((r) => r && { ...r, rows: newest ?? r.rows, fresh: 0, many: false }),
    whole: () => setRead((r) => r && { ...r, whole: true }),
  };
}

// usePages walks a list by its cursors, which stay out of the address. A steady list
// shows new rows only when its reader takes them.
export function usePages<Row extends { id: string }>(key: readonly unknown[], read: (cursor?: string) => Promise<Page<Row>>, interval: number = every.list, steady = false, asked = true) {
  const name = JSON.stringify(key);
  const [walk, setWalk] = useState<{ name: string; cursors: string[] }>({ name, cursors: [] });
  const cursors = walk.name === name ? walk.cursors : [];
  const cursor = cursors.at(-1);
  const query = useQuery({
    queryKey: [...key, cursor ?? ''],
    enabled: asked,
    queryFn: () => read(cursor),
    placeholderData: keepPreviousData,
    refetchInterval: live(interval),
  });
  const next = query.data?.next_cursor;
  const kept = useKept(`${name} ${cursor ?? ''}`, query.isPlaceholderData ? undefined : query.data?.data, Boolean(next), query.dataUpdatedAt, steady);
  return {
    query,
    ...kept,
    older: next ? () => setWalk({ name, cursors: [...cursors, next] }) : undefined,
    newer: cursors.length > 0 ? () => setWalk({ name, cursors: cursors.slice(0, -1) }) : undefined,
  };
}

export function useRefresh() {
  const client = useQueryClient();
  return (...keys: unknown[]) => client.invalidateQueries(keys.length ? { queryKey: keys } : undefined);
}

export const isFailure = (e: unknown, ...codes: Failure['code'][]): e is Failure => e instanceof Failure && (codes.length === 0 || codes.includes(e.code));
