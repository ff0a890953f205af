import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ok, onceKey } from '../api/client';
import { now } from '../api/clock';
import { isFailure, useLedger, useRefresh, type Webhook, type WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { draftOf } from '../rules/draft';
import { Buttons, Dialog, useSay } from '../ui/dialog';
import { Left, Note, Problem } from '../ui/parts';
import { ReasonWords } from '../ui/reason';
import { Secret } from '../ui/secret';
import { TestPanel } from './test-panel';
import { useSwitch, type Missed } from './webhook-switch';

type Open = 'test' | 'enable' | 'secret' | 'delete' | null;

// Actions are what can be done with a webhook, in its heading.
export function Actions({ webhook: w, etag }: { webhook: WebhookDetail; etag: string }) {
  const { t } = useWords();
  const [open, setOpen] = useState<Open>(null);
  const { enable, disable } = useSwitch(w.id, () => setOpen(null));
  const close = () => setOpen(null);
  return (
    <>
      <Button variant="default" onClick={() => setOpen('test')}>
        {t('test.send')}
      </Button>
      {w.enabled ? (
        <Button variant="default" loading={disable.isPending} onClick={() => disable.mutate()}>
          {t('disable')}
        </Button>
      ) : (
        <Button
          onClick={() => {
            enable.reset();
            setOpen('enable');
          }}
        >
          {t('enable')}
        </Button>
      )}
      <Button variant="default" onClick={() => setOpen('secret')}>
        {t('secret.new')}
      </Button>
      {draftOf(w.rules) && (
        <Button variant="default" renderRoot={(props) => <Link to="/webhooks/new" search={{ like: w.id }} {...props} />}>
          {t('duplicate')}
        </Button>
      )}
      <Button variant="default" onClick={() => setOpen('delete')}>
        {t('delete')}
      </Button>
      {open === 'test' && <Test webhook={w} onClose={close} />}
      {open === 'enable' && <Enable webhook={w} enable={enable} onClose={close} />}
      {open === 'secret' && <NewSecret webhook={w} onClose={close} />}
      {open === 'delete' && <Delete webhook={w} etag={etag} onClose={close} />}
    </>
  );
}

function Test({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Dialog title={t('test.send')} onClose={onClose}>
      <TestPanel webhook={webhook} />
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}

// RowDialog is what a row of the list asks about its webhook.
export function RowDialog({ webhook: w, open, onClose }: { webhook: Webhook; open: 'test' | 'enable'; onClose: () => void }) {
  const { enable } = useSwitch(w.id, onClose);
  return open === 'test' ? <Test webhook={w} onClose={onClose} /> : <Enable webhook={w} enable={enable} onClose={onClose} />;
}

interface Enabling {
  mutate: (missed: Missed) => void;
  isPending: boolean;
  error: unknown;
}

function Enable({ webhook: w, enable, onClose }: { webhook: Webhook; enable: Enabling; onClose: () => void }) {
  const { t } = useWords();
  const held = useLedger(w.id, '30d').data?.held ?? 0;
  const failed = useLedger(w.id, '24h').data?.failed ?? 0;
  const [drain, setDrain] = useState(true);
  // What failed before health switched it off was meant to arrive; who switched it off by
  // hand may have done so because of it.
  const [again, setAgain] = useState(w.disabled_reason !== 'owner');
  const [key] = useState(onceKey);
  const probe = isFailure(enable.error, 'conflict') ? enable.error.problem?.attempt : undefined;
  return (
    <Dialog title={t('enable')} onClose={onClose}>
      <p>{t('enable.text')}</p>
      {held + failed > 0 && (
        <fieldset className="stack tight ticked">
          <legend>{t('enable.missed')}</legend>
          {held > 0 && <Checkbox checked={drain} onChange={(e) => setDrain(e.currentTarget.checked)} label={t('enable.drain', { n: held })} />}
          {failed > 0 && <Checkbox checked={again} onChange={(e) => setAgain(e.currentTarget.checked)} label={t('enable.again', { n: failed })} />}
          <p className="dim small">{t('enable.left')}</p>
        </fieldset>
      )}
      {probe && (
        <div role="alert">
          <Note tone="bad" title={t('enable.refused')}>
            {probe.reason && <ReasonWords reason={probe.reason} code={probe.status_code} />}
            <p>
              <Link to="/webhooks/$id/settings" params={{ id: w.id }}>
                {t('enable.change_address')}
              </Link>
            </p>
          </Note>
        </div>
      )}
      {!!enable.error && !probe && <Problem error={enable.error} />}
      <Buttons onCancel={onClose}>
        <Button loading={enable.isPending} onClick={() => enable.mutate({ drain, ...(again && failed > 0 && { failed: key }) })}>
          {enable.error ? t('try_again') : t('enable')}
        </Button>
      </Buttons>
    </Dialog>
  );
}

const overlaps = [86400, 3600, 259200, 604800, 0];

function NewSecret({ webhook: w, onClose }: { webhook: WebhookDetail; onClose: () => void }) {
  const { t, format } = useWords();
  const refresh = useRefresh();
  const [overlap, setOverlap] = useState(86400);
  const [word, setWord] = useState('');
  const [key] = useState(onceKey);
  const rotate = useMutation({
    mutationFn: () =>
      ok(api.POST('/v1/webhooks/{id}/rotate-secret', { params: { path: { id: w.id }, header: { 'Idempotency-Key': key } }, body: { overlap_seconds: overlap } })),
    onSuccess: () => void refresh('webhook', w.id),
    gcTime: 0,
  });
  const made = rotate.data;
  const full = isFailure(rotate.error, 'conflict') ? rotate.error.problem?.from : undefined;
  if (made) {
    return (
      <Dialog title={t('secret.made')} onClose={onClose}>
        <Secret secret={made.secret ?? made.public_key ?? ''} name={w.name} />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button onClick={onClose}>{t('secret.stored_close')}</Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('secret.new')} onClose={onClose}>
      <NativeSelect
        label={t('secret.overlap')}
        value={String(overlap)}
        onChange={(e) => setOverlap(Number(e.currentTarget.value))}
        data={overlaps.map((s) => ({ value: String(s), label: s === 0 ? t('secret.overlap.none') : s < 86400 ? t('hours', { n: s / 3600 }) : t('days', { n: s / 86400 }) }))}
      />
      {overlap > 0 ? (
        <p>{t('secret.overlap.text', { until: format.full(now() + overlap * 1000) })}</p>
      ) : (
        <>
          <Note tone="bad">{t('secret.overlap.none.text')}</Note>
          <TextInput label={t('type_word', { word: t('secret.word') })} value={word} onChange={(e) => setWord(e.currentTarget.value)} autoComplete="off" />
        </>
      )}
      {full ? <Full until={full} /> : rotate.error && <Problem error={rotate.error} />}
      <Buttons onCancel={onClose}>
        <Button
          color={overlap === 0 ? 'red.9' : undefined}
          disabled={overlap === 0 && word.trim().toLowerCase() !== t('secret.word').toLowerCase()}
          loading={rotate.isPending}
          onClick={() => rotate.mutate()}
        >
          {t('secret.make')}
        </Button>
      </Buttons>
    </Dialog>
  );
}

// Full says when one of the earlier secrets ends, so that there is room for another.
function Full({ until }: { until: string }) {
  const { t, format } = useWords();
  return (
    <div role="alert">
      <Note tone="warn" title={t('secret.full', { until: format.full(until) })}>
        <p>{t('secret.full.next')}</p>
        <p className="small">
          {t('secret.full.left')} <Left until={until} />
        </p>
      </Note>
    </div>
  );
}

// Delete is meant for the webhook as it was when the question came.
function Delete({ webhook: w, etag, onClose }: { webhook: WebhookDetail; etag: string; onClose: () => void }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const refresh = useRefresh();
  const say = useSay();
  const ledger = useLedger(w.id, '30d').data;
  const [name, setName] = useState('');
  const [seen] = useState(etag);
  const waiting = (ledger?.pending ?? 0) + (ledger?.retrying ?? 0) + (ledger?.held ?? 0);
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE('/v1/webhooks/{id}', { params: { path: { id: w.id }, header: { 'If-Match': seen } } })),
    onSuccess: async () => {
      await navigate({ to: '/webhooks' });
      say(t('delete.done', { name: w.name }));
      void refresh('webhooks');
    },
  });
  return (
    <Dialog title={t('delete.title', { name: w.name })} onClose={onClose}>
      <p>{waiting > 0 ? t('delete.waiting', { n: waiting }) : t('delete.none_waiting')}</p>
      <TextInput label={t('type_word', { word: w.name })} value={name} onChange={(e) => setName(e.currentTarget.value)} autoComplete="off" />
      {remove.error && <Problem error={remove.error} />}
      <Buttons onCancel={onClose}>
        <Button color="red.9" disabled={name.trim() !== w.name.trim()} loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('delete')}
        </Button>
      </Buttons>
    </Dialog>
  );
}
