import { Button, NativeSelect, TextInput } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useUsers, useWebhooks, type Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { hostOf } from '../rules/receivers';
import { needsYou, stateOf } from '../rules/state';
import { Listens } from '../ui/listens';
import { useAdmin } from '../ui/names';
import { Answered, Empty, Page, StateWord, When } from '../ui/parts';
import { Example } from './example';

const shows = {
  all: () => true,
  working: (w: Webhook) => w.enabled && w.status === 'HEALTHY',
  need: (w: Webhook) => needsYou(w) || (w.enabled && w.status !== 'HEALTHY'),
  off: (w: Webhook) => !w.enabled,
} as const;

type Show = keyof typeof shows;

export function Webhooks() {
  const { t, format } = useWords();
  const search = useSearch({ from: '/shell/webhooks' });
  const navigate = useNavigate({ from: '/webhooks' });
  const admin = useAdmin();
  const users = useUsers(admin).data;
  const query = useWebhooks();
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
  const words = (search.q ?? '').toLowerCase();
  const fits = (w: Webhook) => shows[show](w) && (!words || `${w.name} ${hostOf(w.url)} ${w.id}`.toLowerCase().includes(words));
  const owner = (id: string) => users?.find((u) => u.id === id)?.name ?? id;
  const set = (change: Partial<typeof search>) => void navigate({ search: (s) => ({ ...s, ...change }), replace: true });

  return (
    <Page title={t('nav.webhooks')}>
      <Answered query={query}>
        {({ data: webhooks, next_cursor }) =>
          webhooks.length === 0 ? (
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
              </div>
              {webhooks.some(fits) ? (
                <div className="frame">
                  <table className="table">
                    <thead>
                      <tr>
                        <th scope="col">{t('webhook')}</th>
                        <th scope="col">{t('state')}</th>
                        <th scope="col">{t('listens')}</th>
                        {admin && <th scope="col">{t('owner')}</th>}
                        <th scope="col">{t('changed')}</th>
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
                            <StateWord state={stateOf(w)} />
                          </td>
                          <td>
                            <Listens rules={w.rules} />
                          </td>
                          {admin && <td data-label={t('owner')}>{owner(w.owner_id)}</td>}
                          <td data-label={t('changed')} className="dim">
                            <When at={w.updated_at} />
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              ) : (
                <Empty title={t('nothing_fits')}>
                  <Button variant="default" onClick={() => set({ q: undefined, show: undefined })}>
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

// First is for somebody who has no webhook yet.
function First() {
  const { t } = useWords();
  const admin = useAdmin();
  return (
    <div className="card empty">
      <h2>{t('webhooks.first')}</h2>
      <p>{t('webhooks.first.text')}</p>
      <Button component={Link} to="/webhooks/new">
        {t('webhook.new')}
      </Button>
      {admin && <Example />}
      <p className="small">
        <Link to="/event-types">{t('webhooks.first.types')}</Link>
      </p>
    </div>
  );
}
