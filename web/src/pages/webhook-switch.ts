import { useMutation } from '@tanstack/react-query';
import { api, ok } from '../api/client';
import { useRefresh } from '../api/hooks';
import { useWords } from '../i18n';
import { useSay } from '../ui/dialog';

// useSwitch switches a webhook on, which a check of its receiver may refuse, and off.
export function useSwitch(id: string, onDone?: () => void) {
  const { t } = useWords();
  const refresh = useRefresh();
  const say = useSay();
  const path = { params: { path: { id } } };
  const enable = useMutation({
    mutationFn: (drain: boolean) => ok(api.POST('/v1/webhooks/{id}/enable', { ...path, body: { drain } })),
    onSuccess: () => {
      onDone?.();
      say(t('enable.done'));
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
        action: { label: t('undo'), run: () => enable.mutate(true, { onError: () => say(t('failed'), { bad: true }) }) },
        ask: { label: t('disable.reason'), run: (reason) => explain.mutate(reason) },
      });
      void refresh();
    },
    onError: () => say(t('failed'), { bad: true }),
  });
  return { enable, disable };
}
