import { useWords } from '../../i18n';
import { rulesOf, type Draft } from '../../rules/draft';
import { limitsOf } from '../../rules/limits';
import { Note } from '../../ui/parts';

// Limits says how much of what one webhook may have a draft has, before that is all.
export function Limits({ draft: d }: { draft: Draft }) {
  const { t } = useWords();
  const limits = limitsOf(rulesOf(d), d.grid !== null);
  const over = limits.some(({ n, max }) => n > max);
  return (
    <div role="status">
      {limits.length > 0 && (
        <Note tone={over ? 'bad' : limits.some(({ n, max }) => n >= 0.8 * max) ? 'warn' : 'quiet'}>
          {limits.map(({ of, n, max }) => (
            <p key={of}>{t(`limit.${of}`, { n, max })}</p>
          ))}
          {over && <p>{t('limit.over')}</p>}
        </Note>
      )}
    </div>
  );
}
