import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { ago, useAiling, useUsers } from '../../api/hooks';
import { every, live } from '../../api/live';
import { useWords } from '../../i18n';
import { stateOf } from '../../rules/state';
import { Bars, Whole, type Bar } from '../../ui/charts';
import { base } from '../../base';
import { useAdmin } from '../../ui/names';
import { Answered, Card, Guide, StateWord, When } from '../../ui/parts';
import { Only } from './only';

const spans = ['24h', '7d', '30d'] as const;

// barsOf are the hours as they are, or added up by the reader's days.
function barsOf(hours: Schemas['HourlyStats'][], by: 'hour' | 'day'): Bar[] {
  if (by === 'hour') return hours.map((h) => ({ at: h.hour, good: h.succeeded, bad: h.failed }));
  const days = new Map<string, Bar>();
  for (const h of hours) {
    const day = new Date(h.hour).toDateString();
    const bar = days.get(day) ?? { at: h.hour, good: 0, bad: 0 };
    days.set(day, { ...bar, good: bar.good + h.succeeded, bad: bar.bad + h.failed });
  }
  return [...days.values()];
}

export function Overview() {
  const { t, format } = useWords();
  const admin = useAdmin();
  const [span, setSpan] = useState<(typeof spans)[number]>('24h');
  const ailing = useAiling(admin);
  const users = useUsers(admin).data;
  const stats = useQuery({
    queryKey: ['stats', span],
    enabled: admin,
    queryFn: () => ok(api.GET('/v1/stats', { params: { query: { since: ago(span) } } })),
    refetchInterval: live(every.chart),
  });
  const temporal = useQuery({ queryKey: ['system'], enabled: admin, staleTime: 60_000, queryFn: () => ok(api.GET('/v1/system')) }).data?.settings.temporal.ui_url;
  const someFail = (ailing.data?.length ?? 0) > 0;
  const failing = (
    <Card title={t('admin.failing')}>
      <Answered query={ailing}>
        {(all) =>
          all.length === 0 ? (
            <p className="dim">{t('admin.failing.none')}</p>
          ) : (
            <ul className="plainlist">
              {all.map((w) => (
                <li key={w.id} className="row between">
                  <span>
                    <Link to="/webhooks/$id" params={{ id: w.id }} dir="auto">
                      {w.name}
                    </Link>{' '}
                    <span className="dim small" dir="auto">{users?.find((u) => u.id === w.owner_id)?.name ?? w.owner_id}</span>
                    {w.stats?.last_failure && <div className="dim small">{t(`reason.${w.stats.last_failure.reason}`)}</div>}
                  </span>
                  <StateWord state={stateOf(w)} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Card>
  );
  return (
    <Only title={t('nav.overview')}>
      {someFail && failing}
      <NativeSelect
        label={t('span')}
        value={span}
        onChange={(e) => setSpan(e.currentTarget.value as typeof span)}
        data={spans.map((value) => ({ value, label: t(`span.${value}`) }))}
        style={{ maxWidth: '14rem' }}
      />
      <Answered query={stats}>
        {(s) => (
          <>
            <dl className="numbers">
              <div>
                <dt>{t('nav.events')}</dt>
                <dd>{format.number(s.events)}</dd>
              </div>
              <div>
                <dt>{t('attempts')}</dt>
                <dd>{format.number(s.attempts.total)}</dd>
              </div>
              <div>
                <dt>{t('rate')}</dt>
                <dd>{s.attempts.success_rate === null ? '–' : format.percent(s.attempts.success_rate)}</dd>
              </div>
              <div>
                <dt>{t('backlog')}</dt>
                <dd>{format.number(s.backlog.pending + s.backlog.retrying)}</dd>
              </div>
              <div>
                <dt>{t('oldest_waiting')}</dt>
                <dd>{s.oldest_waiting_at ? <When at={s.oldest_waiting_at} /> : '–'}</dd>
              </div>
              <div>
                <dt>{t('status.held')}</dt>
                <dd>{format.number(s.backlog.held)}</dd>
              </div>
            </dl>
            <Card title={t('nav.deliveries')}>
              <Whole
                name={t('nav.deliveries')}
                parts={[
                  { tone: 'good', name: t('status.succeeded'), count: s.deliveries.succeeded },
                  { tone: 'accent', name: t('status.pending'), count: s.deliveries.pending },
                  { tone: 'warn', name: t('status.retrying'), count: s.deliveries.retrying },
                  { tone: 'quiet', name: t('status.held'), count: s.deliveries.held },
                  { tone: 'bad', name: t('status.failed'), count: s.deliveries.failed },
                  { tone: 'line', name: t('status.cancelled'), count: s.deliveries.cancelled },
                ]}
              />
            </Card>
            <Card title={t('attempts')}>
              {s.attempts.total === 0 ? <p className="dim">{t('attempts.none')} <Guide to="trouble#nothing-comes" /></p> : <Bars bars={barsOf(s.hourly, span === '24h' ? 'hour' : 'day')} by={span === '24h' ? 'hour' : 'day'} />}
            </Card>
            {s.by_reason.length > 0 && (
              <Card title={t('why_not')}>
                <ul className="plainlist">
                  {s.by_reason.map(({ reason, count }) => (
                    <li key={reason} className="row between">
                      <span>{t(`reason.${reason}`)}</span>
                      <span>{format.number(count)}</span>
                    </li>
                  ))}
                </ul>
              </Card>
            )}
          </>
        )}
      </Answered>
      {!someFail && failing}
      <p className="row">
        {temporal && (
          <a href={temporal} target="_blank" rel="noreferrer">
            Temporal
          </a>
        )}
        <a href={`${base}docs/alerts`} hrefLang="en">
          {t('admin.metrics')}
        </a>
      </p>
    </Only>
  );
}
