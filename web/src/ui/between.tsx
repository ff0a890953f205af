import { TextInput } from '@mantine/core';
import { useWords } from '../i18n';
import { ago } from '../rules/ago';
import { backwards, chosen, fromLocal, spans, toLocal, type Between } from '../rules/span';
import { Choice } from './list';

// InBetween narrows a list to the last hours or days, or to what is between two times.
export function InBetween({ value, onChange }: { value: Between; onChange: (value: { since: string | undefined; until: string | undefined }) => void }) {
  const { t } = useWords();
  const choice = chosen(value);
  const choose = (to: string | undefined) => onChange({ since: to === 'own' ? `${ago('24h').slice(0, 17)}00.000Z` : to, until: undefined });
  return (
    <>
      <Choice
        label={t('span')}
        value={choice}
        onChange={choose}
        options={[...spans.map((span) => ({ value: span, label: t(`span.${span}`) })), { value: 'own', label: t('span.own') }]}
      />
      {choice === 'own' && (
        <>
          <TextInput className="moment" type="datetime-local" label={t('span.from')} value={toLocal(value.since)} onChange={(e) => onChange({ since: fromLocal(e.currentTarget.value), until: value.until })} />
          <TextInput
            className="moment"
            type="datetime-local"
            label={t('span.to')}
            value={toLocal(value.until)}
            error={backwards(value) ? t('span.backwards') : undefined}
            onChange={(e) => onChange({ since: value.since, until: fromLocal(e.currentTarget.value) })}
          />
        </>
      )}
    </>
  );
}
