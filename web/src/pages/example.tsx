import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { api, ok } from '../api/client';
import { useEventTypes, useProjects, useRefresh, type EventType } from '../api/hooks';
import { useWords } from '../i18n';
import { publishable } from '../rules/draft';
import { useSay } from '../ui/dialog';
import { Problem } from '../ui/parts';

const company = { id: 'example', name: 'Example Studio' };
const projects = [
  { id: 'example-website', name: 'Website' },
  { id: 'example-shop', name: 'Online shop' },
];
const people = [
  { id: 'example-ada', name: 'Ada Example', email: 'ada@example.org' },
  { id: 'example-ben', name: 'Ben Example', email: 'ben@example.org' },
];

// How many events come at once, and how long more arrive after them.
const atOnce = 12;
const feedFor = 120_000;
const feedEvery = 4000;

const pick = <T,>(list: readonly T[], n: number): T | undefined => list[n % list.length];

async function post(types: EventType[], n: number) {
  const type = pick(types, n);
  const id = `example-record-${n % 7}`;
  const state = (s: unknown) => (s && typeof s === 'object' ? { ...s, id } : null);
  await ok(
    api.POST('/v1/events', {
      body: {
        type: type?.name ?? '',
        project_id: pick(projects, n)?.id ?? '',
        actor_id: pick(people, n)?.id ?? '',
        previous: state(type?.example?.previous),
        current: state(type?.example?.current),
      },
    }),
  );
}

// fill makes a company with projects and people, and has events arrive for a
// while, also when another page of the app is opened.
async function fill(types: EventType[]) {
  const path = (id: string) => ({ params: { path: { id } } });
  await ok(api.PUT('/v1/companies/{id}', { ...path(company.id), body: { name: company.name } }));
  for (const p of projects) await ok(api.PUT('/v1/projects/{id}', { ...path(p.id), body: { company_id: company.id, name: p.name } }));
  for (const u of people) {
    await ok(api.PUT('/v1/users/{id}', { ...path(u.id), body: { name: u.name, email: u.email } }));
    for (const p of projects) await ok(api.PUT('/v1/projects/{id}/members/{user_id}', { params: { path: { id: p.id, user_id: u.id } } }));
  }
  for (let n = 0; n < atOnce; n++) await post(types, n);
  const end = Date.now() + feedFor;
  let n = atOnce;
  const timer = setInterval(() => {
    if (Date.now() > end) clearInterval(timer);
    else post(types, n++).catch(() => clearInterval(timer));
  }, feedEvery);
}

// Example is offered to whoever runs Godwit while there is nothing to look at.
export function Example() {
  const { t } = useWords();
  const say = useSay();
  const refresh = useRefresh();
  const projects = useProjects().data;
  const types = publishable(useEventTypes().data ?? []).filter((x) => x.example);
  const make = useMutation({
    mutationFn: () => fill(types),
    onSuccess: () => {
      say(t('example.done'));
      void refresh();
    },
  });
  if (!projects || projects.length > 0 || types.length === 0) return null;
  return (
    <div className="stack">
      <p>{t('example.text')}</p>
      <div>
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          {t('example.fill')}
        </Button>
      </div>
      {make.error && <Problem error={make.error} />}
    </div>
  );
}
