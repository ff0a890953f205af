import { Button, Checkbox } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey, type Schemas } from '../api/client';
import { useRefresh, type WebhookDetail } from '../api/hooks';
import { every, live } from '../api/live';
import { useWords } from '../i18n';
import { asTimes, backwards, type Between } from '../rules/span';
import { InBetween } from '../ui/between';
import { Buttons, Dialog, useSay } from '../ui/dialog';
import { useTypes } from '../ui/names';
import { Card, Note, Problem, When } from '../ui/parts';

type Redelivered = 'failed' | 'held' | 'cancelled';

// Missed offers to send again what did not arrive, and shows how far that is.
export function Missed({ webhook: w, ledger }: { webhook: WebhookDetail; ledger: Schemas['Ledger'] | undefined }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const running = useRunning(w.id);
  const missed = (ledger?.failed ?? 0) + (ledger?.held ?? 0);
  if (running) return <Progress webhook={w} progress={running} />;
  if (missed === 0 || w.draining) return null;
  return (
    <>
      <Note tone="warn">
        <div className="row between">
          <span>{t('missed', { n: missed })}</span>
          {w.enabled ? (
            <Button size="xs" onClick={() => setOpen(true)}>
              {t('missed.send')}
            </Button>
          ) : (
            <span className="small">{t('missed.off')}</span>
          )}
        </div>
      </Note>
      {open && <SendAgain webhook={w} onClose={() => setOpen(false)} />}
    </>
  );
}

function useRedeliveries(id: string) {
  return useQuery({
    queryKey: ['webhook', id, 'redeliveries'],
    queryFn: () => ok(api.GET('/v1/webhooks/{id}/redeliveries', { params: { path: { id }, query: { limit: 5 } } })),
    refetchInterval: live((d?: Schemas['ListRedeliveryProgress']) => (d?.data[0]?.status === 'running' ? every.busy : every.chart)),
  });
}

function useRunning(id: string) {
  const newest = useRedeliveries(id).data?.data[0];
  return newest?.status === 'running' ? newest : undefined;
}

// SentAgain lists what was sent again before, the newest first.
export function SentAgain({ webhook: id }: { webhook: string }) {
  const { t, format } = useWords();
  const past = (useRedeliveries(id).data?.data ?? []).filter((p) => p.kind === 'redelivery' && p.status !== 'running');
  if (past.length === 0) return null;
  return (
    <Card title={t('again.past')}>
      <ul className="plainlist">
        {past.map((p) => (
          <li key={p.id} className="row between">
            <span>
              {t('again.counts', { n: p.count, succeeded: format.number(p.succeeded), failed: format.number(p.failed) })} {p.status === 'cancelled' && t('again.stopped')}{' '}
              <Link to="/webhooks/$id/deliveries" params={{ id }} search={{ redelivery: p.id }}>
                {t('show_these')}
                <span className="hidden"> {format.full(p.created_at)}</span>
              </Link>
            </span>
            <span className="dim small">
              <When at={p.created_at} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Progress({ webhook: w, progress: p }: { webhook: WebhookDetail; progress: Schemas['RedeliveryProgress'] }) {
  const { t } = useWords();
  const refresh = useRefresh();
  const stop = useMutation({
    mutationFn: () => ok(api.DELETE('/v1/webhooks/{id}/redeliveries/{redelivery_id}', { params: { path: { id: w.id, redelivery_id: p.id } } })),
    onSuccess: () => refresh('webhook', w.id),
  });
  return (
    <Note>
      <div className="row between">
        <span role="status">
          {t('missed.progress', { released: p.released, count: p.count, succeeded: p.succeeded, failed: p.failed })}{' '}
          <Link to="/webhooks/$id/deliveries" params={{ id: w.id }} search={{ redelivery: p.id }}>
            {t('show_these')}
          </Link>
        </span>
        <Button size="xs" variant="default" loading={stop.isPending} onClick={() => stop.mutate()}>
          {t('missed.stop')}
        </Button>
      </div>
      <p className="dim small">{t('missed.stop.text')}</p>
    </Note>
  );
}

// SendThese sends again what a list shows: the same set, counted before.
export function SendThese({ webhook, set, onSent, onClose }: { webhook: string; set: Schemas['RedeliverForm']; onSent?: () => void; onClose: () => void }) {
  const { t } = useWords();
  const refresh = useRefresh();
  const say = useSay();
  const [key] = useState(onceKey);
  const [body] = useState(set); // counted and sent is the same time span
  const params = { path: { id: webhook } };
  const count = useQuery({ queryKey: ['webhook', webhook, 'redeliver', body], queryFn: () => ok(api.POST('/v1/webhooks/{id}/redeliver', { params, body: { ...body, dry_run: true } })) });
  const send = useMutation({
    mutationFn: () => ok(api.POST('/v1/webhooks/{id}/redeliver', { params: { ...params, header: { 'Idempotency-Key': key } }, body })),
    onSuccess: (made) => {
      say(t('missed.begun', { n: made.count }));
      onClose();
      onSent?.();
      void refresh('webhook', webhook);
      void refresh('deliveries');
    },
  });
  const error = count.error ?? send.error;
  const n = count.data?.count ?? 0;
  return (
    <Dialog title={t('these')} onClose={onClose}>
      <p>{t('these.exact')}</p>
      <p role="status">{count.isFetching ? t('counting') : t('missed.count', { n })}</p>
      {error && <Problem error={error} />}
      <Buttons onCancel={onClose}>
        <Button disabled={n === 0 || count.isFetching} loading={send.isPending} onClick={() => send.mutate()}>
          {t('redeliver')}
        </Button>
      </Buttons>
    </Dialog>
  );
}

const statusesOf: Redelivered[] = ['failed', 'held', 'cancelled'];

function SendAgain({ webhook: w, onClose }: { webhook: WebhookDetail; onClose: () => void }) {
  const { t } = useWords();
  const { types, title } = useTypes();
  const refresh = useRefresh();
  const say = useSay();
  const [between, setBetween] = useState<Between>({ since: '24h' });
  const [statuses, setStatuses] = useState<Redelivered[]>(['failed', 'held']);
  const [kinds, setKinds] = useState<string[]>([]);
  const [key] = useState(onceKey);
  const asked = { between, statuses, kinds };
  const body = (dry: boolean): Schemas['RedeliverForm'] => {
    const { since, until } = asTimes(between);
    return { since: since ?? '1970-01-01T00:00:00Z', statuses, dry_run: dry, ...(until && { until }), ...(kinds.length > 0 && { event_types: kinds }) };
  };
  const params = { path: { id: w.id } };
  const complete = statuses.length > 0 && !backwards(between);
  const count = useQuery({
    queryKey: ['webhook', w.id, 'redeliver', asked],
    enabled: complete,
    queryFn: () => ok(api.POST('/v1/webhooks/{id}/redeliver', { params, body: body(true) })),
  });
  const send = useMutation({
    mutationFn: () => ok(api.POST('/v1/webhooks/{id}/redeliver', { params: { ...params, header: { 'Idempotency-Key': key } }, body: body(false) })),
    onSuccess: (made) => {
      say(t('missed.begun', { n: made.count }));
      onClose();
      void refresh('webhook', w.id);
    },
  });
  const n = complete ? (count.data?.count ?? 0) : 0;
  return (
    <Dialog title={t('missed.send')} onClose={onClose}>
      <div className="filters">
        <InBetween value={between} onChange={setBetween} />
      </div>
      <Ticked legend={t('missed.which')} options={statusesOf.map((value) => ({ value, label: t(`status.${value}`) }))} chosen={statuses} onChange={setStatuses} />
      <details>
        <summary>{kinds.length > 0 ? t('listens.types', { n: kinds.length }) : t('missed.kinds')}</summary>
        <Ticked legend={t('missed.kinds')} options={(types.data ?? []).map((x) => ({ value: x.name, label: title(x.name) }))} chosen={kinds} onChange={setKinds} />
      </details>
      <p role="status">{count.isFetching ? t('counting') : t('missed.count', { n })}</p>
      {(count.error ?? send.error) && <Problem error={count.error ?? send.error} />}
      <Buttons onCancel={onClose}>
        <Button disabled={n === 0 || count.isFetching} loading={send.isPending} onClick={() => send.mutate()}>
          {t('redeliver')}
        </Button>
      </Buttons>
    </Dialog>
  );
}

// Ticked are boxes of which any number is ticked.
function Ticked<T extends string>({ legend, options, chosen, onChange }: { legend: string; options: { value: T; label: string }[]; chosen: T[]; onChange: (chosen: T[]) => void }) {
  return (
    <fieldset className="stack tight ticked">
      <legend className="hidden">{legend}</legend>
      {options.map(({ value, label }) => (
        <Checkbox key={value} label={label} checked={chosen.includes(value)} onChange={(e) => onChange(e.currentTarget.checked ? [...chosen, value] : chosen.filter((c) => c !== value))} />
      ))}
    </fieldset>
  );
}
