import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok, onceKey, type Schemas } from '../../api/client';
import { usePages, useRefresh, useUsers } from '../../api/hooks';
import { every } from '../../api/live';
import { base } from '../../base';
import { useWords } from '../../i18n';
import { Name } from '../../ui/clamp';
import { Buttons, Dialog, useSay } from '../../ui/dialog';
import { Listed, Table } from '../../ui/list';
import { useAdmin } from '../../ui/names';
import { Copy, Empty, Page, Problem, When } from '../../ui/parts';
import { Only } from './only';

type Role = Schemas['ApiKeyForm']['role'];
const roles: Role[] = ['publisher', 'user', 'admin'];

export function Keys() {
  const { t } = useWords();
  const admin = useAdmin();
  const [making, setMaking] = useState(false);
  return (
    <Only title={t('nav.keys')} actions={<Button onClick={() => setMaking(true)}>{t('keys.new')}</Button>}>
      {admin && <KeyList />}
      {making && <NewKey onClose={() => setMaking(false)} />}
    </Only>
  );
}

// OwnKeys are those that a user has made, for the command line and other programs that
// act as this user.
export function OwnKeys() {
  const { t } = useWords();
  const admin = useAdmin();
  const [making, setMaking] = useState(false);
  if (admin) return <Keys />;
  return (
    <Page title={t('keys.own')} lead={<p className="dim">{t('keys.own.text')}</p>} actions={<Button onClick={() => setMaking(true)}>{t('keys.new')}</Button>}>
      <KeyList own />
      {making && <NewKey own onClose={() => setMaking(false)} />}
    </Page>
  );
}

function KeyList({ own = false }: { own?: boolean }) {
  const { t, format } = useWords();
  const [revoke, setRevoke] = useState<Schemas['APIKey'] | null>(null);
  const pages = usePages(['keys'], (cursor) => ok(api.GET('/v1/api-keys', { params: { query: { cursor } } })), every.chart);
  return (
    <>
      <Listed
        pages={pages}
        none={
          <Empty title={t('keys.none')} guide="security#keys">
            <p>{t(own ? 'keys.own.none' : 'keys.none.text')}</p>
          </Empty>
        }
      >
        {(rows) => (
          <Table columns={[t('name'), ...(own ? [] : [t('role')]), t('keys.expires'), t('keys.used'), t('keys.revoke')]}>
            {rows.map((k) => (
              <tr key={k.id}>
                <td className="name-cell">
                  <Name text={k.name} />
                  <div className="dim small">
                    <code>{k.prefix}…</code>
                  </div>
                </td>
                {!own && (
                  <td data-label={t('role')}>
                    {t(`role.${k.role}`)} {k.user_id && <span className="dim">({k.user_id})</span>}
                  </td>
                )}
                <td data-label={t('keys.expires')}>{k.expires_at ? format.full(k.expires_at) : t('never')}</td>
                <td data-label={t('keys.used')}>{k.last_used_at ? <When at={k.last_used_at} /> : t('never')}</td>
                <td>
                  <Button size="xs" variant="default" onClick={() => setRevoke(k)}>
                    {t('keys.revoke')}
                    <span className="hidden"> {k.name}</span>
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
      {revoke && <Revoke apiKey={revoke} onClose={() => setRevoke(null)} />}
    </>
  );
}

function Revoke({ apiKey: k, onClose }: { apiKey: Schemas['APIKey']; onClose: () => void }) {
  const { t, format } = useWords();
  const refresh = useRefresh();
  const say = useSay();
  const revoke = useMutation({
    mutationFn: () => ok(api.DELETE('/v1/api-keys/{id}', { params: { path: { id: k.id } } })),
    onSuccess: () => {
      onClose();
      say(t('keys.revoked'));
      void refresh('keys');
    },
  });
  return (
    <Dialog title={t('keys.revoke_title', { name: k.name })} onClose={onClose}>
      <p>{k.last_used_at ? t('keys.revoke.used', { when: format.when(k.last_used_at) }) : t('keys.revoke.unused')}</p>
      {revoke.error && <Problem error={revoke.error} />}
      <Buttons onCancel={onClose}>
        <Button color="red.9" loading={revoke.isPending} onClick={() => revoke.mutate()}>
          {t('keys.revoke')}
        </Button>
      </Buttons>
    </Dialog>
  );
}

// loginURL is where a command line finds this Godwit.
const loginURL = `${location.origin}${base}`.replace(/\/$/, '');

const loginWith = (key: string) => `godwit login --url ${loginURL} --key ${key}`;

// Made shows a new key this once, and the command by which the command line signs in.
function Made({ apiKey: { key, prefix, role }, onClose }: { apiKey: Schemas['NewAPIKey']; onClose: () => void }) {
  const { t } = useWords();
  const [shown, setShown] = useState(false);
  const visible = shown ? key : `${prefix}…`;
  return (
    <Dialog title={t('keys.made')} onClose={onClose}>
      <p>{t('keys.once')}</p>
      <code dir="ltr">{visible}</code>
      {role !== 'publisher' && (
        <>
          <p>{t('keys.login')}</p>
          <code dir="ltr">{loginWith(visible)}</code>
        </>
      )}
      <div className="row">
        <Button size="sm" variant="default" onClick={() => setShown(!shown)}>
          {shown ? t('hide') : t('show')}
        </Button>
        <Copy value={key} label={t('keys.copy')} size="sm" />
        {role !== 'publisher' && <Copy value={loginWith(key)} label={t('keys.copy_login')} size="sm" />}
        <Button onClick={onClose}>{t('close')}</Button>
      </div>
    </Dialog>
  );
}

const lives = { '90': 90, '365': 365, '30': 30, never: 0 } as const;

// NewKey makes a key: with own, one of the user who is signed in, which has an end.
function NewKey({ own = false, onClose }: { own?: boolean; onClose: () => void }) {
  const { t } = useWords();
  const refresh = useRefresh();
  const users = useUsers(!own).data ?? [];
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>(own ? 'user' : 'publisher');
  const [user, setUser] = useState('');
  const [life, setLife] = useState<keyof typeof lives>('90');
  const [once] = useState(onceKey);
  const owner = user || users[0]?.id || '';
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/v1/api-keys', {
          params: { header: { 'Idempotency-Key': once } },
          body: {
            name,
            role,
            ...(role === 'user' && !own && { user_id: owner }),
            ...(lives[life] > 0 && { expires_at: new Date(Date.now() + lives[life] * 24 * 3600e3).toISOString() }),
          },
        }),
      ),
    onSuccess: () => void refresh('keys'),
    gcTime: 0,
  });
  if (make.data) return <Made apiKey={make.data} onClose={onClose} />;
  return (
    <Dialog title={t('keys.new')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <TextInput label={t('keys.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} required withAsterisk={false} autoComplete="off" />
        {!own && (
          <NativeSelect
            label={t('role')}
            description={t(`role.${role}.text`)}
            value={role}
            onChange={(e) => setRole(e.currentTarget.value as Role)}
            data={roles.map((value) => ({ value, label: t(`role.${value}`) }))}
          />
        )}
        {role === 'user' && !own && (
          <NativeSelect label={t('keys.user')} value={owner} onChange={(e) => setUser(e.currentTarget.value)} data={users.map((u) => ({ value: u.id, label: u.name }))} />
        )}
        <NativeSelect
          label={t('keys.expires')}
          value={life}
          onChange={(e) => setLife(e.currentTarget.value as keyof typeof lives)}
          data={[
            { value: '30', label: t('days', { n: 30 }) },
            { value: '90', label: t('days', { n: 90 }) },
            { value: '365', label: t('days', { n: 365 }) },
            ...(own ? [] : [{ value: 'never', label: t('keys.never') }]),
          ]}
        />
        {make.error && <Problem error={make.error} />}
        <Buttons onCancel={onClose}>
          <Button type="submit" loading={make.isPending} disabled={!name.trim() || (role === 'user' && !own && !owner)}>
            {t('keys.new')}
          </Button>
        </Buttons>
      </form>
    </Dialog>
  );
}
