import { useQueries } from '@tanstack/react-query';
import { api, ok } from '../api/client';
import { fieldsOf, fieldsTold, sharedBy, type Field } from '../rules/condition';
import { useTypes } from './names';

// mostAsked is of how many types the server is asked for fields; of others there are
// the examples of the catalogue.
const mostAsked = 12;

// useFields are the fields that conditions on events of these types can ask about;
// undefined = of all types. Until the answers are there they are those of the examples.
export function useFields(names: string[] | undefined): Field[] {
  const { types } = useTypes();
  const chosen = (types.data ?? []).filter((x) => !names || names.includes(x.name));
  const asked = chosen.slice(0, mostAsked);
  const told = useQueries({
    queries: asked.map(({ name }) => ({
      queryKey: ['fields', name],
      staleTime: 60_000,
      retry: false,
      queryFn: () => ok(api.GET('/v1/event-types/{name}/fields', { params: { path: { name } } })),
    })),
    combine: (answers) => answers.map((a) => a.data?.data),
  });
  const found = told.filter((fields) => fields !== undefined);
  const rest = chosen.filter((_, i) => told[i] === undefined).map((x) => x.example);
  const fields = fieldsTold(found);
  const known = new Set(fields.map((f) => f.path));
  return [...fields, ...fieldsOf(rest).filter((f) => !known.has(f.path))];
}

// useShared are the fields with one value that events of all these types have, so that
// parts of a combination can be told by them.
export function useShared(names: string[]): string[] {
  const { types } = useTypes();
  const asked = [...new Set(names)].filter(Boolean);
  const told = useQueries({
    queries: asked.map((name) => ({
      queryKey: ['fields', name],
      staleTime: 60_000,
      retry: false,
      queryFn: () => ok(api.GET('/v1/event-types/{name}/fields', { params: { path: { name } } })),
    })),
    combine: (answers) => answers.map((a) => a.data?.data),
  });
  const each = asked.map((name, i) => {
    const rows = told[i];
    const example = types.data?.find((x) => x.name === name)?.example;
    return rows ? fieldsTold([rows]) : example ? fieldsOf([example]) : [];
  });
  return sharedBy(each);
}
