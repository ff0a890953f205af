import { Button, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../../api/client';
import { usePages } from '../../api/hooks';
import { every } from '../../api/live';
import { useWords } from '../../i18n';
import { Choice, Listed } from '../../ui/list';
import { useAdmin } from '../../ui/names';
import { Code, Empty, pretty, When } from '../../ui/parts';
import { actions } from '../../rules/actions';
import { idFits } from '../../rules/filter';
import { asTimes, betweenBy } from '../../rules/span';
import { InBetween } from '../../ui/between';
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
  const between = betweenBy(search);
  const action = actions.find((a) => a === search.action);
  const [actor, setActor] = useState(search.actor ?? '');
  const [object, setObject] = useState(search.object ?? '');
  const set = (change: typeof search) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });
  const pages = usePages(
    ['log', search.object, search.actor, action, between],
    (cursor) => ok(api.GET('/v1/audit-log', { params: { query: { cursor, object_id: search.object, actor: search.actor, action, ...asTimes(between) } } })),
    every.chart,
    true,
  );
  return (
    <>
      <div className="filters">
        <Choice label={t('log.action')} value={action} onChange={(chosen) => set({ action: chosen })} options={actions.map((value) => ({ value, label: t(`action.${value}`) }))} />
        <TextInput
          label={t('log.actor')}
          value={actor}
          maxLength={128}
          autoComplete="off"
          onChange={(e) => {
            const typed = e.currentTarget.value.trim();
            setActor(typed);
            if (typed === '' || idFits(typed)) set({ actor: typed || undefined });
          }}
        />
        <TextInput
          label={t('log.object')}
          value={object}
          maxLength={257}
          autoComplete="off"
          onChange={(e) => {
            const typed = e.currentTarget.value.trim();
            setObject(typed);
            if (typed === '' || typed.split('/').every(idFits)) set({ object: typed || undefined });
          }}
        />
        <InBetween value={between} onChange={set} />
      </div>
      <Listed
        pages={pages}
        none={
          <Empty title={t('nothing_fits')} guide="security#who-changed-what">
            <Button variant="default" onClick={() => {
                setActor('');
                setObject('');
                set({ object: undefined, actor: undefined, action: undefined, since: undefined, until: undefined });
              }}>
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
