import { Button, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api, ok, type Schemas } from '../../api/client';
import { ago, usePages } from '../../api/hooks';
import { every } from '../../api/live';
import { useWords } from '../../i18n';
import { Choice, Listed } from '../../ui/list';
import { useAdmin } from '../../ui/names';
import { Code, Empty, pretty, When } from '../../ui/parts';
import { spans } from '../../rules/filter';
import { Only } from './only';

export function Log() {
  const { t } = useWords();
  const admin = useAdmin();
  return <Only title={t('nav.log')}>{admin && <Entries />}</Only>;
}

function Entries() {
  const { t } = useWords();
  const search = useSearch({ from: '/shell/admin/log' });
  const navigate = useNavigate({ from: '/admin/log' });
  const since = spans.find((s) => s === search.since);
  const set = (change: typeof search) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const pages = usePages(
    ['log', search.object, since],
    (cursor) => ok(api.GET('/v1/audit-log', { params: { query: { cursor, object_id: search.object, since: since && ago(since) } } })),
    every.chart,
    true,
  );
  return (
    <>
      <div className="filters">
        <TextInput label={t('log.object')} value={search.object ?? ''} onChange={(e) => set({ object: e.currentTarget.value || undefined })} autoComplete="off" />
        <Choice label={t('span')} value={since} onChange={(since) => set({ since })} options={spans.map((value) => ({ value, label: t(`span.${value}`) }))} />
      </div>
      <Listed
        pages={pages}
        none={
          <Empty title={t('nothing_fits')}>
            <Button variant="default" onClick={() => set({ object: undefined, since: undefined })}>
              {t('clear_filters')}
            </Button>
          </Empty>
        }
      >
        {(rows) => (
          <div className="card">
            <ol className="timeline">
              {rows.map((e) => (
                <Entry key={e.id} entry={e} />
              ))}
            </ol>
          </div>
        )}
      </Listed>
    </>
  );
}

function Entry({ entry: e }: { entry: Schemas['AuditEntry'] }) {
  const { t } = useWords();
  return (
    <li>
      <div>
        <strong>{e.actor.user_id ?? t(`role.${e.actor.role}`)}</strong> {t(`action.${e.action}`)} <code>{e.object.id}</code>
      </div>
      <div className="dim small row">
        <When at={e.at} />
        <span>{e.actor.key_id}</span>
        {e.actor.address && <span>{e.actor.address}</span>}
      </div>
      {(e.before || e.after) && (
        <details className="small">
          <summary>{t('log.changes')}</summary>
          <div className="columns">
            {e.before && (
              <div>
                <h3>{t('before')}</h3>
                <Code label={t('before')} text={pretty(e.before)} />
              </div>
            )}
            {e.after && (
              <div>
                <h3>{t('after')}</h3>
                <Code label={t('after')} text={pretty(e.after)} />
              </div>
            )}
          </div>
        </details>
      )}
    </li>
  );
}
