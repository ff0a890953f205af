import { Button, NativeSelect } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { api, ok } from '../api/client';
import { ago, usePages, useProjects } from '../api/hooks';
import { useWords } from '../i18n';
import { useNames, useTypes } from '../ui/names';
import { Answered, Empty, Page, Pager, When } from '../ui/parts';
import { spans } from './delivery-list';

export function Events() {
  const { t } = useWords();
  const search = useSearch({ from: '/shell/events' });
  const navigate = useNavigate({ from: '/events' });
  const names = useNames();
  const { types, title } = useTypes();
  const projects = useProjects().data ?? [];
  const since = spans.find((s) => s === search.since);
  const { query, rows, older, newer } = usePages(['events', search.type, search.project, since], (cursor) =>
    ok(api.GET('/v1/events', { params: { query: { cursor, type: search.type, project_id: search.project, since: since && ago(since) } } })),
  );
  const set = (change: typeof search) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const filtered = Boolean(search.type || search.project || since);
  return (
    <Page title={t('nav.events')}>
      <div className="filters">
        <NativeSelect
          label={t('type')}
          value={search.type ?? ''}
          onChange={(e) => set({ type: e.currentTarget.value || undefined })}
          data={[{ value: '', label: t('any') }, ...(types.data ?? []).map((x) => ({ value: x.name, label: title(x.name) }))]}
        />
        <NativeSelect
          label={t('project')}
          value={search.project ?? ''}
          onChange={(e) => set({ project: e.currentTarget.value || undefined })}
          data={[{ value: '', label: t('any') }, ...projects.map((p) => ({ value: p.id, label: p.name }))]}
        />
        <NativeSelect
          label={t('span')}
          value={since ?? ''}
          onChange={(e) => set({ since: e.currentTarget.value || undefined })}
          data={[{ value: '', label: t('any') }, ...spans.map((value) => ({ value, label: t(`span.${value}`) }))]}
        />
      </div>
      <Answered query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={filtered ? t('nothing_fits') : t('events.none')}>
              {filtered ? (
                <Button variant="default" onClick={() => set({ type: undefined, project: undefined, since: undefined })}>
                  {t('clear_filters')}
                </Button>
              ) : (
                <p>{t('events.none.text')}</p>
              )}
            </Empty>
          ) : (
            <>
              <div className="frame">
                <table className="table">
                  <thead>
                    <tr>
                      <th scope="col">{t('type')}</th>
                      <th scope="col">{t('project')}</th>
                      <th scope="col">{t('actor')}</th>
                      <th scope="col">{t('event.id')}</th>
                      <th scope="col">{t('created')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((e) => (
                      <tr key={e.id}>
                        <td className="main-cell">
                          <Link to="/events/$id" params={{ id: e.id }}>
                            {title(e.type)}
                          </Link>
                        </td>
                        <td data-label={t('project')}>{e.project_id ? names.project(e.project_id) : '–'}</td>
                        <td data-label={t('actor')}>{e.actor_id ?? '–'}</td>
                        <td data-label={t('event.id')} className="dim small">
                          {e.id}
                        </td>
                        <td data-label={t('created')} className="dim">
                          <When at={e.accepted_at} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <Pager older={older} newer={newer} />
            </>
          )
        }
      </Answered>
    </Page>
  );
}
