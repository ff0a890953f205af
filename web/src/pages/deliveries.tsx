import { useSearch } from '@tanstack/react-router';
import { useWords } from '../i18n';
import { Page } from '../ui/parts';
import { DeliveryList } from './delivery-list';

export function Deliveries() {
  const { t } = useWords();
  const search = useSearch({ from: '/shell/deliveries' });
  return (
    <Page title={t('nav.deliveries')}>
      <DeliveryList filter={search} />
    </Page>
  );
}
