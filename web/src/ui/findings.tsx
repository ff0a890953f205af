import { useWords } from '../i18n';
import { ruleNumber, valuesOf, warningKey, type Fault, type Warning } from '../rules/findings';
import type { Rule } from '../api/hooks';
import { useNames, useTypes } from './names';

// useFaultText says what is wrong with a value, in the reader's language.
export function useFaultText() {
  const { t, has } = useWords();
  return (f: Fault): string => {
    const key = `fault.${f.code}`;
    if (!has(key) || f.code === 'other') return f.detail;
    const { line, column } = f.params;
    const at = typeof line === 'number' && typeof column === 'number' ? `${t('fault.at', { line, column })} ` : '';
    return at + t(key, valuesOf(f.params));
  };
}

// Faults lists what is wrong, each with its rule where there are several; what the
// API says itself is folded, in English.
export function Faults({ faults, rules }: { faults: Fault[]; rules?: Rule[] | undefined }) {
  const { t } = useWords();
  const text = useFaultText();
  return (
    <ul className="plainlist">
      {faults.map((f) => {
        const n = ruleNumber(f.pointer, rules);
        return (
          <li key={f.pointer + f.code + f.detail}>
            {n !== undefined && <strong>{t('rule.number', { n })} </strong>}
            <span>{text(f)}</span>
            {f.code.startsWith('filter') && (
              <details className="small">
                <summary>{t('fault.details')}</summary>
                <p lang="en">{f.detail}</p>
              </details>
            )}
          </li>
        );
      })}
    </ul>
  );
}

// useTwin is the name of another webhook that sends to the same address.
export function useTwin(warnings: Warning[]): string | undefined {
  const id = warnings.find((w) => w.code === 'same_url')?.params['webhook_id'];
  const twin = typeof id === 'string' ? id : undefined;
  const names = useNames(twin ? [twin] : undefined);
  return twin && names.webhook(twin);
}

// Warnings lists what can be taken, but may not be meant.
export function Warnings({ warnings, rules }: { warnings: Warning[]; rules?: Rule[] | undefined }) {
  const { t } = useWords();
  const { title } = useTypes();
  const twin = useTwin(warnings);
  const known = warnings.flatMap((w) => {
    const key = warningKey(w);
    return key ? [{ ...w, key }] : [];
  });
  return (
    <ul className="plainlist">
      {known.map(({ key, pointer, params }) => {
        const n = ruleNumber(pointer, rules);
        const values = valuesOf(params);
        return (
          <li key={pointer + key}>
            {n !== undefined && <strong>{t('rule.number', { n })} </strong>}
            {t(key, {
              ...values,
              title: title(String(values['event_type'] ?? '')),
              name: twin ?? '',
            })}
          </li>
        );
      })}
    </ul>
  );
}
