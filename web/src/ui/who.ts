import { useMemo } from 'react';
import { useSession, useUsers } from '../api/hooks';
import { useWords } from '../i18n';
import { isolated } from '../rules/isolated';

// useWho names who did something: the reader, an administrator, a person by name where
// the reader may know it, else the id.
export function useWho() {
  const { t } = useWords();
  const session = useSession().data;
  const user = useActor();
  return (who: string) => {
    if (who !== 'admin') return user(who);
    return session?.role === 'admin' && !session.user_id ? t('who.you') : t('who.admin');
  };
}

// useActor names who did what an event tells of, a user of the host application: the
// reader, a person whom the reader may know, else the id.
export function useActor() {
  const { t } = useWords();
  const session = useSession().data;
  const users = useUsers(session?.role === 'admin').data;
  const names = useMemo(() => new Map(users?.map((u) => [u.id, isolated(u.name)])), [users]);
  return (actor: string) => (actor === session?.user_id ? t('who.you') : (names.get(actor) ?? isolated(actor)));
}
