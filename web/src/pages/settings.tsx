import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useBlocker, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useCheck } from '../api/check';
import { answered, api, type Schemas } from '../api/client';
import { isFailure, useRefresh, type Rule, type WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { draftOf, rulesOf, type Draft } from '../rules/draft';
import { atField, isFilter } from '../rules/findings';
import { faultsOf } from '../rules/receivers';
import { Buttons, Dialog, useSay } from '../ui/dialog';
import { Faults, useFaultText, useTwin, Warnings } from '../ui/findings';
import { useAdmin } from '../ui/names';
import { Card, Note, pretty, Problem } from '../ui/parts';
import { Formats } from './formats';
import { Address } from './wizard/address';
import { OnlyIf } from './wizard/only-if';
import { asSent, moved, OptionFields, type Options } from './wizard/options';
import { Preview } from './wizard/preview';
import { What } from './wizard/what';
import { Where } from './wizard/where';
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
  const [theirs, setTheirs] = useState<{ webhook: WebhookDetail; etag: string } | null>(null);

  const rules = useMemo(() => (draft ? rulesOf(draft) : parsed(text)), [draft, text]);
  const untouched = useMemo(() => {
    const read = draftOf(seen.webhook.rules);
    return read ? rulesOf(read) : seen.webhook.rules;
  }, [seen]);
  const patch = patchOf({ name, url, options, rules, untouched }, seen.webhook);
  const dirty = Object.keys(patch).length > 0;
  useBlocker({ shouldBlockFn: () => dirty && !save.isPending && !window.confirm(t('settings.leave')), enableBeforeUnload: () => dirty });

  const read = () => answered(api.GET('/v1/webhooks/{id}', { params: { path: { id: webhook.id } } }));
  const adopt = (w: WebhookDetail, tag: string) => {
    setSeen({ webhook: w, etag: tag });
    setName(w.name);
    setURL(w.url);
    setOptions(optionsOf(w));
    setDraft(draftOf(w.rules));
    setText(pretty(w.rules));
  };
  const save = useMutation({
    mutationFn: (tag: string) =>
      answered(
        api.PATCH('/v1/webhooks/{id}', {
          params: { path: { id: webhook.id }, header: { 'If-Match': tag } },
          body: patch,
          headers: { 'Content-Type': 'application/merge-patch+json' },
        }),
      ),
    onSuccess: async () => {
      const { data, response } = await read();
      adopt(data, response.headers.get('ETag') ?? '');
      setTheirs(null);
      setMovedTo(patch.url ? data.url : '');
      say(t('saved'));
      void refresh('webhook', webhook.id);
      void refresh('webhooks');
    },
    onError: async (e) => {
      if (!isFailure(e, 'stale')) return;
      const { data, response } = await read();
      setTheirs({ webhook: data, etag: response.headers.get('ETag') ?? '' });
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
  const listed = problems.filter((p) => !atField(p.pointer) && !(draft && isFilter(p.pointer)));
  const warned = check.warnings.filter((w) => w.code !== 'same_url');
  const set = (change: Partial<Draft>) => setDraft((d) => d && { ...d, ...change });

  return (
    <form
      className="page"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate(seen.etag);
      }}
    >
      <Card title={t('step.to')}>
        <div className="stack">
          <TextInput label={t('name')} value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={200} error={problemOf('/name')} required withAsterisk={false} autoComplete="off" />
          <Address url={url} onChange={(to) => (setOptions(moved(options, url, to)), setURL(to))} problem={problemOf('/url')} twin={twin} />
          {patch.url && <Note>{t('settings.moves')}</Note>}
        </div>
      </Card>
      {draft ? (
        <>
          <Card title={t('step.what')}>
            <What draft={draft} set={set} />
          </Card>
          <Card title={t('step.where')}>
            <Where draft={draft} set={set} />
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
      {patch.rules && rules && !problems.some((p) => p.pointer.startsWith('/rules')) && <Preview rules={rules} before={seen.webhook.rules} owner={admin ? webhook.owner_id : undefined} short />}
      {patch.rules && seen.webhook.combinations.open_windows > 0 && <Note tone="warn">{t('settings.windows', { n: seen.webhook.combinations.open_windows })}</Note>}
      <Card title={t('options')}>
        <OptionFields options={options} onChange={setOptions} />
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
          patch={patch}
          was={seen.webhook}
          theirs={theirs.webhook}
          busy={save.isPending}
          onMine={() => save.mutate(theirs.etag)}
          onTheirs={() => {
            adopt(theirs.webhook, theirs.etag);
            setTheirs(null);
          }}
          onClose={() => setTheirs(null)}
        />
      )}
    </form>
  );
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

interface StaleProps {
  patch: Patch;
  was: WebhookDetail;
  theirs: WebhookDetail;
  busy: boolean;
  onMine: () => void;
  onTheirs: () => void;
  onClose: () => void;
}

// Stale is asked when someone else has changed the webhook since it was read.
function Stale({ patch, was, theirs, busy, onMine, onTheirs, onClose }: StaleProps) {
  const { t, has } = useWords();
  const fields = ['name', 'url', 'rules', 'payload_format', 'signature', 'timeout_seconds', 'rate_limit_per_second', 'max_in_flight', 'auto_recover'] as const;
  const differing = fields.filter((f) => f in patch || !same(was[f], theirs[f]));
  const label = (f: string) => {
    const key = `setting.${f}`;
    return has(key) ? t(key) : f;
  };
  const show = (value: unknown) => (value === null || value === undefined ? '–' : typeof value === 'object' ? pretty(value) : String(value));
  return (
    <Dialog title={t('stale.title')} onClose={onClose}>
      <p>{t('stale.text')}</p>
      <div style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('stale.title')}>
        <table className="diff small">
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{t('stale.was')}</th>
              <th scope="col">{t('stale.theirs')}</th>
              <th scope="col">{t('stale.mine')}</th>
            </tr>
          </thead>
          <tbody>
            {differing.map((f) => (
              <tr key={f}>
                <th scope="row">{label(f)}</th>
                <td>{show(was[f])}</td>
                <td>{show(theirs[f])}</td>
                <td>{f in patch ? show(patch[f]) : t('stale.unchanged')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Buttons onCancel={onClose}>
        <Button variant="default" onClick={onTheirs}>
          {t('stale.take_theirs')}
        </Button>
        <Button loading={busy} onClick={onMine}>
          {t('stale.keep_mine')}
        </Button>
      </Buttons>
    </Dialog>
  );
}
