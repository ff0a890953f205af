import { Button, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { useEventIfThere, usePages, useProjects } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';
import { ofRecord } from '../rules/condition';
import { idFits } from '../rules/filter';
import { asTimes, betweenBy } from '../rules/span';
import { InBetween } from '../ui/between';
import { Choice, Listed, Table } from '../ui/list';
import { useNames, useTypes } from '../ui/names';
import { Empty, Note, Page, TestMark, When } from '../ui/parts';
import { useActor } from '../ui/who';
import { Condition, Found } from './event-search';

export function Events() {
  const { t } = useWords();
  const search = useSearch({ from: '/shell/events' });
  const navigate = useNavigate({ from: '/events' });
  const { types, title } = useTypes();
  const projects = useProjects().data ?? [];
  const between = betweenBy(search);
  const matched = search.matched === 'false' ? 'false' : undefined;
  const { filter, type, project, record } = search;
  const [searching, setSearching] = useState(filter !== undefined);
  const set = (change: typeof search) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  return (
    <Page title={t('nav.events')}>
      <div className="filters">
        <Choice label={t('type')} value={type} onChange={(type) => set({ type })} options={(types.data ?? []).map((x) => ({ value: x.name, label: title(x.name) }))} />
        <Choice label={t('project')} value={project} onChange={(project) => set({ project })} options={projects.map((p) => ({ value: p.id, label: p.name }))} />
        <InBetween value={between} onChange={set} />
        {!filter && !record && <Choice label={t('events.went')} value={matched} onChange={(matched) => set({ matched })} options={[{ value: 'false', label: t('events.went.nobody') }]} />}
      </div>
      <ById key={record ?? ''} id={record} onSearch={(id) => set({ record: id, ...(id && { filter: undefined, matched: undefined }) })} />
      {!record && (
        <details className="card" open={searching} onToggle={(e) => setSearching(e.currentTarget.open)}>
          <summary>{t('events.search')}</summary>
          {searching && <Condition filter={filter} type={type} onSearch={(filter) => set({ filter, ...(filter && { matched: undefined }) })} />}
        </details>
      )}
      {record ? (
        <>
          <WithID id={record} />
          <Found sought={{ filter: ofRecord(record), type, project, ...between }}>{(rows) => <Rows rows={rows} />}</Found>
        </>
      ) : filter ? (
        <Found sought={{ filter, type, project, ...between }}>{(rows) => <Rows rows={rows} />}</Found>
      ) : (
        <Newest asked={{ type, project, matched, ...between }} onClear={() => set({ type: undefined, project: undefined, since: undefined, until: undefined, matched: undefined })} />
      )}
    </Page>
  );
}

// ById looks for an event by its id, or by that of the record that it is about.
function ById({ id, onSearch }: { id: string | undefined; onSearch: (id: string | undefined) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(id ?? '');
  return (
    <form
      className="line"
      role="search"
      onSubmit={(e) => {
        e.preventDefault();
        onSearch(text.trim() || undefined);
      }}
    >
      <TextInput label={t('events.by_id')} value={text} maxLength={128} autoComplete="off" onChange={(e) => setText(e.currentTarget.value)} />
      <Button className="fit" type="submit" variant="default" disabled={text.trim() === '' && !id}>
        {t('events.find')}
      </Button>
      {id && (
        <Button className="fit" variant="default" onClick={() => onSearch(undefined)}>
          {t('clear_filters')}
        </Button>
      )}
    </form>
  );
}

// WithID leads to the event that has this id, if there is one.
function WithID({ id }: { id: string }) {
  const { t } = useWords();
  const { title } = useTypes();
  const event = useEventIfThere(id, idFits(id)).data;
  if (!event) return null;
  return (
    <Note tone="good">
      <Link to="/events/$id" params={{ id }}>
        {t('events.this', { title: title(event.type) })}
      </Link>
    </Note>
  );
}

interface Asked {
  type: string | undefined;
  project: string | undefined;
  since: string | undefined;
  until: string | undefined;
  matched: 'false' | undefined;
}

function Newest({ asked: { type, project, matched, since, until }, onClear }: { asked: Asked; onClear: () => void }) {
  const { t } = useWords();
  const pages = usePages(['events', type, project, since, until, matched], (cursor) =>
    ok(api.GET('/v1/events', { params: { query: { cursor, type, project_id: project, ...asTimes({ since, until }), matched } } })),
    every.list,
    true,
  );
  const filtered = Boolean(type || project || since || until || matched);
  return (
    <Listed
      pages={pages}
      none={
        <Empty title={filtered ? t('nothing_fits') : t('events.none')} guide="trouble#nothing-comes">
          {filtered ? (
            <Button variant="default" onClick={onClear}>
              {t('clear_filters')}
            </Button>
          ) : (
            <p>{t('events.none.text')}</p>
          )}
        </Empty>
      }
    >
      {(rows) => <Rows rows={rows} />}
    </Listed>
  );
}

function Rows({ rows }: { rows: Schemas['ListedEvent'][] }) {
  const { t } = useWords();
  const names = useNames();
  const actor = useActor();
  const { title } = useTypes();
  return (
    <Table columns={[t('type'), t('project'), t('events.outcome'), t('actor'), t('event.id'), t('created')]}>
      {rows.map((e) => (
        <tr key={e.id}>
          <td className="main-cell">
            <Link to="/events/$id" params={{ id: e.id }}>
              {title(e.type)}
            </Link>
            {e.kind === 'test' && <TestMark />}
          </td>
          <td data-label={t('project')}>{e.project_id ? names.project(e.project_id) : '–'}</td>
          <td data-label={t('events.outcome')}>
            <Outcome of={e.deliveries} />
          </td>
          <td data-label={t('actor')}>{e.actor_id ? actor(e.actor_id, e.actor_name) : '–'}</td>
          <td data-label={t('event.id')} className="dim small">
            {e.id}
          </td>
          <td data-label={t('created')} className="dim">
            <When at={e.accepted_at} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

// Outcome says the outcome of an event in few words.
function Outcome({ of: d }: { of: Schemas['EventOutcome'] }) {
  const { t, format } = useWords();
  if (d.total === 0) return <span className="dim">{t('events.nobody')}</span>;
  const parts = (['succeeded', 'failed', 'waiting', 'held'] as const).filter((part) => d[part] > 0).map((part) => t(`events.outcome.${part}`, { n: d[part] }));
  return <span className={d.failed > 0 ? 'bad' : undefined}>{parts.length > 0 ? format.list(parts) : t('status.cancelled')}</span>;
}
