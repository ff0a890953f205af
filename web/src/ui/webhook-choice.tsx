import { TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useSettled } from '../api/check';
import { api, ok } from '../api/client';
import { useNamedWebhooks, useWebhooks, type Webhook } from '../api/hooks';
import { every } from '../api/live';
import { useWords } from '../i18n';

// useWebhookChoice gives the webhooks that one can be chosen from, the chosen one among
// them. Where there are more than one request reads, search is a field to look for others
// on the server.
export function useWebhookChoice(chosen?: string): { webhooks: Webhook[]; search: ReactNode } {
  const { t } = useWords();
  const [typed, setTyped] = useState('');
  const sought = useSettled(typed.trim(), 300);
  const first = useWebhooks(every.chart).data;
  const many = Boolean(first?.next_cursor);
  const found = useQuery({
    queryKey: ['webhooks', 'like', sought],
    enabled: many && sought !== '',
    queryFn: () => ok(api.GET('/v1/webhooks', { params: { query: { limit: 200, q: sought, sort: 'name' } } })),
    placeholderData: keepPreviousData,
  }).data;
  const named = useNamedWebhooks(chosen ? [chosen] : []);
  const rows = (many && sought !== '' ? found?.data : first?.data) ?? [];
  const one = rows.some((w) => w.id === chosen) ? undefined : [...named, ...(first?.data ?? [])].find((w) => w.id === chosen);
  const webhooks = one ? [one, ...rows] : rows;
  const search = many && <TextInput label={t('webhooks.search')} type="search" value={typed} maxLength={200} autoComplete="off" onChange={(e) => setTyped(e.currentTarget.value)} />;
  return { webhooks, search };
}
