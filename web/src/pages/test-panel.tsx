import { Button, NativeSelect, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey, type Schemas } from '../api/client';
import { isFailure, useDelivery, type Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { publishable } from '../rules/draft';
import { receiverOf } from '../rules/receivers';
import { useTypes } from '../ui/names';
import { Note, pretty, Problem, Word } from '../ui/parts';
import { ReasonWords } from '../ui/reason';

type States = Pick<Schemas['TestForm'], 'previous' | 'current'>;

// useTest sends a test, and follows its delivery.
function useTest(id: string) {
  const send = useMutation({
    mutationFn: (body: Schemas['TestForm']) => ok(api.POST('/v1/webhooks/{id}/test', { params: { path: { id }, header: { 'Idempotency-Key': onceKey() } }, body })),
  });
  const delivery = useDelivery(send.data?.delivery_id, 1);
  return { send, delivery: delivery.data };
}

function Outcome({ test: { send, delivery }, url }: { test: ReturnType<typeof useTest>; url: string }) {
  const { t } = useWords();
  return (
    <>
      {send.error && (isFailure(send.error, 'conflict') ? <Note tone="warn">{t('test.off')}</Note> : <Problem error={send.error} />)}
      <div aria-live="polite" className="stack tight" data-testid="test-result">
        {send.data && <Result delivery={delivery} url={url} />}
        {send.data && (
          <Link to="/deliveries/$id" params={{ id: send.data.delivery_id }} className="small">
            {t('test.open')}
          </Link>
        )}
      </div>
    </>
  );
}

// EventAsTest sends what an event holds to a webhook, as a test.
export function EventAsTest({ event: e, webhook: w }: { event: States & { type: string }; webhook: Pick<Webhook, 'id' | 'url'> }) {
  const { t } = useWords();
  const test = useTest(w.id);
  return (
    <>
      <div>
        <Button loading={test.send.isPending} onClick={() => test.send.mutate({ type: e.type, previous: e.previous ?? null, current: e.current ?? null })}>
          {t('test.now')}
        </Button>
      </div>
      <Outcome test={test} url={w.url} />
    </>
  );
}

// TestPanel sends a test and shows at once its outcome.
export function TestPanel({ webhook: w }: { webhook: Pick<Webhook, 'id' | 'url' | 'rules'> }) {
  const { t } = useWords();
  const { types, title } = useTypes();
  const choices = publishable(types.data ?? []);
  const [chosen, setChosen] = useState('');
  const asked = w.rules.flatMap((r) => r.events ?? []).find((e) => choices.some((c) => c.name === e));
  const type = chosen || asked || choices[0]?.name || '';
  const example = choices.find((c) => c.name === type)?.example;
  const [text, setText] = useState<string>(); // undefined: the example as it is
  const states = text === undefined ? {} : statesOf(text);
  const test = useTest(w.id);
  return (
    <div className="stack">
      <div className="line">
        <NativeSelect label={t('test.type')} value={type} onChange={(e) => (setChosen(e.currentTarget.value), setText(undefined))} data={choices.map((c) => ({ value: c.name, label: title(c.name) }))} />
        <Button className="fit" loading={test.send.isPending} disabled={!type || !states} onClick={() => test.send.mutate({ type, ...states })}>
          {t('test.now')}
        </Button>
      </div>
      <details>
        <summary>{t('test.edit')}</summary>
        <Textarea
          label={t('test.states')}
          description={t('test.states.text')}
          value={text ?? pretty({ previous: example?.previous ?? null, current: example?.current ?? null })}
          onChange={(e) => setText(e.currentTarget.value)}
          autosize
          minRows={4}
          maxRows={16}
          spellCheck={false}
          error={states ? undefined : t('test.states.wrong')}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      </details>
      <Outcome test={test} url={w.url} />
    </div>
  );
}

// statesOf reads what a person wrote; undefined while it can't be sent.
function statesOf(text: string): States | undefined {
  const state = (x: unknown) => x === null || (typeof x === 'object' && !Array.isArray(x));
  try {
    const { previous = null, current = null, ...more } = JSON.parse(text) as States;
    return state(previous) && state(current) && (previous || current) && Object.keys(more).length === 0 ? { previous, current } : undefined;
  } catch {
    return undefined;
  }
}

function Result({ delivery: d, url }: { delivery: ReturnType<typeof useDelivery>['data']; url: string }) {
  const { t, format } = useWords();
  const last = d?.attempts.at(-1);
  if (!d || !last || last.outcome === 'in_flight') return <Word tone="quiet" icon="clock">{t('test.sending')}</Word>;
  if (d.status === 'succeeded') {
    const receiver = receiverOf(url);
    return (
      <>
        <div>
          <Word tone="good">{t('test.ok', { code: String(last.status_code ?? ''), ms: format.ms(last.duration_ms) })}</Word>
        </div>
        {last.response.body && !last.response.encoding && (
          <div className="small">
            {t('test.answered')} <code dir="auto">{last.response.body.slice(0, 200)}</code>
          </div>
        )}
        {(receiver === 'zapier' || receiver === 'make' || receiver === 'n8n') && <p className="small">{t(`test.means.${receiver}`)}</p>}
      </>
    );
  }
  return (
    <>
      <div>
        <Word tone="bad">{t('test.failed', { n: last.number })}</Word>
      </div>
      {last.reason && <ReasonWords reason={last.reason} code={last.status_code} />}
    </>
  );
}
