import { Button, NativeSelect, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useId, useRef, useState } from 'react';
import { useSettled } from '../api/check';
import { api, ok } from '../api/client';
import { useListedWebhooks, useProjects, useUsers, type Webhook, type WebhookSort } from '../api/hooks';
import { app } from '../base';
import { useWords } from '../i18n';
import { hostOf } from '../rules/receivers';
import { isolated } from '../rules/isolated';
import { stateOf } from '../rules/state';
import { asQuery, fits, showNames, shown, showOf, type WebhookFilter } from '../rules/webhook-filter';
import { Sparkline } from '../ui/charts';
import { useSay } from '../ui/dialog';
import { Choice } from '../ui/list';
import { Listens } from '../ui/listens';
import { Icon } from '../ui/icons';
import { Menu } from '../ui/menu';
import { useAdmin } from '../ui/names';
import { Answered, copyText, Empty, Guide, Page, Pager, StateWord, When } from '../ui/parts';
import { StateLine } from '../ui/state-line';
import { Example } from './example';
import { useSwitch } from './webhook-switch';

const sorts: WebhookSort[] = ['created', 'name', 'needs_attention'];

export function Webhooks() {
  const { t, format } = useWords();
  const search = useSearch({ from: '/shell/webhooks' });
  const navigate = useNavigate({ from: '/webhooks' });
  const admin = useAdmin();
  const users = useUsers(admin).data;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const find = (e: KeyboardEvent) => {
      const inField = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
      if (e.key === '/' && !inField && !e.ctrlKey && !e.metaKey) {
        e.preventDefault();
        field.current?.focus();
      }
    };
    window.addEventListener('keydown', find);
    return () => window.removeEventListener('keydown', find);
  }, []);

  const projects = useProjects().data ?? [];
  const words = (search.q ?? '').trim();
  const filter: WebhookFilter = { show: showOf(search.show), words, owner: search.owner, project: projects.find((p) => p.id === search.project) };
  const asked = useSettled(asQuery(filter), 300);
  const filtered = Object.keys(asked).length > 0;
  const sort = filter.show === 'need' ? 'needs_attention' : (sorts.find((s) => s === search.sort) ?? 'created');

  // Where one page has all of them, filters are at once; else the server looks for them.
  const all = useListedWebhooks(sort, {});
  const few = Boolean(all.query.data) && !all.older && !all.newer;
  const some = useListedWebhooks(sort, asked, filtered && Boolean(all.query.data) && !few);
  const pages = filtered && !few ? some : all;
  const rows = few ? all.rows.filter((w) => fits(filter, w)) : pages.rows;
  const owner = (id: string) => isolated(users?.find((u) => u.id === id)?.name ?? id);
  const set = (change: Partial<typeof search>) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });

  return (
    <Page title={t('nav.webhooks')}>
      <Answered query={pages.query}>
        {() =>
          few && all.rows.length === 0 ? (
            <First />
          ) : (
            <>
              <div className="filters">
                <TextInput
                  ref={field}
                  label={t('webhooks.search')}
                  value={search.q ?? ''}
                  onChange={(e) => set({ q: e.currentTarget.value || undefined })}
                  type="search"
                  maxLength={200}
                  autoComplete="off"
                />
                <NativeSelect
                  label={t('webhooks.show')}
                  value={filter.show}
                  onChange={(e) => set({ show: e.currentTarget.value === 'all' ? undefined : e.currentTarget.value })}
                  data={showNames.map((value) => ({
                    value,
                    label: few ? `${t(`webhooks.show.${value}`)} (${format.number(all.rows.filter((w) => shown(value, w)).length)})` : t(`webhooks.show.${value}`),
                  }))}
                />
                <NativeSelect
                  label={t('webhooks.sort')}
                  value={sort}
                  onChange={(e) => set({ sort: e.currentTarget.value === 'created' ? undefined : e.currentTarget.value })}
                  data={sorts.map((value) => ({ value, label: t(`webhooks.sort.${value}`) }))}
                />
                <Choice label={t('project')} value={filter.project?.id} onChange={(chosen) => set({ project: chosen })} options={projects.map((p) => ({ value: p.id, label: p.name }))} />
                {admin && <Owner chosen={search.owner} users={users} onChange={(chosen) => set({ owner: chosen })} />}
              </div>
              {rows.length > 0 ? (
                <Rows rows={rows} owner={admin ? owner : undefined} />
              ) : pages.older ? (
                <p>{t('webhooks.looked')}</p>
              ) : (
                <Empty title={t('nothing_fits')} guide="concepts#the-states-of-a-webhook">
                  <Button variant="default" onClick={() => set({ q: undefined, show: undefined, owner: undefined, project: undefined })}>
                    {t('clear_filters')}
                  </Button>
                </Empty>
              )}
              <Pager older={pages.older} newer={pages.newer} />
            </>
          )
        }
      </Answered>
    </Page>
  );
}

const fewUsers = 200; // fit into a select

// Owner narrows the list to one person, who is looked for where there are many.
function Owner({ chosen, users, onChange }: { chosen: string | undefined; users: { id: string; name: string }[] | undefined; onChange: (id?: string) => void }) {
  const { t } = useWords();
  const [typed, setTyped] = useState(chosen ?? '');
  const sought = useSettled(typed.trim(), 300);
  const many = (users?.length ?? 0) > fewUsers;
  const list = useId();
  const found = useQuery({
    queryKey: ['users', 'like', sought],
    enabled: many && sought !== '',
    queryFn: () => ok(api.GET('/v1/users', { params: { query: { limit: 20, q: sought } } })),
  }).data?.data;
  if (!many) return <Choice label={t('owner')} value={chosen} onChange={onChange} options={(users ?? []).map((u) => ({ value: u.id, label: `${u.name} (${u.id})` }))} />;
  return (
    <>
      <TextInput
        label={t('owner')}
        value={typed}
        list={list}
        type="search"
        maxLength={200}
        autoComplete="off"
        onChange={(e) => {
          const text = e.currentTarget.value;
          setTyped(text);
          if (text === '' || [...(users ?? []), ...(found ?? [])].some((u) => u.id === text)) onChange(text || undefined);
        }}
      />
      <datalist id={list}>
        {found?.map((u) => (
          <option key={u.id} value={u.id}>
            {u.name}
          </option>
        ))}
      </datalist>
    </>
  );
}

function Rows({ rows, owner }: { rows: Webhook[]; owner: ((id: string) => string) | undefined }) {
  const { t } = useWords();
  return (
    <div className="frame">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('webhook')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('listens')}</th>
            <th scope="col">{t('span.24h')}</th>
            <th scope="col">{t('last_attempt')}</th>
            {owner && <th scope="col">{t('owner')}</th>}
            <th scope="col">
              <span className="hidden">{t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((w) => (
            <tr key={w.id}>
              <td className="main-cell">
                <Link to="/webhooks/$id" params={{ id: w.id }}>
                  <span className="clamped" data-rest="look" dir="auto">
                    {w.name}
                  </span>
                </Link>
                <div className="dim small" dir="ltr">
                  {hostOf(w.url)}
                </div>
              </td>
              <td className="state-cell">
                <StateWord state={stateOf(w)} />
                <div className="dim small sentence">
                  <StateLine webhook={w} />
                </div>
                <Waiting webhook={w} />
              </td>
              <td>
                <Listens rules={w.rules} />
                <Dead webhook={w} />
              </td>
              <td>
                <LastDay webhook={w} />
              </td>
              <td data-label={t('last_attempt')} className="dim">
                {w.stats?.last_attempt_at ? <When at={w.stats.last_attempt_at} /> : '–'}
              </td>
              {owner && <td data-label={t('owner')}>{owner(w.owner_id)}</td>}
              <td className="act">
                <RowMenu webhook={w} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Dead warns of rules that no event can match any more.
function Dead({ webhook: w }: { webhook: Webhook }) {
  const { t } = useWords();
  const n = w.stats?.unreachable_rules.length ?? 0;
  if (n === 0) return null;
  return (
    <div className="warn small with-icon">
      <Icon name="warning" /> {t('unreachable', { n })}
    </div>
  );
}

// The dialogs are larger than the list.
const RowDialog = lazy(async () => ({ default: (await import('./webhook-actions')).RowDialog }));

// RowMenu is what can be done with a webhook without leaving the list.
function RowMenu({ webhook: w }: { webhook: Webhook }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const say = useSay();
  const { disable } = useSwitch(w.id);
  const [open, setOpen] = useState<'test' | 'enable'>();
  const copy = async () => {
    await copyText(w.id);
    say(t('copied'));
  };
  return (
    <>
      <Menu
        label={t('actions.of', { name: w.name })}
        items={[
          { label: t('open'), run: () => void navigate({ to: '/webhooks/$id', params: { id: w.id } }) },
          { label: t('test.send'), run: () => setOpen('test') },
          w.enabled ? { label: t('disable'), run: () => disable.mutate() } : { label: t('enable'), run: () => setOpen('enable') },
          { label: t('copy_id'), run: () => void copy() },
        ]}
      />
      {open && (
        <Suspense>
          <RowDialog webhook={w} open={open} onClose={() => setOpen(undefined)} />
        </Suspense>
      )}
    </>
  );
}

const most = 1000; // is counted no further

// Waiting says what waits to be sent, and why the webhook was switched off.
function Waiting({ webhook: w }: { webhook: Webhook }) {
  const { t } = useWords();
  const s = w.stats;
  if (!s) return null;
  return (
    <div className="dim small">
      {s.waiting > 0 && <div>{t(s.waiting < most ? 'numbers.waiting' : 'numbers.waiting.most', { n: s.waiting })}</div>}
      {w.disabled_reason === 'health' && s.last_failure && <div>{t(`reason.${s.last_failure.reason}`)}</div>}
    </div>
  );
}

// LastDay shows the attempts of 24 hours and how many of them arrived.
function LastDay({ webhook: { stats: s } }: { webhook: Webhook }) {
  const { t, format } = useWords();
  if (!s || s.attempts === 0) return <span className="dim">{t('numbers.none')}</span>;
  const bars = s.hourly.map((h) => ({ at: h.hour, good: h.succeeded, bad: h.failed }));
  return (
    <div className="spark-row">
      <Sparkline bars={bars} name={t('chart.attempts', { good: s.succeeded, bad: s.failed })} />
      <span className={s.failed > 0 ? 'nowrap' : 'nowrap dim'}>{format.percent(s.succeeded / s.attempts)}</span>
    </div>
  );
}

// First is for someone who has no webhook yet.
function First() {
  const { t } = useWords();
  const admin = useAdmin();
  return (
    <div className="card empty">
      <h2>{t('webhooks.first')}</h2>
      <p>{t('webhooks.first.text')}</p>
      <nav className="choices" aria-label={t('webhook.new')}>
        {(['tool', 'own', ...(app.features.play ? (['play'] as const) : [])] as const).map((kind) => (
          <Link key={kind} to="/webhooks/new" search={{ with: kind }} className="choice">
            <strong>{t(`kind.to.${kind}`)}</strong>
            <span className="dim small">{t(`kind.to.${kind}.text`)}</span>
          </Link>
        ))}
      </nav>
      {admin && <Example />}
      <p className="small">
        <Link to="/event-types">{t('webhooks.first.types')}</Link>
      </p>
      <Guide to="people" />
    </div>
  );
}
