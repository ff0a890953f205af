import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { api, ok, type Schemas } from '../api/client';
import { useWords } from '../i18n';
import { base64, headerOf, readHeaders, splitRequest } from '../rules/saved-request';
import { useNames } from '../ui/names';
import { Card, Guide, Note, Page, Problem, Word } from '../ui/parts';
import { useWebhookChoice } from '../ui/webhook-choice';

type Verified = Schemas['Verified'];
type Verify = Schemas['VerifyForm'];

// maxBody is what the API takes of a body.
const maxBody = 512 << 10;

interface FromFile {
  name: string;
  bytes: Uint8Array;
}

// VerifyPage finds out why the signature of a request does not fit. Nothing of it is
// kept, in no storage of the browser either.
export function VerifyPage() {
  const { t, format } = useWords();
  const search = useSearch({ from: '/shell/verify' });
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [body, setBody] = useState('');
  const [file, setFile] = useState<FromFile | null>(null);
  const [secret, setSecret] = useState('');
  const [arrived, setArrived] = useState('');
  const [tooLarge, setTooLarge] = useState(false);
  const read = readHeaders(text);
  const named = headerOf(read.headers, 'godwit-webhook');
  const { webhooks, search: searchField } = useWebhookChoice(search.webhook ?? named);
  const chosen = search.webhook ?? (webhooks.some((w) => w.id === named) ? named : webhooks.length === 1 ? webhooks[0]?.id : undefined);
  const check = useMutation({ mutationFn: ({ id, form }: { id: string; form: Verify }) => ok(api.POST('/v1/webhooks/{id}/verify', { params: { path: { id } }, body: form })), gcTime: 0 });
  const changed = () => {
    check.reset();
    setTooLarge(false);
  };

  const setHeaders = (value: string) => {
    changed();
    const whole = body === '' && !file ? splitRequest(new TextEncoder().encode(value)) : undefined;
    setText(whole ? whole.headers : value);
    if (whole) setBody(new TextDecoder().decode(whole.body));
  };
  const take = async (from: File | undefined) => {
    if (!from) return;
    changed();
    setTooLarge(from.size > maxBody + (64 << 10));
    if (from.size > maxBody + (64 << 10)) return;
    const bytes = new Uint8Array(await from.arrayBuffer());
    const whole = text.trim() === '' ? splitRequest(bytes) : undefined;
    if (whole) setText(whole.headers);
    setFile({ name: from.name, bytes: whole?.body ?? bytes });
  };
  const send = () => {
    if (!chosen) return;
    const bytes = file?.bytes ?? new TextEncoder().encode(body);
    setTooLarge(bytes.length > maxBody);
    if (bytes.length > maxBody) return;
    const at = arrived && new Date(arrived);
    check.mutate({
      id: chosen,
      form: { headers: read.headers, body_base64: base64(bytes), ...(secret.trim() && { secret: secret.trim() }), ...(at && !Number.isNaN(at.getTime()) && { at: at.toISOString() }) },
    });
  };
  return (
    <Page title={t('verify')} lead={<p className="dim">{t('verify.text')}</p>}>
      <form
        className="page"
        onSubmit={(e) => {
          e.preventDefault();
          send();
        }}
      >
        <Card>
          <div className="stack">
            {searchField}
            <NativeSelect
              label={t('webhook')}
              value={chosen ?? ''}
              onChange={(e) => {
                changed();
                void navigate({ to: '/verify', search: { webhook: e.currentTarget.value || undefined }, replace: true });
              }}
              data={[...(chosen ? [] : [{ value: '', label: t('verify.choose') }]), ...options(webhooks, chosen)]}
              style={{ maxWidth: '28rem' }}
            />
            <Textarea
              label={t('verify.headers')}
              description={t('verify.headers.help')}
              value={text}
              onChange={(e) => setHeaders(e.currentTarget.value)}
              error={read.bad.length > 0 ? t('verify.headers.bad', { line: format.number(read.bad[0] ?? 0) }) : undefined}
              rows={7}
              resize="vertical"
              spellCheck={false}
              autoComplete="off"
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            />
            {file ? (
              <div className="row">
                <span dir="auto">{t('verify.file', { name: file.name, n: file.bytes.length })}</span>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => {
                    changed();
                    setFile(null);
                  }}
                >
                  {t('verify.file.remove')}
                </Button>
              </div>
            ) : (
              <Textarea
                label={t('verify.body')}
                description={t('verify.body.help')}
                value={body}
                onChange={(e) => {
                  changed();
                  setBody(e.currentTarget.value);
                }}
                rows={6}
                resize="vertical"
                spellCheck={false}
                autoComplete="off"
                styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
              />
            )}
            <Chooser onChoose={(f) => void take(f)} error={tooLarge ? t('verify.large') : undefined} />
            <TextInput
              label={t('verify.secret')}
              description={t('verify.secret.help')}
              value={secret}
              onChange={(e) => {
                changed();
                setSecret(e.currentTarget.value);
              }}
              type="password"
              autoComplete="off"
              maxLength={1000}
            />
            <TextInput
              className="moment"
              label={t('verify.arrived')}
              description={t('verify.arrived.help')}
              value={arrived}
              onChange={(e) => {
                changed();
                setArrived(e.currentTarget.value);
              }}
              type="datetime-local"
              step={1}
            />
            <div>
              <Button type="submit" disabled={!chosen || text.trim() === '' || read.bad.length > 0} loading={check.isPending}>
                {t('verify.check')}
              </Button>
            </div>
          </div>
        </Card>
      </form>
      <div aria-live="polite" className="page">
        {check.error && <Problem error={check.error} />}
        {check.data && chosen && <Result found={check.data} headers={read.headers} pasted={!file} secret={secret !== ''} />}
      </div>
      <p>
        <Guide to="verify#when-it-does-not-fit" />
      </p>
    </Page>
  );
}

// options has the chosen webhook even where the list is too long to have it.
function options(webhooks: { id: string; name: string }[], chosen: string | undefined) {
  const listed = webhooks.map((w) => ({ value: w.id, label: w.name }));
  return chosen && !webhooks.some((w) => w.id === chosen) ? [{ value: chosen, label: chosen }, ...listed] : listed;
}

// Chooser is a button: the browser's own field has words in the browser's language.
function Chooser({ onChoose, error }: { onChoose: (file: File | undefined) => void; error: string | undefined }) {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="stack tight">
      <div>
        <Button size="xs" variant="default" onClick={() => input.current?.click()}>
          {t('verify.choose_file')}
        </Button>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(e) => {
          onChoose(e.currentTarget.files?.[0]);
          e.currentTarget.value = '';
        }}
      />
      {error && (
        <div role="alert">
          <Note tone="bad">{error}</Note>
        </div>
      )}
    </div>
  );
}

const tones = { right: 'good', wrong: 'bad', open: 'quiet' } as const;

// Result says which part is wrong, and what to do about it.
function Result({ found, headers, pasted, secret }: { found: Verified; headers: Record<string, string>; pasted: boolean; secret: boolean }) {
  const { t, format } = useWords();
  const fits = found.code === 'ok';
  const delivery = headerOf(headers, 'godwit-delivery');
  const other = headerOf(headers, 'godwit-webhook');
  const names = useNames(other ? [other] : undefined);
  return (
    <Card title={t('verify.result')}>
      <div className="stack">
        <div>
          <Word tone={fits ? 'good' : 'bad'} wraps>
            {t(`play.check.${found.code}`)}
          </Word>
        </div>
        <ol className="plainlist" aria-label={t('verify.steps')}>
          {found.steps.map((s) => (
            <li key={s.part} className="row which">
              <Word tone={tones[s.result]}>{t(`verify.${s.result}`)}</Word>
              <span>{t(`verify.part.${s.part}`)}</span>
            </li>
          ))}
        </ol>
        <Note tone={fits ? 'good' : 'warn'} title={t(fits ? 'verify.means' : 'what_to_do')}>
          {found.spelling && <p>{t(`verify.spelling.${found.spelling}`)}</p>}
          <p>{fits ? t(secret ? 'verify.ok.secret' : 'verify.ok') : t(`play.check.${found.code}.next`)}</p>
          {found.code === 'body_changed' && pasted && <p>{t('verify.pasted')}</p>}
          {found.code === 'timestamp_old' && found.age_seconds !== null && <p>{t('verify.age', { age: format.wait(found.age_seconds) })}</p>}
          {found.signed_by === 'old' && <p>{t('verify.old', { until: found.old_ends_at ? format.full(found.old_ends_at) : '–' })}</p>}
          {found.secret_is === 'old' && <p>{t('verify.has_old')}</p>}
        </Note>
        <div className="row">
          {found.code === 'other_webhook' && other && (
            <Link to="/verify" search={{ webhook: other }}>
              {t('verify.other', { name: names.webhook(other) })}
            </Link>
          )}
          {delivery && (
            <Link to="/deliveries/$id" params={{ id: delivery }}>
              {t('verify.sent')}
            </Link>
          )}
        </div>
      </div>
    </Card>
  );
}
