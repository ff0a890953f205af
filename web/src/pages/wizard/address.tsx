import { TextInput } from '@mantine/core';
import { useWords } from '../../i18n';
import { faultsOf, hintsOf } from '../../rules/receivers';
import { Note } from '../../ui/parts';

// Address is the field for where a webhook goes. It says at once what the address
// tells: which tool receives, and what will not work.
// twin is another webhook that sends there.
export function Address({ url, onChange, problem, twin }: { url: string; onChange: (url: string) => void; problem?: string | undefined; twin?: string | undefined }) {
  const { t } = useWords();
  const faults = url.trim() === '' ? [] : faultsOf(url);
  // While the beginning is typed there is nothing to complain about yet.
  const typing = 'https://'.startsWith(url.trim().toLowerCase()) || !/[./]/.test(url.replace(/^https?:\/\//i, ''));
  const hints = faults.length > 0 ? [] : hintsOf(url);
  const error = problem ?? (faults[0] && !typing ? t(`address.fault.${faults[0]}`) : undefined);
  return (
    <div className="stack tight">
      <TextInput
        label={t('address')}
        description={t('address.text')}
        value={url}
        onChange={(e) => onChange(e.currentTarget.value)}
        type="url"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        placeholder="https://"
        maxLength={2048}
        error={error}
        required
        withAsterisk={false}
      />
      <div aria-live="polite" className="stack tight">
        {hints.map((hint) => (
          <Note key={hint} tone={hint === 'n8n_test' ? 'warn' : 'quiet'}>
            {hint === 'play' ? t('play.hint') : t(`address.hint.${hint}`)}
          </Note>
        ))}
        {twin && <Note tone="warn">{t('address.twin', { name: twin })}</Note>}
      </div>
    </div>
  );
}
