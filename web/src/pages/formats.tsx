import { useQuery } from '@tanstack/react-query';
import { api, ok } from '../api/client';
import type { WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { Card, Code, Loading, Problem } from '../ui/parts';

type Format = WebhookDetail['payload_format'];

// Formats shows the newest event as it is sent now, and as it will be.
export function Formats({ webhook: w, to }: { webhook: WebhookDetail; to: Format }) {
  const { t } = useWords();
  const newest = useQuery({
    queryKey: ['deliveries', 'newest', w.id],
    staleTime: 60_000,
    queryFn: () => ok(api.GET('/v1/deliveries', { params: { query: { webhook_id: w.id, limit: 1 } } })),
  });
  const id = newest.data?.data[0]?.id;
  if (!id) return newest.data ? <p className="dim">{t('formats.none')}</p> : <Loading />;
  return (
    <Card title={t('formats')}>
      <p className="dim small">{t('formats.text')}</p>
      <div className="columns">
        <Body delivery={id} format={w.payload_format} title={t('formats.now')} />
        <Body delivery={id} format={to} title={t('formats.then')} />
      </div>
    </Card>
  );
}

function Body({ delivery, format, title }: { delivery: string; format: Format; title: string }) {
  const { t } = useWords();
  const query = useQuery({
    queryKey: ['delivery', delivery, 'request', format],
    staleTime: 60_000,
    queryFn: () => ok(api.GET('/v1/deliveries/{id}/request', { params: { path: { id: delivery }, query: { payload_format: format } } })),
  });
  const name = `${title}: ${t(`format.${format}`)}`;
  return (
    <div>
      <h3>{name}</h3>
      {query.data ? <Code label={name} text={indented(query.data.body)} /> : query.error ? <Problem error={query.error} /> : <Loading />}
    </div>
  );
}

// indented is a body for people; what is cut off is no JSON any more.
function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
