import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { isFailure } from '../api/hooks';
import { app, base } from '../base';
import { useWords } from '../i18n';
import { isolated } from '../rules/isolated';
import { ownPath } from '../rules/own-path';
import { Note, Page, Problem } from '../ui/parts';
import { Alone } from '../ui/shell';

function useEnter() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (next: string | undefined) => {
    client.clear();
    await navigate({ href: ownPath(next, location.origin), replace: true });
  };
}

// Host leads to the page of the host application that makes a link, and that comes
// back to the same page of this app.
function Host({ next }: { next: string | undefined }) {
  const { t } = useWords();
  if (!app.sign_in_url) return null;
  const url = new URL(app.sign_in_url);
  if (next) url.searchParams.set('next', ownPath(next, location.origin));
  return (
    <Button component="a" href={url.href}>
      {t('sign_in.with', { name: app.name })}
    </Button>
  );
}

export function SignIn() {
  const { t } = useWords();
  const { next } = useSearch({ from: '/sign-in' });
  const [key, setKey] = useState('');
  const enter = useEnter();
  const signIn = useMutation({
    mutationFn: () => ok(api.POST('/v1/session', { body: { key: key.trim() } })),
    onSuccess: () => enter(next),
  });
  const wrong = isFailure(signIn.error, 'unauthorized', 'invalid');
  const publisher = isFailure(signIn.error, 'forbidden');
  return (
    <Alone>
      <Page title={t('sign_in')}>
        {app.sign_in_url && (
          <section className="card stack">
            <Host next={next} />
          </section>
        )}
        <section className="card stack">
          <form
            className="stack"
            onSubmit={(e) => {
              e.preventDefault();
              signIn.mutate();
            }}
          >
            <PasswordInput
              label={t('sign_in.key')}
              description={t('sign_in.key.text')}
              value={key}
              onChange={(e) => setKey(e.currentTarget.value)}
              autoComplete="current-password"
              required
              withAsterisk={false}
              visibilityToggleButtonProps={{ 'aria-label': t('reveal'), tabIndex: 0 }}
              error={wrong ? t('sign_in.wrong') : publisher ? t('sign_in.publisher') : undefined}
            />
            <Button type="submit" loading={signIn.isPending}>
              {t('sign_in')}
            </Button>
          </form>
          {signIn.error && !wrong && !publisher && <Problem error={signIn.error} />}
        </section>
        <section className="card">
          <h2>{t('sign_in.link')}</h2>
          <p className="dim">{t('sign_in.link.text')}</p>
        </section>
      </Page>
    </Alone>
  );
}

// link takes the secret of a link out of the address, where others could read it, and
// the page that the link leads to.
function link(): { secret: string; next?: string } {
  const query = new URLSearchParams(location.search);
  const secret = location.hash.slice(1) || query.get('token') || '';
  if (secret) history.replaceState(null, '', `${base}portal`);
  return { secret, next: query.get('next') ?? undefined };
}

// For says whom a link signs in, so that nobody takes a link that is for another person.
function For({ link: { role, user } }: { link: Schemas['LinkView'] }) {
  const { t } = useWords();
  if (role === 'admin') return <p>{t('portal.for_admin')}</p>;
  if (!user) return null;
  return (
    <div>
      <strong>{t('portal.for', { name: isolated(user.name) })}</strong>
      <div className="dim small">{user.email}</div>
    </div>
  );
}

export function Portal() {
  const { t } = useWords();
  const [{ secret, next }, setLink] = useState<ReturnType<typeof link>>({ secret: '' });
  const enter = useEnter();
  useEffect(() => {
    const found = link();
    if (found.secret) setLink(found);
    // Another link in the same tab changes no more than what is behind the #.
    const another = () => {
      if (location.hash.length > 1) location.reload();
    };
    window.addEventListener('hashchange', another);
    return () => window.removeEventListener('hashchange', another);
  }, []);
  // Nothing is sent before someone presses the button: programs that look at
  // links in mail don't press any.
  const redeem = useMutation({
    mutationFn: () => ok(api.POST('/v1/session', { body: { portal_token: secret } as unknown as Schemas['SessionForm'] })),
    onSuccess: () => enter(next),
  });
  // Whom the link signs in is asked once, in a way that does not use it up. Where that
  // fails for another reason, the button is there all the same.
  const whom = useQuery({
    queryKey: ['portal'],
    enabled: secret !== '',
    queryFn: () => ok(api.POST('/v1/portal-sessions/look', { body: { portal_token: secret } })),
    retry: false,
    staleTime: Infinity,
    gcTime: 0,
  });
  const over = [redeem.error, whom.error].some((e) => isFailure(e, 'unauthorized', 'not_found', 'invalid'));
  return (
    <Alone>
      <Page title={over ? t('portal.over') : t('portal.title', { name: app.name })}>
        <section className="card stack">
          {over || !secret ? (
            <>
              <p>{over ? t('portal.over.text') : t('portal.none')}</p>
              <Host next={next} />
            </>
          ) : (
            <>
              {whom.data && <For link={whom.data} />}
              <p className="dim">{t('portal.text')}</p>
              <Button onClick={() => redeem.mutate()} loading={redeem.isPending || whom.isFetching}>
                {t('sign_in')}
              </Button>
            </>
          )}
          {redeem.error && !over && <Problem error={redeem.error} retry={() => redeem.mutate()} />}
        </section>
        {over && <Note>{t('portal.key')}</Note>}
      </Page>
    </Alone>
  );
}
