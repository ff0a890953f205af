import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey, type Schemas } from '../api/client';
import { deletedOf, isFailure, useDelivery, useRefresh, useWebhook, type Attempt, type DeliveryDetail } from '../api/hooks';
import { app } from '../base';
import { useWords } from '../i18n';
import { curlOf, prettyBody } from '../rules/curl';
import { isolated } from '../rules/isolated';
import { masked } from '../rules/receivers';
import { Buttons, Dialog, useSay } from '../ui/dialog';
import { useAdmin, useNames, useTypes } from '../ui/names';
import { Answered, Card, Code, Copy, copyText, Facts, Left, Loading, Note, Page, pretty, Problem, StatusWord, TestMark, When } from '../ui/parts';
import { ReasonWords } from '../ui/reason';
import { useWho } from '../ui/who';

export function DeliveryPage() {
  const { id } = useParams({ from: '/shell/deliveries/$id' });
  const { t } = useWords();
  const { title } = useTypes();
  const query = useDelivery(id);
  const d = query.data;
  const names = useNames(d && [d.webhook_id]);
  const gone = useGone(d?.webhook_id, names.webhook);
  if (!d)
    return (
      <Page title={t('delivery')}>
        {query.error ? <Problem error={query.error} retry={() => void query.refetch()} /> : <Loading />}
        {query.error !== null && (
          <p>
            <Link to="/deliveries">{t('nav.deliveries')}</Link>
          </p>
        )}
      </Page>
    );
  return (
    <Page
      title={`${title(d.event_type)} → ${gone ? isolated(gone.name) : names.webhook(d.webhook_id)}`}
      lead={
        <div className="row">
          <StatusWord status={d.status} />
          {d.kind === 'test' && <TestMark />}
          {d.status === 'retrying' && d.next_attempt_at && (
            <span>
              {t('next_in')} <Left until={d.next_attempt_at} />
            </span>
          )}
        </div>
      }
      actions={<DeliveryActions delivery={d} over={Boolean(gone)} />}
    >
      <Answered query={query}>{(delivery) => <DeliveryOf delivery={delivery} gone={gone} />}</Answered>
    </Page>
  );
}

// useGone is the webhook of a delivery where it was deleted, so that no list has it.
function useGone(id: string | undefined, name: (id: string) => string) {
  const asked = useWebhook(id ?? '', Boolean(id) && name(id ?? '') === id);
  return deletedOf(asked.error);
}

function DeliveryOf({ delivery: d, gone }: { delivery: DeliveryDetail; gone: { name: string } | undefined }) {
  const { t } = useWords();
  const names = useNames([d.webhook_id]);
  const admin = useAdmin();
  const failed = [...d.attempts].reverse().find((a) => a.reason);
  return (
    <>
      {d.status !== 'succeeded' && (failed?.reason ?? d.reason) && (
        <Note tone={d.status === 'failed' ? 'bad' : 'warn'} title={t('what_to_do')}>
          <ReasonWords reason={d.reason && d.reason !== 'exhausted' ? d.reason : (failed?.reason ?? d.reason ?? 'internal')} code={failed?.status_code}>
            {d.reason === 'exhausted' && <div>{t('reason.exhausted.next')}</div>}
          </ReasonWords>
        </Note>
      )}
      {d.kind === 'test' && <Note>{t('kind.test.text')}</Note>}
      <Deeds delivery={d} />
      <Card title={t('attempts')}>
        {d.attempts.length === 0 ? (
          <p className="dim">{t(d.status === 'held' ? 'attempts.held' : 'attempts.none_yet')}</p>
        ) : (
          <ol className="timeline">
            {d.attempts.map((a, i) => (
              <AttemptOf key={`${a.number} ${a.started_at}`} attempt={a} before={d.attempts[i - 1]} last={i === d.attempts.length - 1} />
            ))}
          </ol>
        )}
      </Card>
      <RequestOf delivery={d} />
      <Card title={t('facts')}>
        <Facts
          rows={[
            [
              t('event'),
              <Link key="event" to="/events/$id" params={{ id: d.event_id }}>
                {d.event_id}
              </Link>,
            ],
            [
              t('webhook'),
              <Link key="webhook" to="/webhooks/$id" params={{ id: d.webhook_id }}>
                {gone ? `${isolated(gone.name)} (${t('deleted')})` : names.webhook(d.webhook_id)}
              </Link>,
            ],
            [t('project'), d.project_id ? names.project(d.project_id) : null],
            [t('created'), <When key="created" at={d.created_at} />],
            [t('finished'), d.finished_at ? <When key="finished" at={d.finished_at} /> : null],
            [
              t('delivery.again_of'),
              d.redelivery_of ? (
                <Link key="of" to="/deliveries/$id" params={{ id: d.redelivery_of }}>
                  {d.redelivery_of}
                </Link>
              ) : null,
            ],
            [
              'Temporal',
              (admin || app.features.temporal_links === 'all') && d.workflow.url ? (
                <a key="workflow" href={d.workflow.url} target="_blank" rel="noreferrer">
                  {t('delivery.temporal')}
                </a>
              ) : null,
            ],
            [
              t('id'),
              <span key="id" className="row">
                <code>{d.id}</code>
                <Copy value={d.id} />
              </span>,
            ],
          ]}
        />
      </Card>
    </>
  );
}

// Deeds says who had it sent again or cancelled, and when.
function Deeds({ delivery: d }: { delivery: DeliveryDetail }) {
  const { t } = useWords();
  const who = useWho();
  const line = (key: 'deed.cancelled' | 'deed.again', { at, actor }: Schemas['Deed']) => (
    <>
      {actor ? t(key, { who: who(actor) }) : t(`${key}.nobody`)} <span className="dim"><When at={at} /></span>
    </>
  );
  if (!d.cancelled && !d.sent_again && !d.superseded) return null;
  return (
    <Note>
      <ul className="plainlist" data-testid="deeds">
        {d.sent_again && <li>{line('deed.again', d.sent_again)}</li>}
        {d.cancelled && <li>{line('deed.cancelled', d.cancelled)}</li>}
        {d.superseded && (
          <li>
            {t('delivery.superseded')} {d.replaced && line('deed.again', d.replaced)}{' '}
            {d.replaced && (
              <Link to="/deliveries/$id" params={{ id: d.replaced.delivery_id }}>
                {t('deed.newer')}
              </Link>
            )}
          </li>
        )}
      </ul>
    </Note>
  );
}

// asked says that the receiver has said when to come again.
const asked = (a: Attempt) => Object.keys(a.response.headers).some((name) => name.toLowerCase() === 'retry-after');

// waited is how many seconds came between two attempts.
const waited = (before: Attempt, a: Attempt) => (Date.parse(a.started_at) - Date.parse(before.started_at) - before.duration_ms) / 1000;

function AttemptOf({ attempt: a, before, last }: { attempt: Attempt; before: Attempt | undefined; last: boolean }) {
  const { t, format } = useWords();
  const [open, setOpen] = useState(last);
  const [shown, setShown] = useState(false);
  const tone = a.outcome === 'success' ? 'good' : a.outcome === 'in_flight' || a.outcome === 'put_off' ? 'warn' : 'bad';
  const answered = Object.keys(a.response.headers).length > 0 || a.response.body !== '';
  return (
    <li className={tone}>
      <div className="row between">
        <div>
          <strong>{t('attempt.number', { n: a.number })}</strong> {t(`outcome.${a.outcome}`)}
          {a.status_code ? ` (${a.status_code})` : ''} {a.reason && a.outcome !== 'success' && <span>· {t(`reason.${a.reason}`)}</span>}
        </div>
        <div className="dim small row">
          {before && waited(before, a) >= 0.1 && <span>{t(asked(before) ? 'attempt.waited_asked' : 'attempt.waited', { time: format.wait(waited(before, a)) })}</span>}
          <span>{format.clock(a.started_at)}</span>
          {a.outcome !== 'in_flight' && <span>{format.ms(a.duration_ms)}</span>}
        </div>
      </div>
      <button type="button" className="link small" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? t('attempt.hide') : t('attempt.show')}
      </button>
      {open && (
        <div className="columns">
          <div className="stack tight">
            <h3>{t('attempt.sent')}</h3>
            <div className="row">
              <code dir="ltr">POST {shown ? a.request.url : masked(a.request.url)}</code>
              <button type="button" className="link small" onClick={() => setShown(!shown)}>
                {shown ? t('hide') : t('show')}
              </button>
            </div>
            <Code label={t('attempt.sent')} text={headers(a.request.headers)} />
            <div>
              <Copy value={pretty(a)} label={t('attempt.json')} />
            </div>
          </div>
          <div className="stack tight">
            <h3>{t('attempt.answered')}</h3>
            {answered ? (
              <>
                <Code label={t('attempt.answered')} text={`${a.status_code ?? ''}\n${headers(a.response.headers)}`} />
                {a.response.encoding === 'base64' ? (
                  <p>{t('attempt.binary', { n: Math.floor((a.response.body.length * 3) / 4) })}</p>
                ) : (
                  a.response.body && <Code label={t('attempt.body')} text={a.response.body} />
                )}
                {a.response.truncated && <p className="dim small">{t('attempt.cut')}</p>}
              </>
            ) : (
              <p className="dim">{t('attempt.no_answer')}</p>
            )}
            {a.error && (
              <details className="small">
                <summary>{t('problem.details')}</summary>
                <p lang="en">{a.error}</p>
              </details>
            )}
          </div>
        </div>
      )}
    </li>
  );
}

// RequestOf shows the body that the receiver gets, and has the request copied as a
// command that the receiver accepts.
function RequestOf({ delivery: d }: { delivery: DeliveryDetail }) {
  const { t } = useWords();
  const say = useSay();
  const [raw, setRaw] = useState(false);
  const path = { id: d.id };
  const request = useQuery({ queryKey: ['delivery', d.id, 'request'], queryFn: () => ok(api.GET('/v1/deliveries/{id}/request', { params: { path } })) });
  const sign = useMutation({
    mutationFn: async () => copyText(curlOf(await ok(api.GET('/v1/deliveries/{id}/request', { params: { path, query: { sign: 'true' } } })))),
    onSuccess: () => say(t('request.copied')),
    onError: () => say(t('failed'), { bad: true }),
  });
  const sent = request.data;
  // A webhook that was deleted, or states that were removed, leave nothing to show.
  if (!sent) return null;
  return (
    <Card title={t('request')}>
      <div className="stack">
        {sent.encoding === 'base64' ? <p>{t('attempt.binary', { n: Math.floor((sent.body.length * 3) / 4) })}</p> : <Code label={t('request')} text={raw ? sent.body : prettyBody(sent.body)} />}
        {sent.truncated && <p className="dim small">{t('request.cut')}</p>}
        <div className="row">
          {!sent.encoding && <Copy value={sent.body} label={t('request.copy')} />}
          {!sent.encoding && !sent.truncated && (
            <Button size="xs" variant="default" loading={sign.isPending} onClick={() => sign.mutate()}>
              {t('attempt.curl')}
            </Button>
          )}
          {!sent.encoding && (
            <Button size="xs" variant="default" aria-pressed={raw} onClick={() => setRaw(!raw)}>
              {t('request.raw')}
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => saveFile(`${d.id}.${sent.encoding ? 'bin' : 'json'}`, bytesOf(sent))}>
            {t('request.save')}
          </Button>
        </div>
        <p className="dim small">{t('attempt.curl.text')}</p>
      </div>
    </Card>
  );
}

const bytesOf = ({ body, encoding }: { body: string; encoding?: string }): BlobPart => (encoding === 'base64' ? Uint8Array.from(atob(body), (c) => c.charCodeAt(0)) : body);

function saveFile(name: string, content: BlobPart) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const headers = (h: Record<string, string>) =>
  Object.entries(h)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

function DeliveryActions({ delivery: d, over }: { delivery: DeliveryDetail; over: boolean }) {
  const { t } = useWords();
  const [ask, setAsk] = useState<'redeliver' | 'cancel' | null>(null);
  const [key] = useState(onceKey);
  const refresh = useRefresh();
  const navigate = useNavigate();
  const say = useSay();
  const params = { path: { id: d.id } };
  const done = (text: string) => {
    setAsk(null);
    say(text);
    void refresh('delivery', d.id);
  };
  const retry = useMutation({
    mutationFn: () => ok(api.POST('/v1/deliveries/{id}/retry-now', { params })),
    onSuccess: () => done(t('delivery.retried')),
    onError: (e) => {
      say(isFailure(e, 'conflict') ? t('delivery.changed') : t('failed'), { bad: true });
      void refresh('delivery', d.id);
    },
  });
  const cancel = useMutation({
    mutationFn: () => ok(api.POST('/v1/deliveries/{id}/cancel', { params })),
    onSuccess: () => done(t('delivery.cancelled')),
  });
  const redeliver = useMutation({
    mutationFn: () => ok(api.POST('/v1/deliveries/{id}/redeliver', { params: { ...params, header: { 'Idempotency-Key': key } } })),
    onSuccess: async (made) => {
      setAsk(null);
      say(t('delivery.redelivered'));
      await navigate({ to: '/deliveries/$id', params: { id: made.delivery_id } });
    },
  });
  const waits = d.status === 'pending' || d.status === 'retrying' || d.status === 'held';
  const finished = !waits;
  return (
    <>
      {d.status === 'retrying' && (
        <Button loading={retry.isPending} onClick={() => retry.mutate()}>
          {t('delivery.now')}
        </Button>
      )}
      {waits && (
        <Button variant="default" onClick={() => setAsk('cancel')}>
          {t('delivery.stop')}
        </Button>
      )}
      {finished && !d.superseded && !over && <Button onClick={() => setAsk('redeliver')}>{t('redeliver')}</Button>}
      {ask === 'cancel' && (
        <Dialog title={t('delivery.stop')} onClose={() => setAsk(null)}>
          <p>{t('delivery.stop.text')}</p>
          {cancel.error && <Problem error={cancel.error} />}
          <Buttons onCancel={() => setAsk(null)}>
            <Button color="red.9" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              {t('delivery.stop')}
            </Button>
          </Buttons>
        </Dialog>
      )}
      {ask === 'redeliver' && (
        <Dialog title={t('redeliver')} onClose={() => setAsk(null)}>
          <p>{d.status === 'succeeded' ? t('redeliver.arrived') : t('redeliver.text')}</p>
          {redeliver.error && <Problem error={redeliver.error} />}
          <Buttons onCancel={() => setAsk(null)}>
            <Button loading={redeliver.isPending} onClick={() => redeliver.mutate()}>
              {t('redeliver')}
            </Button>
          </Buttons>
        </Dialog>
      )}
    </>
  );
}
