import { useMutation } from '@tanstack/react-query';
import { api, ok } from '../api/client';
import { useRefresh } from '../api/hooks';
import { useWords } from '../i18n';
import { ago } from '../rules/ago';
import { useSay } from '../ui/dialog';

// Missed is what is done with what did not arrive, once the webhook is on: what was kept
// is delivered, and what failed is sent again, once for this key.
export interface Missed {
  drain: boolean;
  failed?: string | undefined;
}

// useSwitch switches a webhook on, which a check of its receiver may refuse, and off.
export function useSwitch(id: string, onDone?: () => void) {
  const { t } = useWords();
  const refresh = useRefresh();
  const say = useSay();
  const path = { params: { path: { id } } };
  const enable = useMutation({
    mutationFn: async ({ drain, failed }: Missed) => {
      await ok(api.POST('/v1/webhooks/{id}/enable', { ...path, body: { drain } }));
      if (!failed) return true;
      // The webhook is on, also when this fails.
      const again = ok(api.POST('/v1/webhooks/{id}/redeliver', { params: { path: { id }, header: { 'Idempotency-Key': failed } }, body: { since: ago('24h'), statuses: ['failed'] } }));
      return again.then(
        () => true,
        () => false,
      );
    },
    onSuccess: (sent) => {
      onDone?.();
      say(t(sent ? 'enable.done' : 'enable.again.failed'), { bad: !sent });
      void refresh();
    },
  });
  const explain = useMutation({
    mutationFn: (reason: string) => ok(api.POST('/v1/webhooks/{id}/disable', { ...path, body: { reason } })),
    onSuccess: () => {
      say(t('saved'));
      void refresh('webhook', id);
    },
    onError: () => say(t('failed'), { bad: true }),
  });
  // Nothing is lost while a webhook is off, so no question comes before.
  const disable = useMutation({
    mutationFn: () => ok(api.POST('/v1/webhooks/{id}/disable', { ...path, body: {} })),
    onSuccess: () => {
      say(t('disable.done'), {
        action: { label: t('undo'), run: () => enable.mutate({ drain: true }, { onError: () => say(t('failed'), { bad: true }) }) },
        ask: { label: t('disable.reason'), run: (reason) => explain.mutate(reason) },
      });
      void refresh();
    },
    onError: () => say(t('failed'), { bad: true }),
  });
  return { enable, disable };
}
