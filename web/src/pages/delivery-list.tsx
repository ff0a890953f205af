import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useId, useState, type ReactNode } from 'react';
import { api, ok, onceKey } from '../api/client';
import { useProjects, usePages, useRefresh, type Delivery } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';
import { asQuery, asRedelivery, codeFits, filterNames, idFits, kinds, reasons, soughtBy, statuses, type DeliveryFilter, type Sought } from '../rules/filter';
import { InBetween } from '../ui/between';
import { useSay } from '../ui/dialog';
import { Chips, Choice, Listed, Table } from '../ui/list';
import { useNames, useTypes } from '../ui/names';
import { Empty, Left, StatusWord, TestMark, When } from '../ui/parts';
import { useWebhookChoice } from '../ui/webhook-choice';
import { SendThese } from './missed';

type SetFilter = (change: DeliveryFilter) => void;

// DeliveryList is the deliveries that fit a filter, which stands in the address.
// over says that nothing can be sent there any more.
export function DeliveryList({ filter, webhook, over }: { filter: DeliveryFilter; webhook?: string; over?: boolean }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const sought = soughtBy(filter, webhook);
  const pages = usePages(['deliveries', sought], (cursor) => ok(api.GET('/v1/deliveries', { params: { query: { cursor, ...asQuery(sought) } } })), every.list, true);
  const set: SetFilter = (change) => void navigate({ to: '.', search: (s: object) => ({ ...s, ...change }) as never, replace: true });
  const filtered = filterNames.some((name) => filter[name] && !(webhook && name === 'webhook'));
  return (
    <>
      <Filters filter={filter} sought={sought} set={set} webhook={webhook} />
      <Listed
        pages={pages}
        none={
          <Empty title={!filtered ? t(over ? 'deleted.none' : 'deliveries.none') : filter.status === 'failed' ? t('deliveries.no_failed') : t('nothing_fits')} guide="trouble#nothing-comes">
            {filtered ? (
              <Button variant="default" onClick={() => set(Object.fromEntries(filterNames.map((name) => [name, undefined])))}>
                {t('clear_filters')}
              </Button>
            ) : (
              !over && <p>{t('deliveries.none.text')}</p>
            )}
          </Empty>
        }
      >
        {(rows) => <Rows rows={rows} webhook={webhook} sought={sought} over={over} onSent={pages.whole} />}
      </Listed>
    </>
  );
}

function Filters({ filter: f, sought, set, webhook }: { filter: DeliveryFilter; sought: Sought; set: SetFilter; webhook?: string | undefined }) {
  const { t } = useWords();
  const { types, title } = useTypes();
  const projects = useProjects().data ?? [];
  const choice = useWebhookChoice(f.webhook);
  const [code, setCode] = useState(f.code ?? '');
  const [id, setID] = useState(f.q ?? '');
  const [more, setMore] = useState(false); // stays open when what opened it is cleared
  return (
    <div className="stack">
      <Chips
        label={t('state')}
        chosen={sought.statuses}
        options={statuses.map((value) => ({ value, label: t(`status.${value}`) }))}
        onChange={(chosen) => set({ status: chosen.join(',') || undefined })}
      />
      <div className="filters">
        <Choice label={t('type')} value={f.type} onChange={(type) => set({ type })} options={(types.data ?? []).map((x) => ({ value: x.name, label: title(x.name) }))} />
        <Choice label={t('project')} value={f.project} onChange={(project) => set({ project })} options={projects.map((p) => ({ value: p.id, label: p.name }))} />
        {!webhook && choice.search}
        {!webhook && <Choice label={t('webhook')} value={f.webhook} onChange={(chosen) => set({ webhook: chosen })} options={choice.webhooks.map((w) => ({ value: w.id, label: w.name }))} />}
        <InBetween value={sought} onChange={set} />
      </div>
      <details open={more || Boolean(f.reason || f.code || f.kind || f.q || f.latest)} onToggle={(e) => setMore(e.currentTarget.open)}>
        <summary>{t('filters.more')}</summary>
        <div className="filters">
          <Choice label={t('filters.reason')} value={sought.reasons[0]} onChange={(reason) => set({ reason })} options={reasons.map((value) => ({ value, label: t(`reason.${value}`) }))} />
          <TextInput
            label={t('filters.code')}
            value={code}
            placeholder="503, 5xx"
            maxLength={3}
            autoComplete="off"
            error={code !== '' && code.length > 2 && !codeFits(code) ? t('filters.code.wrong') : undefined}
            onChange={(e) => {
              const typed = e.currentTarget.value.toLowerCase();
              setCode(typed);
              if (typed === '' || codeFits(typed)) set({ code: typed || undefined });
            }}
          />
          <TextInput
            label={t('filters.id')}
            value={id}
            maxLength={128}
            autoComplete="off"
            onChange={(e) => {
              const typed = e.currentTarget.value.trim();
              setID(typed);
              if (typed === '' || idFits(typed)) set({ q: typed || undefined });
            }}
          />
          <Choice label={t('filters.kind')} value={sought.kind} onChange={(kind) => set({ kind })} options={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))} />
        </div>
        <Checkbox mt="sm" label={t('filters.superseded')} checked={!sought.latest} onChange={(e) => set({ latest: e.currentTarget.checked ? 'false' : undefined })} />
      </details>
    </div>
  );
}

// again says that a delivery can be sent again: it is finished, and no newer one has
// taken its place.
const again = (d: Delivery) => !d.superseded && (d.status === 'failed' || d.status === 'succeeded' || d.status === 'cancelled');

// usePicked sends the chosen rows of a page again, each by itself.
function usePicked(rows: Delivery[], onSent: () => void) {
  const { t } = useWords();
  const say = useSay();
  const refresh = useRefresh();
  const [keys, setKeys] = useState<Record<string, string>>({});
  const chosen = rows.filter((d) => again(d) && keys[d.id]);
  const send = useMutation({
    mutationFn: async () => {
      let failed = 0;
      for (const { id } of chosen) {
        await ok(api.POST('/v1/deliveries/{id}/redeliver', { params: { path: { id }, header: { 'Idempotency-Key': keys[id] ?? '' } } })).catch(() => failed++);
      }
      return { sent: chosen.length - failed, failed };
    },
    onSuccess: ({ sent, failed }) => {
      if (sent > 0) say(t('picked.sent', { n: sent }));
      if (failed > 0) say(t('picked.failed', { n: failed }), { bad: true });
      setKeys({});
      onSent();
      void refresh('deliveries');
    },
  });
  return {
    count: chosen.length,
    sending: send.isPending,
    send: () => send.mutate(),
    none: () => setKeys({}),
    has: (id: string) => Boolean(keys[id]),
    toggle: (id: string) => setKeys(({ [id]: had, ...others }) => (had ? others : { ...others, [id]: onceKey() })),
  };
}

function Rows({ rows, webhook, sought, over, onSent }: { rows: Delivery[]; webhook?: string | undefined; sought: Sought; over?: boolean | undefined; onSent: () => void }) {
  const { t } = useWords();
  const pick = usePicked(rows, onSent);
  const all = over ? undefined : asRedelivery(sought);
  const names = useNames(rows.map((d) => d.webhook_id));
  const shown = { webhook, pick, over, names };
  const [asked, setAsked] = useState(false);
  return (
    <>
      {pick.count > 0 ? (
        <div className="note row between">
          <span role="status">{t('picked', { n: pick.count })}</span>
          <div className="row">
            <Button size="xs" variant="default" onClick={pick.none}>
              {t('cancel')}
            </Button>
            <Button size="xs" loading={pick.sending} onClick={pick.send}>
              {t('redeliver')}
            </Button>
          </div>
        </div>
      ) : (
        all && (
          <div className="note row between">
            <span>{t('these.text')}</span>
            <Button size="xs" variant="default" onClick={() => setAsked(true)}>
              {t('these')}
            </Button>
          </div>
        )
      )}
      {asked && all && sought.webhook && <SendThese webhook={sought.webhook} set={all} onSent={onSent} onClose={() => setAsked(false)} />}
      <Table columns={[t('choose'), t('type'), t('state'), ...(webhook ? [] : [t('webhook')]), t('project'), t('last_answer'), t('attempts'), t('created')]} picks>
        {rows.map((d) => (
          <Newest key={d.id} delivery={d} {...shown} folds={sought.latest} />
        ))}
      </Table>
    </>
  );
}

interface Shown {
  webhook: string | undefined;
  pick: ReturnType<typeof usePicked>;
  over: boolean | undefined;
  names: ReturnType<typeof useNames>;
}

// Newest is a delivery and, folded under it, those whose place it took.
function Newest({ delivery: d, folds, ...shown }: Shown & { delivery: Delivery; folds: boolean }) {
  const { t } = useWords();
  const { title } = useTypes();
  const [open, setOpen] = useState(false);
  const group = useId();
  const query = { event_id: d.event_id, webhook_id: d.webhook_id, limit: 200 };
  const all = useQuery({ queryKey: ['deliveries', 'earlier', query], enabled: open, queryFn: () => ok(api.GET('/v1/deliveries', { params: { query } })) });
  const earlier = (all.data?.data ?? []).filter((e) => e.id !== d.id && e.created_at <= d.created_at);
  return (
    <>
      <Row delivery={d} {...shown}>
        {folds && d.redelivery_of && (
          <div className="small">
            <button type="button" className="link" aria-expanded={open} aria-controls={open ? group : undefined} onClick={() => setOpen(!open)}>
              {t(open ? 'earlier.hide' : 'earlier.show')}
              <span className="hidden"> {title(d.event_type)}</span>
            </button>
          </div>
        )}
      </Row>
      {open && earlier.map((e, i) => <Row key={e.id} id={i === 0 ? group : undefined} delivery={e} {...shown} />)}
    </>
  );
}

function Row({ delivery: d, webhook, pick, over, names, id, children }: Shown & { delivery: Delivery; id?: string | undefined; children?: ReactNode }) {
  const { t } = useWords();
  const { title } = useTypes();
  return (
    <tr className={d.superseded ? 'dim' : ''} id={id}>
      <td className="pick">
        {again(d) && !over && (
          <input type="checkbox" aria-label={t('pick', { type: title(d.event_type), webhook: names.webhook(d.webhook_id) })} checked={pick.has(d.id)} onChange={() => pick.toggle(d.id)} />
        )}
      </td>
      <td className="main-cell">
        <Link to="/deliveries/$id" params={{ id: d.id }}>
          {title(d.event_type)}
        </Link>
        {d.kind === 'test' && <TestMark />}
        {d.superseded && <div className="dim small">{t('delivery.superseded')}</div>}
        {children}
      </td>
      <td>
        <StatusWord status={d.status} />
      </td>
      {!webhook && (
        <td data-label={t('webhook')} dir="auto">
          {names.webhook(d.webhook_id)}
        </td>
      )}
      <td data-label={t('project')}>{d.project_id ? names.project(d.project_id) : '–'}</td>
      <td data-label={t('last_answer')}>
        <LastAnswer delivery={d} />
      </td>
      <td data-label={t('attempts')}>
        {d.attempt_count}
        {d.status === 'retrying' && d.next_attempt_at && (
          <div className="dim small">
            {t('next_in')} <Left until={d.next_attempt_at} />
          </div>
        )}
      </td>
      <td data-label={t('created')} className="dim">
        <When at={d.created_at} />
      </td>
    </tr>
  );
}

// LastAnswer says how the newest request ended: what was answered and how fast, and
// in words why it failed.
function LastAnswer({ delivery: d }: { delivery: Delivery }) {
  const { t, format } = useWords();
  const last = d.last_attempt;
  const reason = last?.reason ?? (d.reason !== 'exhausted' ? d.reason : null);
  return (
    <>
      {last && last.outcome === 'in_flight' && t('outcome.in_flight')}
      {last && last.outcome !== 'in_flight' && (
        <span className="nowrap">
          {last.status_code ? `${last.status_code} · ` : ''}
          {format.ms(last.duration_ms)}
        </span>
      )}
      {reason && <div className="small">{t(`reason.${reason}`)}</div>}
      {!last && !reason && '–'}
    </>
  );
}
