import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { useAdmin } from '../../ui/names';
import { Empty, Page } from '../../ui/parts';

// Only shows a page to those who run Godwit, and says so to the others.
export function Only({ title, children, actions }: { title: string; children: ReactNode; actions?: ReactNode }) {
  const { t } = useWords();
  const admin = useAdmin();
  if (!admin) {
    return (
      <Page title={title}>
        <Empty title={t('problem.forbidden')} guide="#forbidden">
          <p>{t('problem.forbidden.next')}</p>
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={title} actions={actions}>
      {children}
    </Page>
  );
}
