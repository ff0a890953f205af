import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useBlocker, useParams } from '@tanstack/react-router';
import { useMemo, useState, type ReactNode } from 'react';
import { useCheck } from '../api/check';
import { answered, api, type Schemas } from '../api/client';
import { isFailure, useRefresh, type Rule, type WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { draftOf, rulesOf, type Draft } from '../rules/draft';
import { isFilter, stepOf, type Fault } from '../rules/findings';
import { faultsOf } from '../rules/receivers';
import { Dialog, useSay } from '../ui/dialog';
import { Faults, useFaultText, useTwin, Warnings } from '../ui/findings';
import { useAdmin } from '../ui/names';
import { Card, Note, pretty, Problem } from '../ui/parts';
import { Formats } from './formats';
import { Address } from './wizard/address';
import { OnlyIf } from './wizard/only-if';
import { asSent, headerPointer, moved, OptionFields, type Options } from './wizard/options';
import { Preview } from './wizard/preview';
import { What } from './wizard/what';
import { Where } from './wizard/where';
import { useSettingWords, type Field } from './setting-words';
import { Stale, type Meanwhile } from './stale';
import { TestPanel } from './test-panel';
import { WebhookFrame } from './webhook';

export function Settings() {
  const { id } = useParams({ from: '/shell/webhooks/$id/settings' });
  return <WebhookFrame id={id}>{(w, etag) => <Form key={w.id} webhook={w} etag={etag} />}</WebhookFrame>;
}

type Patch = Schemas['WebhookPatch'];

const optionsOf = (w: WebhookDetail): Options => ({
  payload_format: w.payload_format,
  signature: w.signature,
  timeout_seconds: w.timeout_seconds,
  rate_limit_per_second: w.rate_limit_per_second,
  max_in_flight: w.max_in_flight,
  auto_recover: w.auto_recover,
  headers: Object.keys(w.headers).map((name) => ({ name, value: '', kept: true })),
});

// partsOf are the sections, each of which can be saved by itself.
const partsOf = {
  to: ['name', 'url'],
  rules: ['rules'],
  options: ['payload_format', 'signature', 'timeout_seconds', 'rate_limit_per_second', 'max_in_flight', 'auto_recover', 'headers'],
} as const satisfies Record<string, readonly Field[]>;
type Part = keyof typeof partsOf;

// only is the part of a change that is about these settings.
const only = (patch: Patch, fields: readonly Field[]) => Object.fromEntries(Object.entries(patch).filter(([f]) => fields.includes(f as Field))) as Patch;

// besideOptions are the settings that are not in Options.
const besideOptions = new Set<Field>(['name', 'url', 'rules']);

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

// Form begins with the webhook as it was when the page opened, and changes that
// version alone: what others have changed since is asked about.
function Form({ webhook, etag }: { webhook: WebhookDetail; etag: string }) {
  const { t } = useWords();
  const admin = useAdmin();
  const refresh = useRefresh();
  const say = useSay();
  const [seen, setSeen] = useState({ webhook, etag });
  const [name, setName] = useState(webhook.name);
  const [url, setURL] = useState(webhook.url);
  const [options, setOptions] = useState(() => optionsOf(webhook));
  const [draft, setDraft] = useState<Draft | undefined>(() => draftOf(webhook.rules));
  const [text, setText] = useState(() => pretty(webhook.rules));
  const [movedTo, setMovedTo] = useState('');
  const [theirs, setTheirs] = useState<(Meanwhile & { sent: Patch }) | null>(null);

  const rules = useMemo(() => (draft ? rulesOf(draft) : parsed(text)), [draft, text]);
  const untouched = useMemo(() => {
    const read = draftOf(seen.webhook.rules);
    return read ? rulesOf(read) : seen.webhook.rules;
  }, [seen]);
  const patch = patchOf({ name, url, options, rules, untouched }, seen.webhook);
  const dirty = Object.keys(patch).length > 0;
  useBlocker({ shouldBlockFn: () => dirty && !save.isPending && !window.confirm(t('settings.leave')), enableBeforeUnload: () => dirty });

  const read = () => answered(api.GET('/v1/webhooks/{id}', { params: { path: { id: webhook.id } } }));
  // adopt goes on from a version of the webhook; what is not saved of these is kept.
  const adopt = (w: WebhookDetail, tag: string, unsaved: Field[] = []) => {
    setSeen({ webhook: w, etag: tag });
    const take = (f: Field) => !unsaved.includes(f);
    if (take('name')) setName(w.name);
    if (take('url')) setURL(w.url);
    if (take('rules')) {
      setDraft(draftOf(w.rules));
      setText(pretty(w.rules));
    }
    const kept = Object.fromEntries(Object.entries(options).filter(([f]) => !take(f as Field)));
    setOptions({ ...optionsOf(w), ...kept });
  };
  const undo = (f: Field) => adopt(seen.webhook, seen.etag, (Object.keys(patch) as Field[]).filter((other) => other !== f));
  const save = useMutation({
    mutationFn: ({ tag, body }: Sent) =>
      answered(
        api.PATCH('/v1/webhooks/{id}', {
          params: { path: { id: webhook.id }, header: { 'If-Match': tag } },
          body,
          headers: { 'Content-Type': 'application/merge-patch+json' },
        }),
      ),
    onSuccess: async (_, { body, given }) => {
      const { data, response } = await read();
      const done = [...Object.keys(body), ...(given ?? [])];
      adopt(data, response.headers.get('ETag') ?? '', (Object.keys(patch) as Field[]).filter((f) => !done.includes(f)));
      setTheirs(null);
      setMovedTo(body.url ? data.url : '');
      say(t('saved'));
      void refresh('webhook', webhook.id);
      void refresh('webhooks');
    },
    onError: async (e, { body }) => {
      if (!isFailure(e, 'stale')) return;
      const { data, response } = await read();
      setTheirs({ webhook: data, etag: response.headers.get('ETag') ?? '', change: e.problem?.changed, sent: body });
    },
  });
  const refused = isFailure(save.error, 'invalid') ? (save.error.problem?.errors ?? []) : [];
  const check = useCheck(dirty ? asked(patch, webhook.owner_id, admin) : {});
  const faultText = useFaultText();
  const twin = useTwin(check.warnings);
  const problems = check.faults.length > 0 ? check.faults : refused;
  const problemOf = (pointer: string) => {
    const fault = check.fresh ? problems.find((p) => p.pointer === pointer) : undefined;
    return fault && faultText(fault);
  };
  const shownAt = (p: Fault) => atSetting(p.pointer, options) || (draft !== undefined && p.pointer.startsWith('/rules'));
  const listed = problems.filter((p) => !shownAt(p));
  const ofRules = (...steps: string[]) => (dirty && check.fresh ? problems.filter((p) => p.pointer.startsWith('/rules') && !isFilter(p.pointer) && steps.includes(stepOf(p.pointer))) : []);
  const warned = check.warnings.filter((w) => w.code !== 'same_url');
  const marks = { patch, was: seen.webhook, undo };
  // saving is for the foot of a section: a part that is not wrong is saved by itself.
  const saving = (part: Part, wrong = false) => {
    const body = only(patch, partsOf[part]);
    if (Object.keys(body).length === 0 || Object.keys(body).length === Object.keys(patch).length) return null;
    return (
      <div>
        <Button size="xs" variant="default" disabled={wrong || save.isPending} onClick={() => save.mutate({ tag: seen.etag, body })}>
          {t('settings.part')}
        </Button>
      </div>
    );
  };
  const set = (change: Partial<Draft>) => setDraft((d) => d && { ...d, ...change });

  return (
    <form
      className="page"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ tag: seen.etag, body: patch });
      }}
    >
      <Card title={t('step.to')}>
        <div className="stack">
          <Marked field="name" {...marks}>
            <TextInput label={t('name')} value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} error={problemOf('/name')} required withAsterisk={false} autoComplete="off" />
          </Marked>
          <Marked field="url" {...marks} secret>
            <Address url={url} onChange={(to) => (setOptions(moved(options, url, to)), setURL(to))} problem={problemOf('/url')} twin={twin} />
          </Marked>
          {patch.url && <Note>{t('settings.moves')}</Note>}
          {saving('to', Boolean(problemOf('/name') ?? problemOf('/url')))}
        </div>
      </Card>
      {draft ? (
        <>
          <Card title={t('step.what')}>
            <What draft={draft} set={set} />
            <RuleFaults faults={ofRules('what', 'only_if')} rules={rules} />
          </Card>
          <Card title={t('step.where')}>
            <Where draft={draft} set={set} />
            <RuleFaults faults={ofRules('where')} rules={rules} />
          </Card>
          <Card title={t('step.only_if')}>
            <OnlyIf draft={draft} set={set} fault={dirty ? problems.find((p) => isFilter(p.pointer)) : undefined} />
          </Card>
        </>
      ) : (
        <Card title={t('rules')}>
          <Textarea
            label={t('settings.rules_text')}
            description={t('settings.rules_text.help')}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={6}
            maxRows={24}
            spellCheck={false}
            error={rules ? undefined : t('settings.not_json')}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
        </Card>
      )}
      <Marked field="rules" {...marks} secret>
        {saving('rules', !rules || rules.length === 0 || Boolean(draft?.unfinished) || problems.some((p) => p.pointer.startsWith('/rules')))}
      </Marked>
      {patch.rules && rules && !problems.some((p) => p.pointer.startsWith('/rules')) && <Preview rules={rules} before={seen.webhook.rules} owner={admin ? webhook.owner_id : undefined} short />}
      {patch.rules && seen.webhook.combinations.open_windows > 0 && <Note tone="warn">{t('settings.windows', { n: seen.webhook.combinations.open_windows })}</Note>}
      <Card title={t('options')}>
        <div className="stack">
          <OptionFields
            options={options}
            onChange={setOptions}
            problemOf={problemOf}
            wrap={(field, input) => (
              <Marked field={field} {...marks}>
                {input}
              </Marked>
            )}
          />
          {saving('options', problems.some((p) => atSetting(p.pointer, options) && !['/name', '/url'].includes(p.pointer)))}
        </div>
      </Card>
      {patch.payload_format && <Formats webhook={seen.webhook} to={patch.payload_format} />}
      <div aria-live="polite" className="stack">
        {dirty && listed.length > 0 && (
          <Note tone="bad" title={t('faults')}>
            <Faults faults={listed} rules={rules} />
          </Note>
        )}
        {dirty && warned.length > 0 && (
          <Note tone="warn" title={t('warnings')}>
            <Warnings warnings={warned} rules={rules} />
          </Note>
        )}
      </div>
      {save.error && refused.length === 0 && !isFailure(save.error, 'stale') && <Problem error={save.error} />}
      <div className={dirty ? 'row savebar' : 'row'}>
        <Button type="submit" disabled={!dirty || !rules || rules.length === 0 || Boolean(draft?.unfinished) || (check.fresh && check.faults.length > 0)} loading={save.isPending}>
          {t('save')}
        </Button>
        <span className="dim">{dirty ? t('settings.changed', { n: Object.keys(patch).length }) : t('settings.unchanged')}</span>
      </div>
      {movedTo && movedTo === seen.webhook.url && (
        <Dialog title={t('settings.moved')} onClose={() => setMovedTo('')}>
          <p>{t('settings.moved.text')}</p>
          <TestPanel webhook={seen.webhook} />
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={() => setMovedTo('')}>
              {t('close')}
            </Button>
          </div>
        </Dialog>
      )}
      {theirs && (
        <Stale
          patch={theirs.sent}
          was={seen.webhook}
          theirs={theirs}
          busy={save.isPending}
          onSave={(body) => save.mutate({ tag: theirs.etag, body, given: Object.keys(theirs.sent) as Field[] })}
          onTheirs={() => {
            adopt(theirs.webhook, theirs.etag, (Object.keys(patch) as Field[]).filter((f) => !(f in theirs.sent)));
            setTheirs(null);
          }}
          onClose={() => setTheirs(null)}
        />
      )}
    </form>
  );
}

// Sent is a change for a version; given are settings of it in which others go before.
interface Sent {
  tag: string;
  body: Patch;
  given?: Field[];
}

interface Marks {
  patch: Patch;
  was: WebhookDetail;
  undo: (f: Field) => void;
}

// Marked marks a setting that was changed, says what it was before, and takes that back.
// What may be a secret is not repeated.
function Marked({ field, patch, was, undo, secret, children }: Marks & { field: Field; secret?: boolean; children?: ReactNode }) {
  const { t } = useWords();
  const { label, words } = useSettingWords();
  const on = field in patch;
  if (!on && !children) return null;
  return (
    <div className={on ? 'stack tight marked' : undefined} data-setting={field}>
      {children}
      {on && (
        <div className="row small">
          <span dir="auto">{secret ? t('mark.hidden') : t('mark.changed', { value: words(field, was[field]) })}</span>
          <button type="button" className="link" onClick={() => undo(field)}>
            {t('undo')}
            <span className="hidden"> {label(field)}</span>
          </button>
        </div>
      )}
    </div>
  );
}

// RuleFaults are what is wrong with the rules, where it can be changed.
function RuleFaults({ faults, rules }: { faults: Fault[]; rules: Rule[] | undefined }) {
  if (faults.length === 0) return null;
  return (
    <div role="alert">
      <Note tone="bad">
        <Faults faults={faults} rules={rules} />
      </Note>
    </div>
  );
}

// atSetting says whether a fault is said at its own field.
function atSetting(pointer: string, options: Options): boolean {
  const of = /^\/([^/]+)(?:\/(.*))?$/.exec(pointer);
  const field = of?.[1] as Field | undefined;
  if (!field || field === 'rules') return false;
  if (field === 'headers') return of?.[2] !== undefined && options.headers.some((h) => headerPointer(h.name) === pointer);
  return besideOptions.has(field) || field in options;
}

// asked is what of a change can be checked by itself: kept header values can't be, and
// an address while it is typed need not be.
function asked(patch: Patch, owner: string, admin: boolean): Schemas['CheckForm'] {
  const { headers, url, ...rest } = patch;
  const set = Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => value !== null));
  return { ...rest, ...(url && faultsOf(url).length === 0 && { url }), ...(Object.keys(set).length > 0 && { headers: set }), ...(admin && { owner_id: owner }) };
}

function parsed(text: string): Rule[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Rule[]) : undefined;
  } catch {
    return undefined;
  }
}

interface Edited {
  name: string;
  url: string;
  options: Options;
  rules: Rule[] | undefined;
  untouched: Rule[];
}

// patchOf has the fields that differ from what was seen, and no others.
function patchOf(e: Edited, was: WebhookDetail): Patch {
  const patch: Patch = {};
  if (e.name !== was.name) patch.name = e.name;
  if (e.url.trim() !== was.url) patch.url = e.url.trim();
  if (e.rules && e.rules.length > 0 && !same(e.rules, e.untouched)) patch.rules = e.rules;
  const [now, before] = [asSent(e.options), asSent(optionsOf(was))];
  for (const field of ['payload_format', 'signature', 'timeout_seconds', 'rate_limit_per_second', 'max_in_flight', 'auto_recover'] as const) {
    if (!same(now[field], before[field])) Object.assign(patch, { [field]: now[field] });
  }
  const headers: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(now.headers)) if (value !== '[hidden]') headers[name] = value;
  for (const name of Object.keys(before.headers)) if (!(name in now.headers)) headers[name] = null;
  if (Object.keys(headers).length > 0) patch.headers = headers;
  return patch;
}
