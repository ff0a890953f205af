import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useCheck } from '../../api/check';
import { api, ok, onceKey } from '../../api/client';
import { isFailure, useProjects, useRefresh, useUsers, useWebhook, type WebhookDetail } from '../../api/hooks';
import { useWords } from '../../i18n';
import { draftOf, emptyDraft, ready, rulesOf, type Draft } from '../../rules/draft';
import { faultsOf, hostOf } from '../../rules/receivers';
import { atField, firstStep, isFilter, stepOf, type Step } from '../../rules/findings';
import { useKept } from '../../ui/draft-store';
import { Faults, useFaultText, useTwin, Warnings } from '../../ui/findings';
import { RuleWords } from '../../ui/listens';
import { useAdmin } from '../../ui/names';
import { Card, Guide, Loading, Note, Page, Problem } from '../../ui/parts';
import { Address } from './address';
import { KindHelp, kindOf, Kinds } from './kind';
import { OnlyIf } from './only-if';
import { asSent, moved, OptionFields, usual, type Options } from './options';
import { Preview } from './preview';
import { Result } from './result';
import { Try, type Sample } from './try';
import { What } from './what';
import { Where } from './where';

const steps = ['to', 'what', 'where', 'only_if', 'look'] as const satisfies Step[];

// Addresses often are secrets, so they are kept in memory alone, and with them
// that a line has no value yet.
const secrets: (keyof Draft)[] = ['url', 'unfinished'];

export function Wizard() {
  const { like } = useSearch({ from: '/shell/webhooks/new' });
  return like ? <Like key={like} id={like} /> : <Form />;
}

// Like begins with what another webhook listens to; it goes elsewhere.
function Like({ id }: { id: string }) {
  const { t } = useWords();
  const query = useWebhook(id);
  if (query.data) return <Form from={query.data.webhook} />;
  return <Page title={t('webhook.new')}>{query.error ? <Problem error={query.error} retry={() => void query.refetch()} /> : <Loading />}</Page>;
}

// begun is what is kept of a draft under which name, and what it begins with.
function begun(types: string | undefined, from: WebhookDetail | undefined): [string, Draft] {
  if (from) return [`webhooks-new-like-${from.id}`, draftOf(from.rules) ?? emptyDraft];
  if (types) return [`webhooks-new-${types}`, { ...emptyDraft, what: 'some', types: types.split(',') }];
  return ['webhooks-new', emptyDraft];
}

function Form({ from }: { from?: WebhookDetail }) {
  const { t } = useWords();
  const search = useSearch({ from: '/shell/webhooks/new' });
  const kind = kindOf(search.with);
  const navigate = useNavigate({ from: '/webhooks/new' });
  const refresh = useRefresh();
  const admin = useAdmin();
  const users = useUsers(admin).data ?? [];
  const [draft, setDraft, forget] = useKept<Draft>(...begun(search.types, from), secrets);
  const [owner, setOwner] = useState(search.owner ?? from?.owner_id ?? '');
  const [options, setOptions] = useState<Options>(usual);
  const [once, setOnce] = useState(onceKey);
  const [sample, setSample] = useState<{ value: string; event: Sample }>();
  const set = (change: Partial<Draft>) => setDraft((d) => ({ ...d, ...change }));
  const ownerID = admin ? owner || users[0]?.id : undefined;

  const create = useMutation({
    mutationFn: () =>
      ok(
        api.POST('/v1/webhooks', {
          params: { header: { 'Idempotency-Key': once } },
          body: { name: draft.name.trim() || hostOf(draft.url), url: draft.url.trim(), rules: rulesOf(draft), ...asSent(options), ...(ownerID && { owner_id: ownerID }) },
        }),
      ),
    onSuccess: () => {
      forget();
      void refresh('webhooks');
    },
    onError: (e) => {
      setOnce(onceKey()); // what is sent next will be something else
      const step = firstStep(steps, isFailure(e, 'invalid') ? (e.problem?.errors ?? []) : []);
      if (step) go(step);
    },
    gcTime: 0,
  });
  const rules = rulesOf(draft);
  const urlFits = draft.url.trim() !== '' && faultsOf(draft.url).length === 0;
  const check = useCheck({
    ...(ownerID && (urlFits || rules.length > 0) && { owner_id: ownerID }),
    ...(urlFits && { url: draft.url.trim() }),
    ...(draft.name.trim() && { name: draft.name.trim() }),
    ...(rules.length > 0 && { rules, ...(sample && { sample: sample.event }), ...asSent(options) }),
  });
  const faultText = useFaultText();
  const twin = useTwin(check.warnings);
  // What the server said of the last attempt to create holds until something changes.
  const refused = isFailure(create.error, 'invalid') ? (create.error.problem?.errors ?? []) : [];
  const faults = check.faults.length > 0 ? check.faults : refused;
  const problemAt = (pointer: string) => {
    const fault = check.fresh ? faults.find((f) => f.pointer === pointer) : undefined;
    return fault && faultText(fault);
  };
  const fits: Record<Step, boolean> = {
    to: urlFits && (!admin || Boolean(ownerID)),
    what: ready(draft, 'what'),
    where: ready(draft, 'where'),
    only_if: draft.what === 'together' || !draft.unfinished,
    look: true,
  };
  const wanted = Math.min(Math.max(Number(search.step ?? 1) || 1, 1), steps.length) - 1;
  const open = steps.findIndex((s) => !fits[s]);
  const at = open < 0 ? wanted : Math.min(wanted, open);
  const step = steps[at] ?? 'to';
  // After a reload the address has to be typed again: the step it is typed in stays.
  useEffect(() => {
    if (at < wanted) void navigate({ search: (s) => ({ ...s, step: String(at + 1) }), replace: true });
  }, [at, wanted, navigate]);
  function go(to: Step) {
    void navigate({ search: (s) => ({ ...s, step: String(steps.indexOf(to) + 1) }) });
  }

  const filterFault = faults.find((f) => isFilter(f.pointer));
  const faulty = faults.some((f) => f.pointer.startsWith('/rules'));
  const blocked = check.fresh && check.faults.some((f) => step === 'look' || stepOf(f.pointer) === step);
  // At its field a fault is said there; the last step lists all that is left.
  const listed = faults.filter((f) => (step === 'look' || stepOf(f.pointer) === step) && !(step === 'to' && atField(f.pointer)) && !(step === 'only_if' && isFilter(f.pointer)));
  const warned = check.warnings.filter((w) => w.code !== 'same_url' && (step === 'look' || (step === 'where' && w.code === 'reaches_everything') || (step === 'what' && w.code === 'never_seen')));

  if (create.data) return <Result webhook={create.data} />;
  return (
    <Page title={t('webhook.new')}>
      <nav aria-label={t('steps')}>
        <ol className="steps">
          {steps.map((s, i) => (
            <li key={s}>
              <button type="button" disabled={i > (open < 0 ? steps.length : open)} aria-current={i === at ? 'step' : undefined} onClick={() => go(s)}>
                <b aria-hidden="true">{i + 1}</b>
                {t(`step.${s}`)}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <div className="wizard">
        <form
          className="stack"
          onSubmit={(e) => {
            e.preventDefault();
            if (step === 'look') create.mutate();
            else if (fits[step] && !blocked) go(steps[at + 1] ?? 'look');
          }}
        >
          <h2 style={{ margin: 0 }}>{t(`step.${step}.question`)}</h2>
          {step === 'to' && (
            <>
              <Kinds kind={kind} onChoose={(chosen) => void navigate({ search: (s) => ({ ...s, with: chosen }), replace: true })} />
              <section className="card stack">
                {admin && (
                  <>
                    <NativeSelect label={t('owner')} description={t('owner.text')} value={ownerID ?? ''} onChange={(e) => setOwner(e.currentTarget.value)} data={users.map((u) => ({ value: u.id, label: u.name }))} />
                    {users.length === 0 && (
                      <Note tone="warn">
                        <p>{t('owner.none')}</p>
                        <Guide to="host#1-mirror-companies-projects-users-and-members" />
                      </Note>
                    )}
                  </>
                )}
                {kind && (!admin || ownerID) && <KindHelp kind={kind} url={draft.url} owner={ownerID} onTake={(url) => set({ url })} />}
                <Address url={draft.url} onChange={(url) => (setOptions(moved(options, draft.url, url)), set({ url }))} problem={problemAt('/url')} twin={twin} />
                <TextInput
                  label={t('name')}
                  description={t('name.text')}
                  value={draft.name}
                  onChange={(e) => set({ name: e.currentTarget.value })}
                  placeholder={hostOf(draft.url)}
                  maxLength={200}
                  error={problemAt('/name')}
                  autoComplete="off"
                />
              </section>
            </>
          )}
          {step === 'what' && <What draft={draft} set={set} />}
          {step === 'where' && <Where draft={draft} set={set} />}
          {step === 'only_if' && (
            <>
              <OnlyIf draft={draft} set={set} fault={filterFault} />
              {draft.filter && (
                <Try draft={draft} owner={ownerID} sample={sample} onChoose={(value, event) => setSample(event && { value, event })} trial={check.trials.find((x) => x.pointer.endsWith('/filter'))} />
              )}
              {!faulty && <Preview rules={rules} owner={ownerID} short />}
            </>
          )}
          {step === 'look' && (
            <>
              <Card title={t('look.sentences')}>
                <Sentences draft={draft} go={go} />
              </Card>
              {!faulty && <Preview rules={rules} owner={ownerID} />}
              <details className="card">
                <summary>{t('options')}</summary>
                <div style={{ marginTop: '1rem' }}>
                  <OptionFields options={options} onChange={setOptions} />
                </div>
              </details>
              {create.error && refused.length === 0 && <Problem error={create.error} />}
            </>
          )}
          <div aria-live="polite" className="stack">
            {listed.length > 0 && (
              <Note tone="bad" title={t('faults')}>
                <Faults faults={listed} rules={rules} />
              </Note>
            )}
            {warned.length > 0 && (
              <Note tone="warn" title={t('warnings')}>
                <Warnings warnings={warned} rules={rules} />
              </Note>
            )}
          </div>
          <div className="row between">
            <Button variant="default" disabled={at === 0} onClick={() => go(steps[at - 1] ?? 'to')}>
              {t('back')}
            </Button>
            <Button type="submit" disabled={!fits[step] || blocked} loading={create.isPending}>
              {step === 'look' ? t('create') : step === 'only_if' && !draft.filter ? t('next.without') : t('next')}
            </Button>
          </div>
        </form>
        <Card title={t('summary')}>
          <Summary draft={draft} />
        </Card>
      </div>
    </Page>
  );
}

function Sentences({ draft, go }: { draft: Draft; go: (s: Step) => void }) {
  const { t } = useWords();
  const change = (step: Step) => (
    <button type="button" className="link small" onClick={() => go(step)}>
      {t('change')}
      <span className="hidden"> {t(`step.${step}`)}</span>
    </button>
  );
  return (
    <ul className="plainlist">
      <li className="row between">
        <span>{t('look.to', { host: hostOf(draft.url), name: draft.name.trim() || hostOf(draft.url) })}</span>
        {change('to')}
      </li>
      {rulesOf(draft).map((rule, i) => (
        <li key={i} className="row between">
          <div className="grow">
            <RuleWords rule={rule} />
          </div>
          {change('what')}
        </li>
      ))}
    </ul>
  );
}

function Summary({ draft: d }: { draft: Draft }) {
  const { t } = useWords();
  const projects = useProjects().data?.length;
  const rows: [Step, string][] = [
    ['to', hostOf(d.url)],
    ['what', d.what === null ? (d.own.length > 0 ? t('what.own') : '') : d.what === 'some' ? (d.types.length > 0 ? t('listens.types', { n: d.types.length }) : '') : t(`what.${d.what}`)],
    ['where', d.where === null ? '' : d.where === 'everywhere' ? t('where.everywhere') : d.places.length > 0 ? t('listens.places', { n: d.places.length }) : ''],
    ['only_if', d.filter ? t('summary.condition') : ''],
  ];
  return (
    <>
      <dl className="stack tight" style={{ margin: 0 }}>
        {rows.map(([step, text]) => (
          <div key={step}>
            <dt className="dim small">{t(`step.${step}`)}</dt>
            <dd style={{ margin: 0 }} dir="auto">
              {text || '–'}
            </dd>
          </div>
        ))}
      </dl>
      {projects === 0 && (
        <p className="dim small">
          {t('where.none')} <Guide to="concepts#who-sees-what" />
        </p>
      )}
    </>
  );
}
