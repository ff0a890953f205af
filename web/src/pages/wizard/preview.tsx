import { NativeSelect } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useSettled } from '../../api/check';
import { api, ok, type Schemas } from '../../api/client';
import { ago, isFailure, useEvent, type Rule } from '../../api/hooks';
import { useWords } from '../../i18n';
import { Shares } from '../../ui/charts';
import { LinesOf } from '../../ui/condition-words';
import { Faults } from '../../ui/findings';
import { useNames, useTypes } from '../../ui/names';
import { Card, Loading, Note, Problem, When } from '../../ui/parts';
import { EventPanel } from '../event-panel';

const spans = ['24h', '7d', '30d'] as const;

// usePreview asks what rules would have sent lately.
function usePreview(rules: Rule[], span: string, owner: string | undefined) {
  return useQuery({
    queryKey: ['preview', span, owner, rules],
    enabled: rules.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
    queryFn: () => ok(api.POST('/v1/webhooks/preview', { body: { rules, since: ago(span), ...(owner && { owner_id: owner }) } })),
  });
}

const none: Rule[] = [];

// Preview tells what rules would have sent lately, and what those before them did.
export function Preview({ rules, before = none, owner, short }: { rules: Rule[]; before?: Rule[]; owner?: string | undefined; short?: boolean }) {
  const { t, format } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const [span, setSpan] = useState<(typeof spans)[number]>('24h');
  const [shown, setShown] = useState<string>();
  const asked = useSettled(rules, 500);
  const query = usePreview(asked, span, owner);
  const was = usePreview(before, span, owner).data;
  if (asked.length === 0) return null;
  if (isFailure(query.error, 'invalid')) {
    return (
      <Note tone="bad" title={t('preview.refused')}>
        <Faults faults={query.error.problem?.errors ?? []} rules={asked} />
      </Note>
    );
  }
  if (query.error) return <Problem error={query.error} retry={() => void query.refetch()} />;
  const p = query.data;
  if (!p) return <Loading />;
  return (
    <Card title={t('preview')}>
      <div className={`stack${query.isFetching ? ' old' : ''}`}>
        <NativeSelect
          label={t('span')}
          value={span}
          onChange={(e) => setSpan(e.currentTarget.value as typeof span)}
          data={spans.map((value) => ({ value, label: t(`span.${value}`) }))}
          style={{ maxWidth: '14rem' }}
        />
        <p data-testid="preview" role="status">
          <strong>{p.matched === 0 ? t('preview.nothing') : t('preview.count', { n: p.matched })}</strong>{' '}
          {p.by_type.length > 0 && format.list(p.by_type.slice(0, 6).map((x) => `${format.number(x.count)} × ${title(x.event_type)}`))}
        </p>
        {was && (
          <p role="status" data-testid="before">
            {t('preview.before', { before: format.number(was.matched), now: format.number(p.matched) })}
          </p>
        )}
        {p.matched > 0 && !short && (
          <div className="columns">
            <Shares name={t('preview.by_type')} parts={p.by_type.map((x) => ({ name: title(x.event_type), count: x.count }))} />
            <Shares name={t('preview.by_project')} parts={p.by_project.map((x) => ({ name: names.project(x.project_id), count: x.count }))} />
          </div>
        )}
        {!query.isPlaceholderData && <Stopped rules={asked} outcomes={p.by_rule} owner={owner} />}
        {p.matched > 10_000 && <Note tone="warn">{t('preview.many')}</Note>}
        {p.sampled && <p className="dim small">{t('preview.sampled', { n: p.examined, since: format.full(p.examined_since) })}</p>}
        {p.filter_failures.length > 0 && (
          <Note tone="warn" title={t('preview.failures')}>
            <ul>
              {p.filter_failures.map((f) => (
                <li key={`${f.rule} ${f.detail}`}>
                  {format.number(f.count)} × <code lang="en">{f.detail}</code>
                </li>
              ))}
            </ul>
          </Note>
        )}
        {!short && p.examples.length > 0 && (
          <div>
            <h3>{t('preview.examples')}</h3>
            <ul className="plainlist">
              {p.examples.map((e) => (
                <li key={`${e.id} ${e.rule}`} className="row between">
                  <button type="button" className="link" onClick={() => setShown(e.id)}>
                    {title(e.type)} · {names.project(e.project_id)}
                  </button>
                  <span className="dim small">
                    <When at={e.accepted_at} />
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
        {shown && <EventPanel id={shown} onClose={() => setShown(undefined)} />}
      </div>
    </Card>
  );
}

// Stopped says of rules that let nothing through at which clause that is.
function Stopped({ rules, outcomes, owner }: { rules: Rule[]; outcomes: Schemas['PreviewRule'][]; owner: string | undefined }) {
  const { t } = useWords();
  const stopped = outcomes.filter((o) => o.stopped !== null && rules[o.rule]);
  if (stopped.length === 0) return null;
  return (
    <Note title={t('preview.stopped', { n: stopped.length })}>
      <ul className="plainlist">
        {stopped.map((o) => o.stopped && <Clause key={o.rule} number={rules.length > 1 ? o.rule + 1 : undefined} rule={rules[o.rule]} stopped={o.stopped} owner={owner} />)}
      </ul>
    </Note>
  );
}

const said = ['event_type', 'project', 'filter_false', 'window_closed'] as const;

function Clause({ number, rule, stopped: s, owner }: { number: number | undefined; rule: Rule | undefined; stopped: Schemas['RuleStopped']; owner: string | undefined }) {
  const { t } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const unmet = s.code === 'filter_false' && rule?.filter ? rule.filter : undefined;
  const event = useEvent(unmet ? s.event_id : undefined).data;
  const clause = said.find((code) => code === s.code);
  return (
    <li>
      {number !== undefined && <strong>{t('rule.number', { n: number })} </strong>}
      {clause ? t(`preview.stopped.${clause}`, { n: s.count }) : t(`why.${s.code}`, { title: title(event?.type ?? ''), project: names.project(event?.project_id ?? '') })}
      {unmet && event && (
        <div className="stack tight">
          <LinesOf filter={unmet} sample={{ event_id: s.event_id }} states={event} owner={owner} />
          <Link to="/events/$id" params={{ id: s.event_id }} target="_blank" className="small">
            {t('preview.stopped.newest')}
          </Link>
        </div>
      )}
    </li>
  );
}
