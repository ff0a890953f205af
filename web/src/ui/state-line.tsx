import type { Webhook } from '../api/hooks';
import { useWords } from '../i18n';
import { stateOf } from '../rules/state';
import { Left, When } from './parts';

const most = 1000; // is counted no further
const mostDrained = 10_000; // nor this

// StateLine says more than the one word of stateOf, as far as the numbers of a webhook tell.
export function StateLine({ webhook: w }: { webhook: Webhook }) {
  const { t, format } = useWords();
  const s = w.stats;
  if (!s) return null;
  const held = s.held > 0 && t(s.held < most ? 'numbers.held' : 'numbers.held.most', { n: s.held });
  const reason = s.last_failure && t(`reason.${s.last_failure.reason}`);
  switch (stateOf(w)) {
    case 'working':
      return s.last_delivered_at ? (
        <>
          {t('now.delivered')} <When at={s.last_delivered_at} />
        </>
      ) : null;
    case 'new':
      return t('now.new');
    case 'failing':
      return `${t('now.failing', { n: s.failures_in_row })} ${reason ?? ''} ${t('now.goes_on')}`;
    case 'catching_up':
      if (!s.drain) return null;
      if (s.drain.total >= mostDrained) return t(s.drain.left < mostDrained ? 'now.left' : 'now.left.most', { n: s.drain.left });
      return t('now.drained', { n: s.drain.total - s.drain.left, all: s.drain.total });
    case 'off_owner':
      if (!held) return s.off_since ? t('now.off_since', { time: format.since(s.off_since) }) : null;
      return s.off_since ? t(s.held < most ? 'now.held_since' : 'now.held_since.most', { n: s.held, time: format.since(s.off_since) }) : `${held}.`;
    case 'off_failing':
      return (
        <>
          {s.recovery?.next_probe_at ? (
            <>
              {t('now.checked_in')} <Left until={s.recovery.next_probe_at} /> {t('now.checked_time', { time: t(`nth.${format.nth(s.recovery.probes + 1)}`, { n: s.recovery.probes + 1 }) })}
            </>
          ) : (
            t('now.no_checks')
          )}{' '}
          {held && `${held}.`}
        </>
      );
    case 'off_gave_up':
      return `${t('now.gave_up')} ${held ? `${held}.` : ''}`;
    case 'off_gone':
      return `${t('now.gone')} ${held ? `${held}.` : ''}`;
  }
}
