import { Button, Checkbox, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok } from '../../api/client';
import { isFailure, useRefresh, type EventType } from '../../api/hooks';
import { useWords } from '../../i18n';
import { asForm, asText, emptyType, objectOf, type TypeDraft } from '../../rules/event-type';
import { Buttons, Dialog, useSay } from '../../ui/dialog';
import { Faults, useFaultText } from '../../ui/findings';
import { useTypes } from '../../ui/names';
import { Note, Problem } from '../../ui/parts';

const mono = { input: { fontFamily: 'var(--mantine-font-family-monospace)' } };
const others = ['de', 'pl'] as const;

// Editor adds a kind of event, or changes one.
export function Editor({ type, onClose }: { type?: EventType; onClose: () => void }) {
  const { t } = useWords();
  const refresh = useRefresh();
  const say = useSay();
  const faultText = useFaultText();
  const [draft, setDraft] = useState<TypeDraft>(() => (type ? asText(type) : emptyType));
  const set = (change: Partial<TypeDraft>) => setDraft((d) => ({ ...d, ...change }));
  const form = asForm(draft);
  const save = useMutation({
    mutationFn: () => ok(api.PUT('/v1/event-types/{name}', { params: { path: { name: draft.name.trim() } }, body: form ?? { group: '', description: '' } })),
    onSuccess: () => {
      say(t('saved'));
      onClose();
      void refresh('event-types');
    },
  });
  const refused = isFailure(save.error, 'invalid') ? (save.error.problem?.errors ?? []) : [];
  const at = (pointer: string) => {
    const fault = refused.find((f) => f.pointer === pointer);
    return fault && faultText(fault);
  };
  const placed = ['/group', '/title', '/description', '/schema', '/example', '/example/previous', '/example/current', '{name}'];
  const elsewhere = refused.filter((f) => !placed.includes(f.pointer));
  const json = (field: 'schema' | 'previous' | 'current', label: string, pointer: string) => (
    <Textarea
      label={label}
      value={draft[field]}
      onChange={(e) => set({ [field]: e.currentTarget.value })}
      autosize
      minRows={3}
      maxRows={14}
      spellCheck={false}
      styles={mono}
      error={objectOf(draft[field]) === undefined ? t('types.not_json') : at(pointer)}
    />
  );
  return (
    <Dialog title={type ? t('types.change', { name: type.name }) : t('types.add')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(e) => {
          e.preventDefault();
          save.mutate();
        }}
      >
        {!type && <TextInput label={t('code')} description={t('types.name.text')} value={draft.name} maxLength={128} onChange={(e) => set({ name: e.currentTarget.value })} error={at('{name}')} autoComplete="off" placeholder="INVOICE_PAID" />}
        <TextInput label={t('types.group')} value={draft.group} maxLength={200} onChange={(e) => set({ group: e.currentTarget.value })} error={at('/group')} autoComplete="off" />
        <TextInput label={t('types.title')} value={draft.title} maxLength={200} onChange={(e) => set({ title: e.currentTarget.value })} error={at('/title')} autoComplete="off" />
        <Textarea label={t('types.description')} value={draft.description} maxLength={2000} onChange={(e) => set({ description: e.currentTarget.value })} error={at('/description')} autosize minRows={2} />
        <details open={others.some((l) => draft.words[l])}>
          <summary>{t('types.translations')}</summary>
          <div className="stack">
            {others.map((language) => {
              const words = draft.words[language] ?? {};
              const put = (change: object) => set({ words: { ...draft.words, [language]: { ...words, ...change } } });
              const name = t(`types.in.${language}`);
              return (
                <fieldset key={language} className="stack tight ticked">
                  <legend>{name}</legend>
                  <TextInput label={t('types.title.in', { language: name })} value={words.title ?? ''} maxLength={200} lang={language} onChange={(e) => put({ title: e.currentTarget.value })} autoComplete="off" />
                  <TextInput label={t('types.group.in', { language: name })} value={words.group ?? ''} maxLength={200} lang={language} onChange={(e) => put({ group: e.currentTarget.value })} autoComplete="off" />
                  <Textarea label={t('types.description.in', { language: name })} value={words.description ?? ''} maxLength={2000} lang={language} onChange={(e) => put({ description: e.currentTarget.value })} autosize minRows={2} />
                </fieldset>
              );
            })}
          </div>
        </details>
        <details open={draft.schema !== '' || draft.current !== '' || draft.previous !== ''}>
          <summary>{t('types.form')}</summary>
          <div className="stack">
            <p className="dim small">{t('types.form.text')}</p>
            {json('schema', t('types.schema'), '/schema')}
            {json('previous', t('types.previous'), '/example/previous')}
            {json('current', t('types.current'), '/example/current')}
            {at('/example') && <p className="bad small">{at('/example')}</p>}
          </div>
        </details>
        <Checkbox label={t('types.archive')} checked={draft.archived} onChange={(e) => set({ archived: e.currentTarget.checked })} />
        <div aria-live="polite">
          {elsewhere.length > 0 && (
            <Note tone="bad" title={t('faults')}>
              <Faults faults={elsewhere} />
            </Note>
          )}
          {save.error && refused.length === 0 && <Problem error={save.error} />}
        </div>
        <Buttons onCancel={onClose}>
          <Button type="submit" disabled={!form || draft.name.trim() === ''} loading={save.isPending}>
            {t('save')}
          </Button>
        </Buttons>
      </form>
    </Dialog>
  );
}

// Remove deletes a kind of event, and says before how many webhooks name it.
export function Remove({ type, onClose }: { type: EventType; onClose: () => void }) {
  const { t, format } = useWords();
  const { title } = useTypes();
  const refresh = useRefresh();
  const say = useSay();
  const named = useQuery({ queryKey: ['webhooks', 'naming', type.name], queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { event_type: type.name, limit: 200 } } })) }).data;
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE('/v1/event-types/{name}', { params: { path: { name: type.name } } })),
    onSuccess: () => {
      say(t('types.removed'));
      onClose();
      void refresh('event-types');
    },
  });
  const n = named?.data.length ?? 0;
  return (
    <Dialog title={t('types.remove', { name: title(type.name) })} onClose={onClose}>
      <p role="status">
        {!named ? t('counting') : n === 0 ? t('types.remove.unused') : t(named.next_cursor ? 'types.remove.many' : 'types.remove.used', { n })} {n > 0 && format.list((named?.data ?? []).slice(0, 5).map((w) => w.name))}
      </p>
      <p>{t('types.remove.text')}</p>
      {remove.error && <Problem error={remove.error} />}
      <Buttons onCancel={onClose}>
        <Button color="red.9" disabled={!named} loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('delete')}
        </Button>
      </Buttons>
    </Dialog>
  );
}
