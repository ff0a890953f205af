import { Button, NativeSelect, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState, type ReactNode } from 'react';
import { api, ok } from '../api/client';
import { isFailure, mostStuck, useSession, useStuck, useWebhooks, type Session } from '../api/hooks';
import { app, base } from '../base';
import { languages, useWords, type Key, type Language } from '../i18n';
import { Dialog } from './dialog';
import { Icon, type IconName } from './icons';
import { Loading, Problem, useTick } from './parts';
import { askForShortcuts, Shortcuts } from './shortcuts';

type Item = { to: string; word: Key; icon: IconName; exact?: boolean };

const own: Item[] = [
  { to: '/webhooks', word: 'nav.webhooks', icon: 'webhook' },
  { to: '/deliveries', word: 'nav.deliveries', icon: 'delivery' },
  { to: '/events', word: 'nav.events', icon: 'event' },
  { to: '/event-types', word: 'nav.types', icon: 'book' },
];

const play: Item = { to: '/received', word: 'play', icon: 'inbox' };

const running: Item[] = [
  { to: '/admin', word: 'nav.overview', icon: 'chart', exact: true },
  { to: '/admin/people', word: 'nav.people', icon: 'people' },
  { to: '/admin/companies', word: 'nav.companies', icon: 'building' },
  { to: '/admin/keys', word: 'nav.keys', icon: 'key' },
  { to: '/admin/log', word: 'nav.log', icon: 'log' },
  { to: '/admin/system', word: 'nav.system', icon: 'gear' },
];

function Items({ items }: { items: Item[] }) {
  const { t } = useWords();
  return items.map((item) => (
    <Link key={item.to} to={item.to} activeOptions={{ exact: item.exact ?? false, includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>
      <Icon name={item.icon} />
      <span>{t(item.word)}</span>
    </Link>
  ));
}

// Brand is the logo and the name of this installation.
function Brand() {
  return (
    <>
      <img src={app.logo ?? `${base}icon.svg`} alt="" />
      <span dir="auto">{app.name}</span>
    </>
  );
}

const signedOut = 'signed-out';

// forget empties what was read, and tells other tabs.
function useForget() {
  const client = useQueryClient();
  return () => {
    client.clear();
    new BroadcastChannel('godwit').postMessage(signedOut);
  };
}

// Shell is around every page of those who are signed in.
export function Shell() {
  const { t, follow } = useWords();
  const session = useSession();
  const location = useLocation();
  const navigate = useNavigate();
  // The user's language comes with the session: once, so that a change here is not
  // taken back by an answer that is older.
  const locale = session.data?.user?.locale;
  const id = session.data?.id;
  useEffect(() => {
    follow(locale);
  }, [id]);
  const away = isFailure(session.error, 'unauthorized') && !session.data;

  // The location changes before this is unmounted: who is led there already is
  // not led there once more.
  const leaving = location.pathname.endsWith('/sign-in');
  useEffect(() => {
    if (away && !leaving) void navigate({ to: '/sign-in', search: { next: location.href }, replace: true });
  }, [away, leaving, location.href, navigate]);

  useEffect(() => {
    const channel = new BroadcastChannel('godwit');
    channel.onmessage = (e) => {
      if (e.data === signedOut) window.location.assign(`${base}sign-in`);
    };
    return () => channel.close();
  }, []);

  if (!session.data) {
    return <main className="alone">{session.error && !away ? <Problem error={session.error} retry={() => void session.refetch()} /> : <Loading />}</main>;
  }
  const admin = session.data.role === 'admin';
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <header className="head">
        <Link to="/webhooks" className="brand">
          <Brand />
        </Link>
        <Button component={Link} to="/webhooks/new" size="sm" className="new">
          <Icon name="plus" />
          <span>{t('webhook.new')}</span>
        </Button>
        <Person />
      </header>
      <nav className="nav" aria-label={t('nav')}>
        <Items items={own} />
        {app.features.play && <Items items={[play]} />}
        {admin && (
          <>
            <h2>{t('nav.admin')}</h2>
            <Items items={running} />
          </>
        )}
      </nav>
      <main className="main" id="content" tabIndex={-1}>
        <Banners />
        <Outlet />
      </main>
      <nav className="bottom" aria-label={t('nav')}>
        <Items items={own} />
      </nav>
      <Ended />
      <Shortcuts />
    </div>
  );
}

// Banners are on every page: what needs the reader, and the end of the session.
function Banners() {
  const { t, format } = useWords();
  const path = useLocation().pathname;
  const session = useSession().data;
  // The list reads all of them, where they are not too many.
  const all = useWebhooks(30, false).data;
  const stuck = useStuck(path !== '/webhooks' || Boolean(all?.next_cursor)).data;
  const need = stuck?.data ?? [];
  const offline = useOffline();
  useTick(30);
  const ends = session?.expires_at;
  const soon = ends && Date.parse(ends) - Date.now() < 600_000;
  if (!offline && !soon && need.length === 0) return null;
  return (
    <div className="stack" style={{ marginBottom: '1.25rem' }}>
      {offline && (
        <div className="note warn" role="status">
          {t('offline')}
        </div>
      )}
      {soon && (
        <div className="note warn row between" role="status">
          <span>{t('session.soon', { time: format.time(ends) })}</span>
          <Link to="/sign-in" search={{ next: path }}>
            {t('session.again')}
          </Link>
        </div>
      )}
      {need.length > 0 && !(need.length === 1 && path.includes(need[0]?.id ?? '-')) && (
        <div className="note bad row between">
          <span className="clamped" data-rest="look">{t(stuck?.next_cursor && need.length >= mostStuck ? 'webhooks.need_you.most' : 'webhooks.need_you', { n: need.length, names: format.list(need.slice(0, 3).map((w) => w.name)) })}</span>
          {need.length === 1 && need[0] ? (
            <Link to="/webhooks/$id" params={{ id: need[0].id }}>
              {t('look')}
            </Link>
          ) : (
            <Link to="/webhooks" search={{ show: 'need' }}>
              {t('look')}
            </Link>
          )}
        </div>
      )}
    </div>
  );
}

function useOffline() {
  const [offline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const follow = () => setOffline(!navigator.onLine);
    window.addEventListener('online', follow);
    window.addEventListener('offline', follow);
    return () => {
      window.removeEventListener('online', follow);
      window.removeEventListener('offline', follow);
    };
  }, []);
  return offline;
}

// Ended is the dialog over a page whose session has ended under way. What was
// typed is kept; see drafts.
function Ended() {
  const { t } = useWords();
  const session = useSession();
  const location = useLocation();
  const [ended, setEnded] = useState(false);
  const client = useQueryClient();
  useEffect(
    () =>
      client.getQueryCache().subscribe((e) => {
        if (e.type === 'updated' && isFailure(e.query.state.error, 'unauthorized')) setEnded(true);
      }),
    [client],
  );
  useEffect(
    () =>
      client.getMutationCache().subscribe((e) => {
        if (isFailure(e.mutation?.state.error, 'unauthorized')) setEnded(true);
      }),
    [client],
  );
  if (!ended || !session.data) return null;
  return (
    <Dialog title={t('session.ended')} onClose={() => setEnded(false)}>
      <p>{t('session.ended.text')}</p>
      <Button component="a" href={`${base}sign-in?next=${encodeURIComponent(location.href)}`}>
        {t('session.again')}
      </Button>
    </Dialog>
  );
}

function Person() {
  const { t } = useWords();
  const session = useSession().data;
  const [open, setOpen] = useState(false);
  const location = useLocation();
  const id = useId();
  const navigate = useNavigate();
  const forget = useForget();
  useEffect(() => setOpen(false), [location.pathname]);
  const signOut = async () => {
    await ok(api.DELETE('/v1/session')).catch(() => undefined);
    await navigate({ to: '/sign-in', search: {} });
    forget();
  };
  return (
    <div
      className="panel"
      onKeyDown={(e) => {
        if (e.key === 'Escape') setOpen(false);
      }}
    >
      <Button variant="default" size="sm" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} leftSection={<Icon name="person" />}>
        {t('menu')}
      </Button>
      {open && (
        <div id={id}>
          <div>
            <strong dir="auto">{session?.user?.name ?? session?.user_id ?? t('role.admin')}</strong>
            {session?.user && <div className="dim small">{session.user.email}</div>}
            {session?.user && <div className="dim small">{t(`role.${session.role}`)}</div>}
          </div>
          <Preferences />
          {session?.role === 'admin' && (
            <ul className="plainlist small" aria-label={t('nav.admin')}>
              {running.map((item) => (
                <li key={item.to}>
                  <Link to={item.to}>{t(item.word)}</Link>
                </li>
              ))}
            </ul>
          )}
          {session?.role === 'user' && <Link to="/keys">{t('keys.own')}</Link>}
          <Button
            variant="default"
            onClick={() => {
              setOpen(false);
              askForShortcuts();
            }}
          >
            {t('shortcuts')}
          </Button>
          <Button variant="default" onClick={() => void signOut()}>
            {t('sign_out')}
          </Button>
        </div>
      )}
    </div>
  );
}

// Preferences are the language and the colours; both are known without signing in.
export function Preferences() {
  const { t, language, choose } = useWords();
  const client = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <NativeSelect
        label={t('language')}
        value={language}
        onChange={(e) => {
          const locale = e.currentTarget.value as Language;
          choose(locale);
          // Mail is written in it too. Without a session nobody is told.
          if (client.getQueryData<Session>(['session'])?.user) void ok(api.PATCH('/v1/session', { body: { locale } })).then((s) => client.setQueryData(['session'], s), () => undefined);
        }}
        data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
      />
      <NativeSelect
        label={t('theme')}
        value={colorScheme}
        onChange={(e) => setColorScheme(e.currentTarget.value as MantineColorScheme)}
        data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`theme.${value}`) }))}
      />
    </>
  );
}

// Alone is around the pages of those who are not signed in.
export function Alone({ children }: { children: ReactNode }) {
  return (
    <main className="alone">
      <div className="stack">
        <div className="brand">
          <Brand />
        </div>
        {children}
        <div className="row">
          <Preferences />
        </div>
      </div>
    </main>
  );
}
