import { NativeSelect } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useSettled } from '../../api/check';
import { api, ok } from '../../api/client';
import { ago, isFailure, type Rule } from '../../api/hooks';
import { useWords } from '../../i18n';
import { Faults } from '../../ui/findings';
import { useNames, useTypes } from '../../ui/names';
import { Card, Loading, Note, Problem, When } from '../../ui/parts';

const spans = ['24h', '7d', '30d'] as const;

// Preview tells what rules would have sent lately.
export function Preview({ rules, owner, short }: { rules: Rule[]; owner?: string | undefined; short?: boolean }) {
  const { t, format } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const [span, setSpan] = useState<(typeof spans)[number]>('24h');
  const asked = useSettled(rules, 500);
  const query = useQuery({
    queryKey: ['preview', span, owner, asked],
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
    queryFn: () => ok(api.POST('/v1/webhooks/preview', { body: { rules: asked, since: ago(span), ...(owner && { owner_id: owner }) } })),
  });
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
                  <Link to="/events/$id" params={{ id: e.id }} target="_blank">
                    {title(e.type)}
                    <span className="dim"> · {names.project(e.project_id)}</span>
                  </Link>
                  <span className="dim small">
                    <When at={e.accepted_at} />
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Card>
  );
}
