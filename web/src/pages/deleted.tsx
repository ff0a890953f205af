import { Link } from '@tanstack/react-router';
import type { Schemas } from '../api/client';
import { useWords } from '../i18n';
import type { DeliveryFilter } from '../rules/filter';
import { Card, Copy, Facts, Page, When, Word } from '../ui/parts';
import { useWho } from '../ui/who';
import { DeliveryList } from './delivery-list';

export type DeletedWebhook = NonNullable<Schemas['Problem']['deleted']>;

// Deleted is the page of a webhook that was deleted: what it was, who deleted it and
// when, and its deliveries, which are kept as long as their events.
export function Deleted({ id, was, filter }: { id: string; was: DeletedWebhook; filter: DeliveryFilter }) {
  const { t } = useWords();
  const who = useWho();
  return (
    <Page
      title={was.name}
      lead={
        <div className="row">
          <Word tone="quiet">{was.actor ? t('deleted.by', { who: who(was.actor) }) : t('deleted')}</Word>
          <span className="dim">
            <When at={was.at} />
          </span>
        </div>
      }
    >
      <Card>
        <p>
          {t('deleted.text')} {t('deleted.kept')}
        </p>
        <Facts
          rows={[
            [
              t('id'),
              <span key="id" className="row">
                <code>{id}</code>
                <Copy value={id} />
              </span>,
            ],
          ]}
        />
        <p style={{ marginTop: '0.75rem' }}>
          <Link to="/webhooks">{t('nav.webhooks')}</Link>
        </p>
      </Card>
      <h2>{t('nav.deliveries')}</h2>
      <DeliveryList filter={filter} webhook={id} over />
    </Page>
  );
}
