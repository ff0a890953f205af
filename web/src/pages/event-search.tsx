import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useCheck } from '../api/check';
import { api, ok, type Schemas } from '../api/client';
import { ago, isFailure } from '../api/hooks';
import { useWords } from '../i18n';
import { emptyDraft } from '../rules/draft';
import { asTimes } from '../rules/span';
import { isFilter } from '../rules/findings';
import { Faults } from '../ui/findings';
import { Answered, Empty, Note, Pager } from '../ui/parts';
import { OnlyIf } from './wizard/only-if';

export interface Sought {
  filter: string;
  type: string | undefined;
  project: string | undefined;
  since: string | undefined;
  until: string | undefined;
}

// Condition puts the condition of a search together.
export function Condition({ filter, type, onSearch }: { filter: string | undefined; type: string | undefined; onSearch: (filter: string | undefined) => void }) {
  const { t } = useWords();
  const [draft, setDraft] = useState({ ...emptyDraft, filter: filter ?? '' });
  const asked = { ...draft, what: type ? ('some' as const) : ('everything' as const), types: type ? [type] : [] };
  const check = useCheck(draft.filter ? { rules: [{ events: ['*'], filter: draft.filter }] } : {});
  const fault = check.fresh ? check.faults.find((f) => isFilter(f.pointer)) : undefined;
  return (
    <form
      className="stack"
      onSubmit={(e) => {
        e.preventDefault();
        onSearch(draft.filter || undefined);
      }}
    >
      <OnlyIf key={type ?? ''} draft={asked} set={(change) => setDraft((d) => ({ ...d, ...change }))} fault={fault} none={t('events.search.text')} />
      <div className="row">
        <Button type="submit" disabled={!draft.filter || draft.unfinished || fault !== undefined}>
          {t('events.search.go')}
        </Button>
        {filter && (
          <Button
            variant="default"
            onClick={() => {
              setDraft(emptyDraft);
              onSearch(undefined);
            }}
          >
            {t('events.search.end')}
          </Button>
        )}
      </div>
    </form>
  );
}

// Found shows what a condition holds for, a part of the past after the other.
export function Found({ sought, children }: { sought: Sought; children: (rows: Schemas['ListedEvent'][]) => ReactNode }) {
  const { t, format } = useWords();
  const name = JSON.stringify(sought);
  const since = () => asTimes(sought).since ?? ago('30d');
  const [walk, setWalk] = useState<{ name: string; since: string; cursors: string[] }>(() => ({ name, since: since(), cursors: [] }));
  const at = walk.name === name ? walk : { name, since: since(), cursors: [] };
  if (at !== walk) setWalk(at);
  const cursor = at.cursors.at(-1);
  const query = useQuery({
    queryKey: ['events', 'search', name, at.since, cursor ?? ''],
    staleTime: Infinity, // it computes: nobody's list asks again by itself
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: () =>
      ok(
        api.POST('/v1/events/search', {
          body: { filter: sought.filter, since: at.since, ...(sought.until && { until: sought.until }), limit: 50, ...(sought.type && { types: [sought.type] }), ...(sought.project && { projects: [sought.project] }), ...(cursor && { cursor }) },
        }),
      ),
  });
  const next = query.data?.next_cursor;
  const older = next ? () => setWalk({ ...at, cursors: [...at.cursors, next] }) : undefined;
  const newer = at.cursors.length > 0 ? () => setWalk({ ...at, cursors: at.cursors.slice(0, -1) }) : undefined;
  if (isFailure(query.error, 'invalid')) {
    return (
      <Note tone="bad" title={t('events.search.refused')}>
        <Faults faults={query.error.problem?.errors ?? []} />
      </Note>
    );
  }
  if (isFailure(query.error, 'unavailable')) {
    return (
      <div role="alert">
        <Note tone="warn" title={t('events.search.busy')}>
          <p>{t('events.search.busy.text')}</p>
          <div className="row">
            <Button variant="default" onClick={() => void query.refetch()}>
              {t('events.search.again')}
            </Button>
            {newer && (
              <Button variant="default" onClick={newer}>
                {t('newer')}
              </Button>
            )}
          </div>
        </Note>
      </div>
    );
  }
  return (
    <Answered query={query}>
      {(found) => (
        <div className={`stack${query.isFetching ? ' old' : ''}`}>
          <p className="dim" role="status" data-testid="found">
            {t('events.found', { n: found.examined, found: format.number(found.data.length), since: format.full(found.examined_since) })}
          </p>
          {found.filter_failures.length > 0 && (
            <Note tone="warn" title={t('preview.failures')}>
              <ul>
                {found.filter_failures.map((f) => (
                  <li key={f.detail}>
                    {format.number(f.count)} × <code lang="en">{f.detail}</code>
                  </li>
                ))}
              </ul>
            </Note>
          )}
          {found.data.length > 0 ? (
            children(found.data)
          ) : (
            <Empty title={next ? t('events.found.not_yet') : t('events.found.none')} guide="rules#what-a-condition-can-ask-about-and-finding-events-by-one">
              {older && (
                <Button variant="default" onClick={older}>
                  {t('events.further')}
                </Button>
              )}
            </Empty>
          )}
          <Pager older={found.data.length > 0 ? older : undefined} newer={newer} />
        </div>
      )}
    </Answered>
  );
}
