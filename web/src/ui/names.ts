import { useMemo } from 'react';
import { useCompanies, useEventTypes, useNamedWebhooks, useProjects, useSession, useWebhooks, type EventType } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';
import { isolated } from '../rules/isolated';

// useAdmin says whether the one who is signed in runs Godwit.
export const useAdmin = () => useSession().data?.role === 'admin';

// useTypes gives event types their words in the reader's language, as the catalogue
// has them.
export function useTypes() {
  const { t, has, language } = useWords();
  const types = useEventTypes();
  const known = useMemo(() => new Map(types.data?.map((x) => [x.name, x])), [types.data]);
  const title = (name: string) => {
    const key = `type.${name}`; // what is in no catalogue, such as combinations
    if (has(key)) return t(key);
    const type = known.get(name);
    return isolated(type?.translations[language]?.title || type?.title || name);
  };
  const group = (name: string) => isolated(types.data?.find((x) => x.group === name)?.translations[language]?.group || name);
  const about = (type: EventType) => isolated(type.translations[language]?.description || type.description);
  return { types, title, group, about };
}

const none: readonly string[] = [];

// useNames gives things names for people; an id, where nothing is known. With many
// webhooks it knows those whose ids it is given.
export function useNames(webhookIDs: readonly string[] = none) {
  const projects = useProjects().data;
  const companies = useCompanies().data;
  const webhooks = useWebhooks(every.chart).data;
  const others = useNamedWebhooks(webhookIDs);
  return useMemo(() => {
    const name = (rows: { id: string; name: string }[] | undefined) => {
      const known = new Map(rows?.map((r) => [r.id, isolated(r.name)]));
      return (id: string) => known.get(id) ?? id;
    };
    return { project: name(projects), company: name(companies), webhook: name([...(webhooks?.data ?? []), ...others]) };
  }, [projects, companies, webhooks, others]);
}
