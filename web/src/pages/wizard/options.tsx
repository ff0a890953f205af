import { Button, Checkbox, NativeSelect, NumberInput, PasswordInput, TextInput } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
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

// headerPointer is where a request has the value of a header (RFC 6901).
export const headerPointer = (name: string) => `/headers/${name.trim().replaceAll('~', '~0').replaceAll('/', '~1')}`;

export const usual: Options = { payload_format: 'standard', signature: 'hmac-sha256', timeout_seconds: null, rate_limit_per_second: null, max_in_flight: null, auto_recover: true, headers: [] };

// moved is the options of a webhook whose address was changed: a chat service
// understands its own form of message alone.
export function moved(o: Options, from: string, to: string): Options {
  const [before, after] = [formatOf(receiverOf(from)), formatOf(receiverOf(to))];
  return before === after ? o : { ...o, payload_format: after ?? 'standard' };
}

const orNone = (v: number | string) => (v === '' || v === undefined ? null : Number(v));

interface Fields {
  options: Options;
  onChange: (o: Options) => void;
  // problemOf says what is wrong with the value at a pointer, and wrap marks a field.
  problemOf?: (pointer: string) => string | undefined;
  wrap?: (field: keyof Options, input: ReactNode) => ReactNode;
}

const numbers = [
  { field: 'timeout_seconds', label: 'timeout', placeholder: 'usual', min: 1, max: 30, whole: false },
  { field: 'rate_limit_per_second', label: 'rate_limit', placeholder: 'no_limit', min: 0.001, max: undefined, whole: false },
  { field: 'max_in_flight', label: 'in_flight', placeholder: 'no_limit', min: 1, max: undefined, whole: true },
] as const;

export function OptionFields({ options: o, onChange, problemOf = () => undefined, wrap = (_, input) => input }: Fields) {
  const { t } = useWords();
  const set = (change: Partial<Options>) => onChange({ ...o, ...change });
  return (
    <div className="stack">
      <div className="line">
        {wrap(
          'payload_format',
          <NativeSelect
            label={t('format')}
            description={t(`format.${o.payload_format}.text`)}
            value={o.payload_format}
            error={problemOf('/payload_format')}
            onChange={(e) => set({ payload_format: e.currentTarget.value as Options['payload_format'] })}
            data={formats.map((value) => ({ value, label: t(`format.${value}`) }))}
          />,
        )}
        {wrap(
          'signature',
          <NativeSelect
            label={t('signature')}
            description={t('signature.text')}
            value={o.signature}
            error={problemOf('/signature')}
            onChange={(e) => set({ signature: e.currentTarget.value as Options['signature'] })}
            data={[
              { value: 'hmac-sha256', label: t('signature.hmac') },
              { value: 'ed25519', label: t('signature.ed25519') },
            ]}
          />,
        )}
      </div>
      <div className="line">
        {numbers.map(({ field, label, placeholder, min, max, whole }) => (
          <Fragment key={field}>
            {wrap(
              field,
              <NumberInput
                label={t(label)}
                placeholder={t(placeholder)}
                value={o[field] ?? ''}
                min={min}
                {...(max !== undefined && { max })}
                allowDecimal={!whole}
                hideControls
                error={problemOf(`/${field}`)}
                onChange={(v) => set({ [field]: orNone(v) })}
              />,
            )}
          </Fragment>
        ))}
      </div>
      {wrap('auto_recover', <Checkbox label={t('auto_recover')} checked={o.auto_recover} onChange={(e) => set({ auto_recover: e.currentTarget.checked })} />)}
      {wrap(
        'headers',
        <fieldset className="stack tight" style={{ border: 0, padding: 0, margin: 0 }}>
          <legend>{t('headers')}</legend>
          <p className="dim small">{t('headers.text')}</p>
          {o.headers.map((h, i) => (
            <div key={i} className="line">
              <TextInput label={t('name')} value={h.name} disabled={h.kept} autoComplete="off" error={h.name.trim() ? problemOf(headerPointer(h.name)) : undefined} onChange={(e) => set({ headers: replaced(o.headers, i, { ...h, name: e.currentTarget.value }) })} />
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
        </fieldset>,
      )}
    </div>
  );
}

const replaced = (all: Header[], i: number, h: Header) => all.map((x, k) => (k === i ? h : x));

// asSent is the options as fields of a webhook.
export function asSent(o: Options) {
  const headers = Object.fromEntries(o.headers.filter((h) => h.name.trim()).map((h) => [h.name.trim(), h.kept && h.value === '' ? '[hidden]' : h.value]));
  return { ...o, headers };
}
