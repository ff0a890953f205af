import { Button, NativeSelect } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { useEvent, type EventAsKept, type Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { parse } from '../rules/condition';
import { changesOf } from '../rules/diff';
import { asWritten, rawMembers, sameJSON } from '../rules/raw';
import { ConditionWords, LinesOf } from '../ui/condition-words';
import { useAdmin, useNames, useTypes } from '../ui/names';
import { Answered, Card, Code, Copy, Facts, Loading, Page, Problem, StatusWord, When, Word } from '../ui/parts';
import { shown } from '../ui/states';
import { useWebhookChoice } from '../ui/webhook-choice';
import { useActor } from '../ui/who';
import { EventAsTest } from './test-panel';

type Event = EventAsKept;

export function EventPage() {
  const { id } = useParams({ from: '/shell/events/$id' });
  const { t } = useWords();
  const { title } = useTypes();
  const query = useEvent(id);
  if (!query.data)
    return (
      <Page title={t('event')}>
        {query.error ? <Problem error={query.error} retry={() => void query.refetch()} /> : <Loading />}
        {query.error !== null && (
          <p>
            <Link to="/events">{t('nav.events')}</Link>
          </p>
        )}
      </Page>
    );
  return (
    <Page title={title(query.data.type)} lead={<span className="dim">{query.data.id}</span>}>
      <Answered query={query}>{(event) => <EventOf event={event} />}</Answered>
    </Page>
  );
}

function EventOf({ event: e }: { event: Event }) {
  const { t } = useWords();
  const names = useNames(e.deliveries.map((d) => d.webhook_id));
  const actor = useActor();
  return (
    <>
      <Card title={t('changes')}>
        <Changes event={e} />
      </Card>
      <div className="columns">
        <Card title={t('nav.deliveries')}>
          {e.deliveries.length === 0 ? (
            <p className="dim">{t('event.nobody')}</p>
          ) : (
            <ul className="plainlist">
              {e.deliveries.map((d) => (
                <li key={d.id} className="row between">
                  <Link to="/deliveries/$id" params={{ id: d.id }}>
                    {names.webhook(d.webhook_id)}
                  </Link>
                  {d.superseded && <span className="dim small">{t('deed.again.nobody')}</span>}
                  <StatusWord status={d.status} />
                </li>
              ))}
            </ul>
          )}
        </Card>
        <Card title={t('facts')}>
          <Facts
            rows={[
              [t('project'), e.project_id ? names.project(e.project_id) : null],
              [t('company'), e.company_id ? names.company(e.company_id) : null],
              [t('actor'), e.actor_id && actor(e.actor_id, e.actor_name)],
              [t('event.occurred'), <When key="occurred" at={e.occurred_at} />],
              [t('event.accepted'), <When key="accepted" at={e.accepted_at} />],
              [t('code'), <code key="type">{e.type}</code>],
              [
                t('id'),
                <span key="id" className="row">
                  <code>{e.id}</code>
                  <Copy value={e.id} />
                </span>,
              ],
            ]}
          />
        </Card>
      </div>
      <WhyNot event={e} />
      <AsTest event={e} />
    </>
  );
}

function Changes({ event: e }: { event: Event }) {
  const { t } = useWords();
  const [before, after] = [rawMembers(e.raw.previous ?? ''), rawMembers(e.raw.current ?? '')];
  const changes = changesOf(e.previous, e.current, (key) => sameJSON(before.get(key) ?? '', after.get(key) ?? ''));
  // A number is shown as it was written: 1.10 is no 1.1 to who looks for it.
  const written = (value: unknown, raw: string | undefined) => (typeof value === 'string' || !raw ? shown(value) : asWritten(raw));
  const differ = changes.filter((c) => c.kind !== 'same');
  const same = changes.length - differ.length;
  return (
    <div className="stack">
      {e.previous === null && <p className="dim">{t('changes.new')}</p>}
      {e.current === null && <p className="dim">{t('changes.gone')}</p>}
      {differ.length === 0 && <p className="dim">{t('changes.none')}</p>}
      {differ.length > 0 && (
        <div style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('changes')}>
          <table className="diff">
            <thead>
              <tr>
                <th scope="col">{t('field')}</th>
                {e.previous !== null && <th scope="col">{t('before')}</th>}
                {e.current !== null && <th scope="col">{t('after')}</th>}
              </tr>
            </thead>
            <tbody>
              {differ.map((c) => (
                <tr key={c.key}>
                  <th scope="row">
                    <div>{c.key}</div>
                    {e.previous !== null && e.current !== null && (
                      <span className={`small ${c.kind === 'added' ? 'good' : c.kind === 'removed' ? 'bad' : 'warn'}`}>{t(`change.${c.kind as 'added' | 'removed' | 'changed'}`)}</span>
                    )}
                  </th>
                  {e.previous !== null && <td className="mono">{c.kind === 'added' ? '–' : written(c.before, before.get(c.key))}</td>}
                  {e.current !== null && <td className="mono">{c.kind === 'removed' ? '–' : written(c.after, after.get(c.key))}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {same > 0 && <p className="dim small">{t('changes.same', { n: same })}</p>}
      <details>
        <summary>{t('raw')}</summary>
        <div className="stack">
          {(['previous', 'current'] as const).map((state) => {
            const text = e.raw[state];
            return (
              text !== null && (
                <div key={state} className="stack tight">
                  <h3>{t(state === 'previous' ? 'before' : 'after')}</h3>
                  <Code label={`${t('raw')}: ${t(state === 'previous' ? 'before' : 'after')}`} text={text} />
                  <div>
                    <Copy value={text} />
                  </div>
                </div>
              )
            );
          })}
        </div>
      </details>
    </div>
  );
}

// AsTest sends the event to a webhook, without any bearing on its health or ledger.
function AsTest({ event: e }: { event: Event }) {
  const { t } = useWords();
  const [chosen, setChosen] = useState('');
  const { webhooks, search } = useWebhookChoice(chosen);
  const webhook = webhooks.find((w) => w.id === chosen) ?? webhooks[0];
  if (!webhook || (e.kind !== 'published' && e.kind !== 'test')) return null;
  return (
    <Card title={t('event.as_test')}>
      <div className="stack">
        <p className="dim small">{t('event.as_test.text')}</p>
        {search}
        <NativeSelect label={t('event.as_test.to')} value={webhook.id} onChange={(x) => setChosen(x.currentTarget.value)} data={webhooks.map((w) => ({ value: w.id, label: w.name }))} />
        <EventAsTest key={webhook.id} event={e} webhook={webhook} />
      </div>
    </Card>
  );
}

// WhyNot answers why a webhook did or did not get the event.
function WhyNot({ event: e }: { event: Event }) {
  const { t } = useWords();
  const [chosen, setChosen] = useState('');
  const { webhooks, search } = useWebhookChoice(chosen);
  const got = new Set(e.deliveries.map((d) => d.webhook_id));
  const others = [...webhooks].sort((a, b) => Number(got.has(a.id)) - Number(got.has(b.id)));
  const id = chosen || others[0]?.id || '';
  const explain = useMutation({ mutationFn: (webhook: string) => ok(api.POST('/v1/webhooks/{id}/explain', { params: { path: { id: webhook } }, body: { event_id: e.id } })) });
  if (others.length === 0) return null;
  return (
    <Card title={t('why')}>
      <div className="stack">
        {search}
        <div className="line">
          <NativeSelect
            label={t('webhook')}
            value={id}
            onChange={(x) => {
              setChosen(x.currentTarget.value);
              explain.reset();
            }}
            data={others.map((w) => ({ value: w.id, label: got.has(w.id) ? `${w.name} (${t('why.got')})` : w.name }))}
          />
          <Button className="fit" loading={explain.isPending} onClick={() => explain.mutate(id)}>
            {t('why.ask')}
          </Button>
        </div>
        <div aria-live="polite" data-testid="why">
          {explain.data && <Explanation explanation={explain.data} event={e} id={id} webhook={others.find((w) => w.id === id)} />}
        </div>
        {explain.error && <Problem error={explain.error} />}
      </div>
    </Card>
  );
}

function Explanation({ explanation: x, event: e, id, webhook }: { explanation: Schemas['Explanation']; event: Event; id: string; webhook: Webhook | undefined }) {
  const { t } = useWords();
  return (
    <div className="stack">
      <p>{x.matched ? <Word tone="good">{t('why.matched')}</Word> : <Word tone="warn">{t('why.not_matched')}</Word>}</p>
      <ol className="plainlist">
        {x.rules.map((v) => (
          <li key={v.rule}>
            <strong>{t('rule.number', { n: v.rule + 1 })}</strong> <VerdictWords verdict={v} event={e} />
            {v.code === 'filter_false' && <Unmet filter={webhook?.rules[v.rule]?.filter} event={e} owner={webhook?.owner_id} />}
          </li>
        ))}
      </ol>
      {x.rules.length === 0 && <VerdictWords verdict={x} event={e} />}
      {!x.matched && (
        <p>
          <Link to="/webhooks/$id/settings" params={{ id }}>
            {t('why.change')}
          </Link>
        </p>
      )}
    </div>
  );
}

// Unmet shows the condition that an event did not meet, and which line of it.
function Unmet({ filter, event: e, owner }: { filter: string | null | undefined; event: Event; owner: string | undefined }) {
  const admin = useAdmin();
  if (!filter) return null;
  return (
    <div className="stack tight">
      {!parse(filter) && <ConditionWords filter={filter} />}
      <LinesOf filter={filter} sample={{ event_id: e.id }} states={e} owner={admin ? owner : undefined} />
    </div>
  );
}

function VerdictWords({ verdict: { code, params }, event: e }: { verdict: Pick<Schemas['Explanation'], 'code' | 'params'>; event: Event }) {
  const { t } = useWords();
  const names = useNames();
  const { title } = useTypes();
  const behind = params['detail'] ?? params['path'];
  return (
    <>
      {t(`why.${code}`, { title: title(e.type), project: names.project(e.project_id) })} {typeof behind === 'string' && <code lang="en">{behind}</code>}
    </>
  );
}
