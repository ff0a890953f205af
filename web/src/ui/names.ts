import { useMemo } from 'react';
import { useCompanies, useEventTypes, useProjects, useSession, useWebhooks, type EventType } from '../api/hooks';
import { every } from '../api/live';
import { useWords, type Key } from '../i18n';

// useAdmin says whether the one who is signed in runs Godwit.
export const useAdmin = () => useSession().data?.role === 'admin';

// useTypes gives event types their titles, in the reader's language where they
// are Godwit's own.
export function useTypes() {
  const { t, has, language } = useWords();
  const types = useEventTypes();
  const title = (name: string) => {
    const key = `type.${name}`;
    return has(key) ? t(key) : name;
  };
  const group = (name: string) => {
    const key = `group.${name}`;
    return has(key) ? t(key as Key) : name;
  };
  // What Godwit says of its own types is in English alone.
  const about = (type: EventType) => (language === 'en' || !type.builtin ? type.description : '');
  return { types, title, group, about };
}

// useNames gives things names for people; an id, where nothing is known.
export function useNames() {
  const projects = useProjects().data;
  const companies = useCompanies().data;
  const webhooks = useWebhooks(every.chart).data;
  return useMemo(() => {
    const name = (rows: { id: string; name: string }[] | undefined) => {
      const known = new Map(rows?.map((r) => [r.id, r.name]));
      return (id: string) => known.get(id) ?? id;
    };
    return { project: name(projects), company: name(companies), webhook: name(webhooks?.data) };
  }, [projects, companies, webhooks]);
}
