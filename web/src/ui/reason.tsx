import type { ReactNode } from 'react';
import type { Reason } from '../api/hooks';
import { useWords } from '../i18n';
import { Guide } from './parts';

// ReasonWords says why something failed, and what to do about it.
export function ReasonWords({ reason, code, children }: { reason: Reason; code?: number | undefined; children?: ReactNode }) {
  const { t } = useWords();
  const next = t(`reason.${reason}.next`);
  return (
    <div className="stack tight">
      <div>
        <strong>
          {t(`reason.${reason}`)}
          {code ? ` (${code})` : ''}
        </strong>
      </div>
      {next && <div>{next}</div>}
      {children}
      <Guide to={`trouble#${reason}`} />
    </div>
  );
}
