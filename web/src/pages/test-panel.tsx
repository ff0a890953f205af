import { Button, NativeSelect } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey } from '../api/client';
import { isFailure, useDelivery, type Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { publishable } from '../rules/draft';
import { receiverOf } from '../rules/receivers';
import { useTypes } from '../ui/names';
import { Note, Problem, Word } from '../ui/parts';
import { ReasonWords } from '../ui/reason';

// TestPanel sends a test and shows at once its outcome.
export function TestPanel({ webhook: w }: { webhook: Pick<Webhook, 'id' | 'url' | 'rules'> }) {
  const { t } = useWords();
  const { types, title } = useTypes();
  const choices = publishable(types.data ?? []);
  const [chosen, setChosen] = useState('');
  const asked = w.rules.flatMap((r) => r.events ?? []).find((e) => choices.some((c) => c.name === e));
  const type = chosen || asked || choices[0]?.name || '';
  const send = useMutation({
    mutationFn: () => ok(api.POST('/v1/webhooks/{id}/test', { params: { path: { id: w.id }, header: { 'Idempotency-Key': onceKey() } }, body: { type } })),
  });
  const delivery = useDelivery(send.data?.delivery_id, 1);
  return (
    <div className="stack">
      <div className="line">
        <NativeSelect label={t('test.type')} value={type} onChange={(e) => setChosen(e.currentTarget.value)} data={choices.map((c) => ({ value: c.name, label: title(c.name) }))} />
        <Button className="fit" loading={send.isPending} disabled={!type} onClick={() => send.mutate()}>
          {t('test.now')}
        </Button>
      </div>
      {send.error && (isFailure(send.error, 'conflict') ? <Note tone="warn">{t('test.off')}</Note> : <Problem error={send.error} />)}
      <div aria-live="polite" className="stack tight" data-testid="test-result">
        {send.data && <Result delivery={delivery.data} url={w.url} />}
        {send.data && (
          <Link to="/deliveries/$id" params={{ id: send.data.delivery_id }} className="small">
            {t('test.open')}
          </Link>
        )}
      </div>
    </div>
  );
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
