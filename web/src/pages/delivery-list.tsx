import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { api, ok } from '../api/client';
import { ago, useProjects, usePages, useWebhooks, type Status } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';
import { Choice, Listed, Table } from '../ui/list';
import { useNames, useTypes } from '../ui/names';
import { Empty, Left, StatusWord, When } from '../ui/parts';

export interface DeliveryFilter {
  status?: string | undefined;
  type?: string | undefined;
  project?: string | undefined;
  since?: string | undefined;
  webhook?: string | undefined;
}

const statuses: Status[] = ['pending', 'retrying', 'succeeded', 'failed', 'held', 'cancelled'];
export const spans = ['1h', '24h', '7d', '30d'] as const;

const known = <T extends string>(values: readonly T[], value: string | undefined) => values.find((v) => v === value);

// DeliveryList is the deliveries that fit a filter, which stands in the address.
export function DeliveryList({ filter, webhook }: { filter: DeliveryFilter; webhook?: string }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const names = useNames();
  const { types, title } = useTypes();
  const projects = useProjects().data ?? [];
  const webhooks = useWebhooks(every.chart).data?.data ?? [];
  const status = known(statuses, filter.status);
  const since = known(spans, filter.since);
  const to = webhook ?? filter.webhook;
  const pages = usePages(['deliveries', to, status, filter.type, filter.project, since], (cursor) =>
    ok(
      api.GET('/v1/deliveries', {
        params: {
          query: {
            cursor,
            webhook_id: to,
            status: status && [status],
            event_type: filter.type ? [filter.type] : undefined,
            project_id: filter.project,
            since: since && ago(since),
          },
        },
      }),
    ),
  );
  const set = (change: DeliveryFilter) => void navigate({ to: '.', search: (s: object) => ({ ...s, ...change }) as never, replace: true });
  const filtered = Boolean(status || filter.type || filter.project || since || (!webhook && filter.webhook));
  return (
    <>
      <div className="filters">
        <Choice label={t('state')} value={status} onChange={(status) => set({ status })} options={statuses.map((value) => ({ value, label: t(`status.${value}`) }))} />
        <Choice label={t('type')} value={filter.type} onChange={(type) => set({ type })} options={(types.data ?? []).map((x) => ({ value: x.name, label: title(x.name) }))} />
        <Choice label={t('project')} value={filter.project} onChange={(project) => set({ project })} options={projects.map((p) => ({ value: p.id, label: p.name }))} />
        {!webhook && (
          <Choice label={t('webhook')} value={filter.webhook} onChange={(webhook) => set({ webhook })} options={webhooks.map((w) => ({ value: w.id, label: w.name }))} />
        )}
        <Choice label={t('span')} value={since} onChange={(since) => set({ since })} options={spans.map((value) => ({ value, label: t(`span.${value}`) }))} />
      </div>
      <Listed
        pages={pages}
        none={
          <Empty title={!filtered ? t('deliveries.none') : status === 'failed' ? t('deliveries.no_failed') : t('nothing_fits')}>
            {filtered ? (
              <Button variant="default" onClick={() => set({ status: undefined, type: undefined, project: undefined, since: undefined, webhook: undefined })}>
                {t('clear_filters')}
              </Button>
            ) : (
              <p>{t('deliveries.none.text')}</p>
            )}
          </Empty>
        }
      >
        {(rows) => (
          <Table columns={[t('type'), t('state'), ...(webhook ? [] : [t('webhook')]), t('project'), t('attempts'), t('created')]}>
            {rows.map((d) => (
              <tr key={d.id} className={d.superseded ? 'dim' : ''}>
                <td className="main-cell">
                  <Link to="/deliveries/$id" params={{ id: d.id }}>
                    {title(d.event_type)}
                  </Link>
                  {d.superseded && <div className="dim small">{t('delivery.superseded')}</div>}
                </td>
                <td>
                  <StatusWord status={d.status} />
                  {d.reason && d.status === 'failed' && <div className="small">{t(`reason.${d.reason}`)}</div>}
                </td>
                {!webhook && (
                  <td data-label={t('webhook')} dir="auto">
                    {names.webhook(d.webhook_id)}
                  </td>
                )}
                <td data-label={t('project')}>{d.project_id ? names.project(d.project_id) : '–'}</td>
                <td data-label={t('attempts')}>
                  {d.attempt_count}
                  {d.status === 'retrying' && d.next_attempt_at && (
                    <div className="dim small">
                      {t('next_in')} <Left until={d.next_attempt_at} />
                    </div>
                  )}
                </td>
                <td data-label={t('created')} className="dim">
                  <When at={d.created_at} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </>
  );
}
