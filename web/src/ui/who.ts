import { useMemo } from 'react';
import { useSession, useUsers } from '../api/hooks';
import { useWords } from '../i18n';
import { isolated } from '../rules/isolated';

// useWho names, behind a word such as "by", who did something with a webhook or a delivery:
// the reader, an administrator, whose key has an id, or a person. A user sees no ids.
export function useWho() {
  const { t } = useWords();
  const { session, admin, names } = usePeople();
  return (who: string) => {
    if (who === session?.user_id || (who === 'admin' && admin && !session?.user_id)) return t('who.you');
    if (who === 'admin' || (!admin && who.startsWith('key_'))) return t('who.admin');
    return names.get(who) ?? (admin ? isolated(who) : t('who.other'));
  };
}

// useActor names who did what an event tells of, a user of the host application: the
// reader, or a person by the name that the event has beside the id. An administrator sees
// the id where there is no name, others see that it was someone else.
export function useActor() {
  const { t } = useWords();
  const { session, admin, names } = usePeople();
  return (actor: string, name?: string | null) => {
    if (actor === session?.user_id) return t('actor.you');
    if (name) return isolated(name);
    return names.get(actor) ?? (admin ? isolated(actor) : t('actor.other'));
  };
}

function usePeople() {
  const session = useSession().data;
  const admin = session?.role === 'admin';
  const users = useUsers(admin).data;
  return { session, admin, names: useMemo(() => new Map(users?.map((u) => [u.id, isolated(u.name)])), [users]) };
}
