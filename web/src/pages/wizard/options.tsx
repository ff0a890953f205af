import { Button, Checkbox, NativeSelect, NumberInput, PasswordInput, TextInput } from '@mantine/core';
import { useWords } from '../../i18n';
import { formatOf, receiverOf } from '../../rules/receivers';

const formats = ['standard', 'blue', 'cloudevents', 'slack', 'discord', 'teams'] as const;

export interface Options {
  payload_format: (typeof formats)[number];
  signature: 'hmac-sha256' | 'ed25519';
  timeout_seconds: number | null;
  rate_limit_per_second: number | null;
  max_in_flight: number | null;
  auto_recover: boolean;
  headers: Header[];
}

// Header is a request header; kept ones have a value that only the server knows.
export interface Header {
  name: string;
  value: string;
  kept?: boolean;
}

export const usual: Options = { payload_format: 'standard', signature: 'hmac-sha256', timeout_seconds: null, rate_limit_per_second: null, max_in_flight: null, auto_recover: true, headers: [] };

// moved is the options of a webhook whose address was changed: a chat service
// understands its own form of message alone.
export function moved(o: Options, from: string, to: string): Options {
  const [before, after] = [formatOf(receiverOf(from)), formatOf(receiverOf(to))];
  return before === after ? o : { ...o, payload_format: after ?? 'standard' };
}

const orNone = (v: number | string) => (v === '' || v === undefined ? null : Number(v));

export function OptionFields({ options: o, onChange }: { options: Options; onChange: (o: Options) => void }) {
  const { t } = useWords();
  const set = (change: Partial<Options>) => onChange({ ...o, ...change });
  return (
    <div className="stack">
      <div className="line">
        <NativeSelect
          label={t('format')}
          description={t(`format.${o.payload_format}.text`)}
          value={o.payload_format}
          onChange={(e) => set({ payload_format: e.currentTarget.value as Options['payload_format'] })}
          data={formats.map((value) => ({ value, label: t(`format.${value}`) }))}
        />
        <NativeSelect
          label={t('signature')}
          description={t('signature.text')}
          value={o.signature}
          onChange={(e) => set({ signature: e.currentTarget.value as Options['signature'] })}
          data={[
            { value: 'hmac-sha256', label: t('signature.hmac') },
            { value: 'ed25519', label: t('signature.ed25519') },
          ]}
        />
      </div>
      <div className="line">
        <NumberInput label={t('timeout')} placeholder={t('usual')} value={o.timeout_seconds ?? ''} min={1} max={30} hideControls onChange={(v) => set({ timeout_seconds: orNone(v) })} />
        <NumberInput label={t('rate_limit')} placeholder={t('no_limit')} value={o.rate_limit_per_second ?? ''} min={0.001} hideControls onChange={(v) => set({ rate_limit_per_second: orNone(v) })} />
        <NumberInput label={t('in_flight')} placeholder={t('no_limit')} value={o.max_in_flight ?? ''} min={1} hideControls allowDecimal={false} onChange={(v) => set({ max_in_flight: orNone(v) })} />
      </div>
      <Checkbox label={t('auto_recover')} checked={o.auto_recover} onChange={(e) => set({ auto_recover: e.currentTarget.checked })} />
      <fieldset className="stack tight" style={{ border: 0, padding: 0, margin: 0 }}>
        <legend>{t('headers')}</legend>
        <p className="dim small">{t('headers.text')}</p>
        {o.headers.map((h, i) => (
          <div key={i} className="line">
            <TextInput label={t('name')} value={h.name} disabled={h.kept} autoComplete="off" onChange={(e) => set({ headers: replaced(o.headers, i, { ...h, name: e.currentTarget.value }) })} />
            <PasswordInput
              label={t('value')}
              value={h.value}
              placeholder={h.kept ? t('headers.kept') : ''}
              autoComplete="off"
              visibilityToggleButtonProps={{ 'aria-label': t('reveal'), tabIndex: 0 }}
              onChange={(e) => set({ headers: replaced(o.headers, i, { ...h, value: e.currentTarget.value }) })}
            />
            <Button className="fit" variant="default" onClick={() => set({ headers: o.headers.filter((_, k) => k !== i) })}>
              {t('remove')}
              <span className="hidden"> {h.name}</span>
            </Button>
          </div>
        ))}
        <div>
          <Button variant="default" size="xs" disabled={o.headers.length >= 32} onClick={() => set({ headers: [...o.headers, { name: '', value: '' }] })}>
            {t('headers.add')}
          </Button>
        </div>
      </fieldset>
    </div>
  );
}

const replaced = (all: Header[], i: number, h: Header) => all.map((x, k) => (k === i ? h : x));

// asSent is the options as fields of a webhook.
export function asSent(o: Options) {
  const headers = Object.fromEntries(o.headers.filter((h) => h.name.trim()).map((h) => [h.name.trim(), h.kept && h.value === '' ? '[hidden]' : h.value]));
  return { ...o, headers };
}
