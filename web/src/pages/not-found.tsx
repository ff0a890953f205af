import { Link } from '@tanstack/react-router';
import { useWords } from '../i18n';
import { Empty, Page } from '../ui/parts';

export function NotFound() {
  const { t } = useWords();
  return (
    <Page title={t('problem.not_found')}>
      <Empty title={t('problem.not_found')} guide="#not_found">
        <p>{t('problem.not_found.next')}</p>
        <Link to="/webhooks">{t('nav.webhooks')}</Link>
      </Empty>
    </Page>
  );
}
