import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { useEvent } from '../../api/hooks';
import { useWords } from '../../i18n';
import type { Draft } from '../../rules/draft';
import { useNames, useTypes } from '../../ui/names';
import { LinesOf } from '../../ui/condition-words';
import { Word } from '../../ui/parts';

export type Sample = NonNullable<Schemas['CheckForm']['sample']>;

// useSamples are events that a condition can be tried on: the newest ones of the
// types, and their examples.
function useSamples(d: Draft) {
  const { t, format } = useWords();
  const { types, title } = useTypes();
  const names = useNames();
  const only = d.what === 'some' && d.types.length === 1 ? d.types[0] : undefined;
  const recent = useQuery({ queryKey: ['events', 'samples', only], staleTime: 30_000, queryFn: () => ok(api.GET('/v1/events', { params: { query: { limit: 50, kind: 'published', type: only } } })) });
  const meant = (type: string) => d.what === 'everything' || d.types.includes(type);
  const events = (recent.data?.data ?? []).filter((e) => meant(e.type)).slice(0, 10);
  return [
    ...events.map((e) => ({ value: `e:${e.id}`, label: `${title(e.type)} · ${names.project(e.project_id)} · ${format.when(e.accepted_at)}`, sample: { event_id: e.id } as Sample })),
    ...(types.data ?? [])
      .filter((x) => meant(x.name) && (x.example.current ?? x.example.previous))
      .slice(0, 20)
      .map((x) => ({ value: `t:${x.name}`, label: t('try.example', { title: title(x.name) }), sample: { type: x.name, previous: x.example.previous, current: x.example.current } as Sample })),
  ];
}

// statesOf are the states of an example; those of an event are read.
const statesOf = (s: Sample) => (s.event_id ? undefined : { previous: s.previous ?? null, current: s.current ?? null });

// Try has someone choose an event, and says what the condition makes of it.
export function Try({ draft, owner, sample, onChoose, trial }: { draft: Draft; owner: string | undefined; sample: { value: string; event: Sample } | undefined; onChoose: (value: string, sample: Sample | undefined) => void; trial: Schemas['Trial'] | undefined }) {
  const { t } = useWords();
  const samples = useSamples(draft);
  const event = useEvent(sample?.event.event_id ?? undefined).data;
  return (
    <div className="card stack">
      <NativeSelect
        label={t('try')}
        value={sample?.value ?? ''}
        onChange={(e) => onChoose(e.currentTarget.value, samples.find((s) => s.value === e.currentTarget.value)?.sample)}
        data={[{ value: '', label: t('try.choose') }, ...samples.map(({ value, label }) => ({ value, label }))]}
      />
      <div aria-live="polite" data-testid="trial">
        {trial && (
          <Word tone={trial.result === 'true' ? 'good' : trial.result === 'false' ? 'quiet' : 'bad'} wraps>
            {t(`try.${trial.result}`)}
          </Word>
        )}
        {trial && sample && <LinesOf filter={draft.filter} sample={sample.event} states={event ?? statesOf(sample.event)} owner={owner} />}
        {trial?.detail && (
          <p className="small">
            <code lang="en">{trial.detail}</code>
          </p>
        )}
      </div>
    </div>
  );
}
