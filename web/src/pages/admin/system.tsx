import { useQuery } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { isFailure } from '../../api/hooks';
import { every, live } from '../../api/live';
import { useWords } from '../../i18n';
import { useAdmin, useNames } from '../../ui/names';
import { ofRetention, ofSealed, ofSilence, remedyOf, type Remedy } from '../../rules/remedy';
import { Answered, Card, Copy, Facts, Note, When, Word } from '../../ui/parts';
import { base } from '../../base';
import { Only } from './only';
import { Link } from '@tanstack/react-router';

interface Trouble {
  name: string;
  detail: string | null;
  remedy: Remedy;
}

const problemsOf = (s: Schemas['System']): Trouble[] => [
  ...s.parts.filter((part) => !part.ready).map((part) => ({ ...part, remedy: remedyOf(part, s.settings.temporal.address) })),
  ...(s.retention.problem ? [{ name: 'retention', detail: s.retention.problem, remedy: ofRetention }] : []),
];

// Sealed names webhooks with secrets that no key opens, and leads to them.
function Sealed({ unreadable: { total, webhooks } }: { unreadable: Schemas['Unreadable'] }) {
  const { t } = useWords();
  const names = useNames(webhooks);
  if (total === 0) return null;
  return (
    <Note tone="bad" title={t('system.unreadable', { n: total })}>
      <div className="stack" data-testid="unreadable">
        <ul>
          {webhooks.map((id) => (
            <li key={id}>
              <Link to="/webhooks/$id" params={{ id }} dir="auto">
                {names.webhook(id)}
              </Link>
            </li>
          ))}
        </ul>
        {total > webhooks.length && <p>{t('types.listening.more', { n: total - webhooks.length })}</p>}
        <div>{t(ofSealed.text)}</div>
        <div className="row">
          <code dir="ltr">{ofSealed.command}</code>
          <Copy value={ofSealed.command} />
        </div>
      </div>
    </Note>
  );
}

// Missing says of each thing that is missing why, and what to run.
function Missing({ problems }: { problems: Trouble[] }) {
  const { t } = useWords();
  if (problems.length === 0) return <Note tone="good">{t('remedy.none')}</Note>;
  return (
    <Note tone="bad" title={t('remedy.title')}>
      <ul className="plainlist stack" data-testid="missing">
        {problems.map(({ name, detail, remedy }) => (
          <li key={name}>
            <div lang="en">
              <strong>{name}</strong>
              {detail && `: ${detail}`}
            </div>
            <div>{t(remedy.text)}</div>
            <div className="row">
              <code dir="ltr">{remedy.command}</code>
              <Copy value={remedy.command} />
            </div>
          </li>
        ))}
      </ul>
    </Note>
  );
}

export function System() {
  const { t, format } = useWords();
  const admin = useAdmin();
  const query = useQuery({ queryKey: ['system'], enabled: admin, queryFn: () => ok(api.GET('/v1/system')), refetchInterval: live(every.chart) });
  const yes = (b: boolean) => (b ? t('yes') : t('no'));
  return (
    <Only title={t('nav.system')}>
      {isFailure(query.error, 'unavailable', 'internal') && <Missing problems={[{ name: 'Godwit', detail: null, remedy: ofSilence }]} />}
      <Answered query={query}>
        {(s) => (
          <>
            <Missing problems={problemsOf(s)} />
            <Sealed unreadable={s.unreadable} />
            <div className="columns">
              <Card title={t('system.version')}>
                <Facts
                  rows={[
                    ['Godwit', s.version],
                    ['Postgres', s.postgres_version],
                    ['Go', s.go_version],
                    [t('system.schema'), format.number(s.schema_version)],
                    [
                      'Temporal',
                      s.settings.temporal.ui_url ? (
                        <a key="temporal" href={s.settings.temporal.ui_url} target="_blank" rel="noreferrer">
                          {s.settings.temporal.address}
                        </a>
                      ) : (
                        s.settings.temporal.address
                      ),
                    ],
                    [
                      t('system.reference'),
                      <a key="docs" href={`${base}docs`}>
                        {`${base}docs`}
                      </a>,
                    ],
                  ]}
                />
              </Card>
              <Card title={t('system.parts')}>
                <ul className="plainlist">
                  {s.parts.map((part) => (
                    <li key={part.name} className="row between">
                      <span lang="en">{part.name}</span>
                      <Word tone={part.ready ? 'good' : 'bad'}>{t(part.ready ? 'system.ready' : 'system.missing')}</Word>
                    </li>
                  ))}
                </ul>
              </Card>
              <Card title={t('system.sending')}>
                <Facts
                  rows={[
                    [t('system.timeout'), format.span(s.settings.delivery_timeout)],
                    [t('system.retries'), s.settings.retry_schedule.map(format.span).join(' · ')],
                    [t('system.recovery'), s.settings.recovery_schedule.map(format.span).join(' · ')],
                    [t('system.recovery_window'), format.span(s.settings.recovery_window)],
                    [t('system.http'), yes(s.settings.allow_http)],
                    [t('system.egress'), s.settings.egress_allow.join(', ') || t('system.egress.public')],
                    [t('mail'), yes(s.settings.mail)],
                  ]}
                />
              </Card>
              <Card title={t('system.keeping')}>
                <Facts
                  rows={[
                    [t('system.retention'), format.span(s.settings.retention)],
                    [t('system.audit_retention'), format.span(s.settings.audit_retention)],
                    [t('system.kept_since'), s.retention.kept_since ? <When key="since" at={s.retention.kept_since} /> : t('system.all_kept')],
                    [t('system.last_removal'), s.retention.last_finished_at ? <When key="last" at={s.retention.last_finished_at} /> : t('never')],
                    [t('system.problem'), s.retention.problem],
                  ]}
                />
              </Card>
              <Card title={t('system.limits')}>
                <Facts
                  rows={[
                    [t('system.publish_rate'), t('per_second', { n: s.settings.publish_rate })],
                    [t('system.management_rate'), t('per_second', { n: s.settings.management_rate })],
                  ]}
                />
              </Card>
            </div>
          </>
        )}
      </Answered>
    </Only>
  );
}
