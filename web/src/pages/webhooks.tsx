import { Button, NativeSelect, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useSettled } from '../api/check';
import { useListedWebhooks, useProjects, useUsers, type Webhook, type WebhookSort } from '../api/hooks';
import { app } from '../base';
import { useWords } from '../i18n';
import { reaches } from '../rules/draft';
import { hostOf } from '../rules/receivers';
import { isolated } from '../rules/isolated';
import { ails, needsYou, stateOf } from '../rules/state';
import { Sparkline } from '../ui/charts';
import { useSay } from '../ui/dialog';
import { Choice } from '../ui/list';
import { Listens } from '../ui/listens';
import { Menu } from '../ui/menu';
import { useAdmin } from '../ui/names';
import { Answered, copyText, Empty, Guide, Page, StateWord, When } from '../ui/parts';
import { Example } from './example';
import { useSwitch } from './webhook-switch';

const shows = {
  all: () => true,
  working: (w: Webhook) => w.enabled && w.status === 'HEALTHY',
  need: (w: Webhook) => needsYou(w) || ails(w),
  off: (w: Webhook) => !w.enabled,
} as const;

type Show = keyof typeof shows;

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

  const show: Show = search.show && search.show in shows ? (search.show as Show) : 'all';
  const words = (search.q ?? '').trim().toLowerCase();
  // Of more than a page the server looks for the words.
  const sort = sorts.find((s) => s === search.sort) ?? 'created';
  const whole = useListedWebhooks('', show === 'need' ? 'needs_attention' : sort);
  const sought = useSettled(words, 300);
  const found = useListedWebhooks(whole.data?.next_cursor ? sought : '', sort);
  const query = whole.data?.next_cursor && words ? found : whole;
  const projects = useProjects().data ?? [];
  const project = projects.find((p) => p.id === search.project);
  const fits = (w: Webhook) =>
    shows[show](w) && (!search.owner || w.owner_id === search.owner) && (!project || reaches(w.rules, project)) && (!words || `${w.name} ${hostOf(w.url)} ${w.id}`.toLowerCase().includes(words));
  const owner = (id: string) => isolated(users?.find((u) => u.id === id)?.name ?? id);
  const set = (change: Partial<typeof search>) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });

  return (
    <Page title={t('nav.webhooks')}>
      <Answered query={query}>
        {({ data: webhooks, next_cursor }) =>
          webhooks.length === 0 && !words ? (
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
                  autoComplete="off"
                />
                <NativeSelect
                  label={t('webhooks.show')}
                  value={show}
                  onChange={(e) => set({ show: e.currentTarget.value === 'all' ? undefined : e.currentTarget.value })}
                  data={(Object.keys(shows) as Show[]).map((value) => ({
                    value,
                    label: `${t(`webhooks.show.${value}`)} (${format.number(webhooks.filter(shows[value]).length)})`,
                  }))}
                />
                <NativeSelect
                  label={t('webhooks.sort')}
                  value={sort}
                  onChange={(e) => set({ sort: e.currentTarget.value === 'created' ? undefined : e.currentTarget.value })}
                  data={sorts.map((value) => ({ value, label: t(`webhooks.sort.${value}`) }))}
                />
                <Choice label={t('project')} value={project?.id} onChange={(chosen) => set({ project: chosen })} options={projects.map((p) => ({ value: p.id, label: p.name }))} />
                {admin && <Choice label={t('owner')} value={search.owner} onChange={(chosen) => set({ owner: chosen })} options={owners(webhooks).map((id) => ({ value: id, label: owner(id) }))} />}
              </div>
              {webhooks.some(fits) ? (
                <div className="frame">
                  <table className="table">
                    <thead>
                      <tr>
                        <th scope="col">{t('webhook')}</th>
                        <th scope="col">{t('state')}</th>
                        <th scope="col">{t('listens')}</th>
                        <th scope="col">{t('span.24h')}</th>
                        <th scope="col">{t('last_attempt')}</th>
                        {admin && <th scope="col">{t('owner')}</th>}
                        <th scope="col">
                          <span className="hidden">{t('actions')}</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {webhooks.filter(fits).map((w) => (
                        <tr key={w.id}>
                          <td className="main-cell">
                            <Link to="/webhooks/$id" params={{ id: w.id }} dir="auto">
                              {w.name}
                            </Link>
                            <div className="dim small" dir="ltr">
                              {hostOf(w.url)}
                            </div>
                          </td>
                          <td>
                            <StateWord state={stateOf(w, w.stats?.last_attempt_at === null ? w.stats.attempts : 1)} />
                            <Kept webhook={w} />
                          </td>
                          <td>
                            <Listens rules={w.rules} />
                          </td>
                          <td>
                            <LastDay webhook={w} />
                          </td>
                          <td data-label={t('last_attempt')} className="dim">
                            {w.stats?.last_attempt_at ? <When at={w.stats.last_attempt_at} /> : '–'}
                          </td>
                          {admin && <td data-label={t('owner')}>{owner(w.owner_id)}</td>}
                          <td className="act">
                            <RowMenu webhook={w} />
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              ) : (
                <Empty title={t('nothing_fits')} guide="concepts#the-states-of-a-webhook">
                  <Button variant="default" onClick={() => set({ q: undefined, show: undefined, owner: undefined, project: undefined })}>
                    {t('clear_filters')}
                  </Button>
                </Empty>
              )}
              {next_cursor && <p className="dim">{t('webhooks.more', { n: webhooks.length })}</p>}
            </>
          )
        }
      </Answered>
    </Page>
  );
}

const owners = (webhooks: Webhook[]) => [...new Set(webhooks.map((w) => w.owner_id))].sort();

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

// Kept says what waits, and why the webhook fails.
function Kept({ webhook: w }: { webhook: Webhook }) {
  const { t } = useWords();
  const s = w.stats;
  if (!s) return null;
  return (
    <div className="dim small">
      {s.waiting > 0 && <div>{t(s.waiting < most ? 'numbers.waiting' : 'numbers.waiting.most', { n: s.waiting })}</div>}
      {s.held > 0 && <div>{t(s.held < most ? 'numbers.held' : 'numbers.held.most', { n: s.held })}</div>}
      {w.status !== 'HEALTHY' && s.last_failure && <div>{t(`reason.${s.last_failure.reason}`)}</div>}
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
