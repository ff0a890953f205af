import { Button, NativeSelect } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { ago, deletedOf, useHealth, useLedger, useRefresh, useWebhook, type Reason, type WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import type { DeliveryFilter } from '../rules/filter';
import { hostOf, masked } from '../rules/receivers';
import { stateOf } from '../rules/state';
import { Bars, Whole, type Bar } from '../ui/charts';
import { useSay } from '../ui/dialog';
import { RuleWords } from '../ui/listens';
import { useAdmin } from '../ui/names';
import { Answered, Card, Copy, Facts, Guide, Left, Loading, Note, Page, Problem, StateWord, When, Word } from '../ui/parts';
import { PlayLink } from '../ui/play';
import { StateLine } from '../ui/state-line';
import { Deleted } from './deleted';
import { DeliveryList } from './delivery-list';
import { History } from './history';
import { Missed, SendThese, SentAgain } from './missed';
import { Actions } from './webhook-actions';

// WebhookFrame is what the pages of one webhook share: heading, actions, tabs.
export function WebhookFrame({ id, children }: { id: string; children: (w: WebhookDetail, etag: string) => ReactNode }) {
  const { t } = useWords();
  const query = useWebhook(id);
  const search: DeliveryFilter = useSearch({ strict: false });
  const was = deletedOf(query.error);
  if (was) return <Deleted id={id} was={was} filter={search} />; // also while it was looked at
  if (!query.data) {
    return (
      <Page title={query.error ? t('webhook') : t('loading')}>
        {query.error ? <Problem error={query.error} retry={() => void query.refetch()} /> : <Loading />}
        {query.error !== null && (
          <p>
            <Link to="/webhooks">{t('nav.webhooks')}</Link>
          </p>
        )}
      </Page>
    );
  }
  const { webhook: w, etag } = query.data;
  return (
    <Page
      title={w.name}
      lead={
        <div className="row">
          <StateWord state={stateOf(w)} />
          <span className="dim" dir="ltr">
            {hostOf(w.url)}
          </span>
          {w.old_secrets[0] && (
            <span className="dim small">
              {t('secret.old_ends')} <Left until={w.old_secrets[0].expires_at} />
            </span>
          )}
        </div>
      }
      actions={<Actions webhook={w} etag={etag} />}
    >
      <nav className="tabs" aria-label={t('webhook.pages')}>
        <Link to="/webhooks/$id" params={{ id }} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
          {t('nav.overview')}
        </Link>
        <Link to="/webhooks/$id/deliveries" params={{ id }} activeOptions={{ includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
          {t('nav.deliveries')}
        </Link>
        <Link to="/webhooks/$id/settings" params={{ id }} activeProps={{ 'aria-current': 'page' }}>
          {t('settings')}
        </Link>
      </nav>
      {children(w, etag)}
    </Page>
  );
}

const spans = ['24h', '7d', '30d'] as const;

export function Overview() {
  const { id } = useParams({ from: '/shell/webhooks/$id' });
  return <WebhookFrame id={id}>{(w, etag) => <OverviewOf webhook={w} etag={etag} />}</WebhookFrame>;
}

function OverviewOf({ webhook: w, etag }: { webhook: WebhookDetail; etag: string }) {
  const { t } = useWords();
  const [span, setSpan] = useState<(typeof spans)[number]>('24h');
  const health = useHealth(w.id, span);
  const ledger = useLedger(w.id, span);
  return (
    <>
      <StateSentence webhook={w} />
      {w.unreadable && <CannotOpen parts={w.unreadable} />}
      <Missed webhook={w} ledger={ledger.data} />
      {w.unreachable_rules.length > 0 && <Unreachable webhook={w} etag={etag} />}
      <NativeSelect
        label={t('span')}
        value={span}
        onChange={(e) => setSpan(e.currentTarget.value as typeof span)}
        data={spans.map((value) => ({ value, label: t(`span.${value}`) }))}
        style={{ maxWidth: '14rem' }}
      />
      <Answered query={health}>{(h) => <HealthOf webhook={w} health={h} span={span} />}</Answered>
      <Card title={t('ledger')}>
        <Answered query={ledger}>{(l) => <LedgerOf ledger={l} />}</Answered>
      </Card>
      <SentAgain webhook={w.id} />
      <div className="columns">
        <Card title={t('rules')}>
          <ol className="plainlist">
            {w.rules.map((rule, i) => (
              <li key={i}>
                <RuleWords rule={rule} />
              </li>
            ))}
          </ol>
          {w.combinations.open_windows > 0 && (
            <p className="dim small">
              {t('windows', { n: w.combinations.open_windows })} {t('windows.limit', { n: w.combinations.limit })}
            </p>
          )}
          {w.combinations.refused > 0 && <Note tone="warn">{t('windows.refused', { n: w.combinations.refused })}</Note>}
        </Card>
        <Card title={t('facts')}>
          <WebhookFacts webhook={w} />
        </Card>
      </div>
    </>
  );
}

// CannotOpen says what of a webhook's secrets no key opens, and what mends each.
function CannotOpen({ parts }: { parts: NonNullable<WebhookDetail['unreadable']> }) {
  const { t } = useWords();
  const sending = parts.filter((part) => part !== 'old_secrets');
  if (sending.length === 0) return <Note tone="warn">{t('unreadable.old_title')}</Note>;
  return (
    <Note tone="bad" title={t('unreadable.title')}>
      <p>{t('unreadable.text')}</p>
      <ul data-testid="unreadable">
        {sending.map((part) => (
          <li key={part}>{t(`unreadable.${part}`)}</li>
        ))}
      </ul>
    </Note>
  );
}

// Unreachable are the rules that no event can match any more.
function Unreachable({ webhook: w, etag }: { webhook: WebhookDetail; etag: string }) {
  const { t } = useWords();
  const say = useSay();
  const refresh = useRefresh();
  const gone = new Set(w.unreachable_rules.map((u) => u.rule));
  const rest = w.rules.filter((_, i) => !gone.has(i));
  const remove = useMutation({
    mutationFn: () =>
      ok(api.PATCH('/v1/webhooks/{id}', { params: { path: { id: w.id }, header: { 'If-Match': etag } }, body: { rules: rest }, headers: { 'Content-Type': 'application/merge-patch+json' } })),
    onSuccess: () => say(t('saved')),
    onError: () => say(t('failed'), { bad: true }),
    onSettled: () => refresh(),
  });
  return (
    <Note tone="warn" title={t('unreachable', { n: gone.size })}>
      <ul>
        {w.rules.map(
          (rule, i) =>
            gone.has(i) && (
              <li key={i}>
                <RuleWords rule={rule} />
              </li>
            ),
        )}
      </ul>
      <p>{t('unreachable.text')}</p>
      <div className="row">
        {rest.length > 0 && (
          <Button size="xs" variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t('unreachable.remove', { n: gone.size })}
          </Button>
        )}
        <Link to="/webhooks/$id/settings" params={{ id: w.id }}>
          {t('why.change')}
        </Link>
      </div>
    </Note>
  );
}

function WebhookFacts({ webhook: w }: { webhook: WebhookDetail }) {
  const { t } = useWords();
  const admin = useAdmin();
  const [shown, setShown] = useState(false);
  return (
    <Facts
      rows={[
        [
          t('address'),
          <span key="url" className="row">
            <span dir="ltr">{shown ? w.url : masked(w.url)}</span>
            <button type="button" className="link small" onClick={() => setShown(!shown)}>
              {shown ? t('hide') : t('show')}
            </button>
            <PlayLink url={w.url} />
          </span>,
        ],
        [t('owner'), admin ? w.owner_id : null],
        [t('format'), t(`format.${w.payload_format}`)],
        [
          t('signature'),
          <Link key="verify" to="/verify" search={{ webhook: w.id }}>
            {t('verify.link')}
          </Link>,
        ],
        [t('created'), <When key="at" at={w.created_at} />],
        [
          t('id'),
          <span key="id" className="row">
            <code>{w.id}</code>
            <Copy value={w.id} />
          </span>,
        ],
      ]}
    />
  );
}

// StateSentence says how the webhook is, and what to do.
function StateSentence({ webhook: w }: { webhook: WebhookDetail }) {
  const { t } = useWords();
  const state = stateOf(w);
  const last = w.stats?.last_failure;
  const tone = state === 'failing' ? 'warn' : state.startsWith('off') && state !== 'off_owner' ? 'bad' : state === 'working' || state === 'catching_up' ? 'good' : 'quiet';
  return (
    <Note tone={tone}>
      <p>
        <strong>{t(`state.${state}.text`)}</strong>
      </p>
      {(state === 'off_gave_up' || state === 'off_gone') && w.stats !== undefined && w.stats.held > 0 && <p>{t('numbers.held', { n: w.stats.held })}.</p>}
      {state !== 'new' && state !== 'off_gave_up' && state !== 'off_gone' && (
        <p className="sentence">
          <StateLine webhook={w} />
        </p>
      )}
      {w.paused_until && Date.parse(w.paused_until) > Date.now() && (
        <p>
          {t('paused')} <Left until={w.paused_until} />
        </p>
      )}
      {tone !== 'good' && state !== 'off_owner' && last && (
        <p>
          {state !== 'failing' && t(`reason.${last.reason}`)} {t(`reason.${last.reason}.next`)} <span className="dim small">(<When at={last.at} />)</span>
        </p>
      )}
      {state === 'failing' && (
        <p>
          <Link to="/webhooks/$id/deliveries" params={{ id: w.id }} search={{ status: 'retrying' }}>
            {t('see_failed')}
          </Link>
        </p>
      )}
    </Note>
  );
}

function HealthOf({ webhook: w, health: h, span }: { webhook: WebhookDetail; health: Schemas['WebhookHealth']; span: string }) {
  const { t, format } = useWords();
  const by = span === '24h' ? 'hour' : 'day';
  const [again, setAgain] = useState<Reason>();
  const reasons = new Map<string, number>();
  for (const hour of h.hourly) for (const [reason, n] of Object.entries(hour.by_reason)) reasons.set(reason, (reasons.get(reason) ?? 0) + n);
  return (
    <>
      <dl className="numbers">
        <div>
          <dt>{t('rate')}</dt>
          <dd>{h.success_rate === null ? '–' : format.percent(h.success_rate)}</dd>
        </div>
        <div>
          <dt>{t('attempts')}</dt>
          <dd>{format.number(h.attempts)}</dd>
        </div>
        <div>
          <dt>{t('latency.p50')}</dt>
          <dd>{h.latency_ms.p50 === null ? '–' : format.ms(h.latency_ms.p50)}</dd>
        </div>
        <div>
          <dt>{t('latency.p95')}</dt>
          <dd>{h.latency_ms.p95 === null ? '–' : format.ms(h.latency_ms.p95)}</dd>
        </div>
      </dl>
      <Card title={t('attempts')}>
        {h.attempts === 0 ? <p className="dim">{t('attempts.none')} <Guide to="trouble#nothing-comes" /></p> : <Bars bars={barsOf(h, by)} by={by} />}
      </Card>
      <div className="columns">
        {reasons.size > 0 && (
          <Card title={t('what_failed')}>
            <ul className="plainlist">
              {[...reasons].sort((a, b) => b[1] - a[1]).map(([reason, n]) => (
                <li key={reason}>
                  <strong>{format.number(n)}×</strong> {t(`reason.${reason as Reason}`)} {t(`reason.${reason as Reason}.next`)}{' '}
                  <Link to="/webhooks/$id/deliveries" params={{ id: w.id }} search={{ reason, since: span }}>
                    {t('show_these')}
                    <span className="hidden"> {t(`reason.${reason as Reason}`)}</span>
                  </Link>{' '}
                  {w.enabled && (
                    <button type="button" className="link" onClick={() => setAgain(reason as Reason)}>
                      {t('send_these')}
                      <span className="hidden"> {t(`reason.${reason as Reason}`)}</span>
                    </button>
                  )}
                </li>
              ))}
            </ul>
            <p>
              <Link to="/webhooks/$id/deliveries" params={{ id: w.id }} search={{ status: 'failed' }}>
                {t('see_failed')}
              </Link>
            </p>
            {again && <SendThese webhook={w.id} set={{ since: ago(span), statuses: ['failed'], reasons: [again] }} onClose={() => setAgain(undefined)} />}
          </Card>
        )}
        <Card title={t('history')}>
          <History transitions={h.transitions} />
        </Card>
      </div>
    </>
  );
}

// barsOf has a bar for each hour or day up to now, also for those without attempts.
function barsOf(h: Schemas['WebhookHealth'], by: 'hour' | 'day'): Bar[] {
  const size = by === 'hour' ? 3600e3 : 24 * 3600e3;
  const floor = (at: number) => at - (at % size);
  const bars = new Map<number, Bar>();
  for (let at = floor(Date.parse(h.since)); at <= floor(Date.now()); at += size) bars.set(at, { at: new Date(at).toISOString(), good: 0, bad: 0 });
  for (const hour of h.hourly) {
    const bar = bars.get(floor(Date.parse(hour.hour)));
    if (!bar) continue;
    bar.good += hour.succeeded;
    bar.bad += hour.failed;
  }
  return [...bars.values()];
}

function LedgerOf({ ledger: l }: { ledger: Schemas['Ledger'] }) {
  const { t } = useWords();
  return (
    <>
      <p>{t('ledger.text', { n: l.matched })}</p>
      <Whole
        name={t('ledger')}
        parts={[
          { tone: 'good', name: t('status.succeeded'), count: l.succeeded },
          { tone: 'accent', name: t('status.pending'), count: l.pending },
          { tone: 'warn', name: t('status.retrying'), count: l.retrying },
          { tone: 'quiet', name: t('status.held'), count: l.held },
          { tone: 'bad', name: t('status.failed'), count: l.failed },
          { tone: 'line', name: t('status.cancelled'), count: l.cancelled },
        ]}
      />
      <p style={{ marginTop: '0.75rem' }}>
        {l.balanced ? <Word tone="good">{t('ledger.balanced')}</Word> : <Word tone="bad">{t('ledger.unbalanced')}</Word>} <span className="dim small">{t('ledger.balanced.text')}</span>
      </p>
    </>
  );
}

export function WebhookDeliveries() {
  const { id } = useParams({ from: '/shell/webhooks/$id/deliveries' });
  const search = useSearch({ from: '/shell/webhooks/$id/deliveries' });
  return <WebhookFrame id={id}>{() => <DeliveryList filter={search} webhook={id} />}</WebhookFrame>;
}

