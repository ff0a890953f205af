import { useWords } from '../../i18n';
import { rulesOf, type Draft } from '../../rules/draft';
import { limitsOf } from '../../rules/limits';
import { Note } from '../../ui/parts';

// Limits says how much of what one webhook may have a draft has, before that is all; with
// conditions of these alone.
export function Limits({ draft: d, conditions = false }: { draft: Draft; conditions?: boolean }) {
  const { t } = useWords();
  const limits = limitsOf(rulesOf(d), d.grid !== null && !conditions).filter(({ of }) => !conditions || of === 'condition' || of === 'filters');
  const near = limits.some(({ n, max }) => n >= 0.8 * max);
  const over = limits.some(({ n, max }) => n > max);
  return (
    <div role="status">
      {limits.length > 0 && !near && <p className="dim small">{limits.map(({ of, n, max }) => t(`limit.${of}`, { n, max }))}</p>}
      {near && (
        <Note tone={over ? 'bad' : 'warn'}>
          {limits.map(({ of, n, max }) => (
            <p key={of}>{t(`limit.${of}`, { n, max })}</p>
          ))}
          {over && <p>{t('limit.over')}</p>}
        </Note>
      )}
    </div>
  );
}
