import type { Webhook, WebhookDetail } from '../api/hooks';

export type State = 'working' | 'new' | 'failing' | 'catching_up' | 'off_owner' | 'off_failing' | 'off_gave_up' | 'off_gone';
export type Tone = 'good' | 'quiet' | 'warn' | 'bad';

type Stats = NonNullable<Webhook['stats']>;

type Facts = Pick<Webhook, 'enabled' | 'status' | 'disabled_reason'> & {
  stats?: Pick<Stats, 'attempts' | 'last_attempt_at' | 'recovery' | 'draining' | 'drain' | 'unreachable_rules'>;
} & Partial<Pick<WebhookDetail, 'recovery' | 'draining'>>;

// stateOf says in one word how a webhook is. Without its numbers it is never new.
export function stateOf(w: Facts): State {
  const recovery = w.stats ? w.stats.recovery : w.recovery;
  if (!w.enabled) {
    if (w.disabled_reason === 'gone') return 'off_gone';
    if (w.disabled_reason === 'health') return recovery?.gave_up_at ? 'off_gave_up' : 'off_failing';
    return 'off_owner';
  }
  if (w.status !== 'HEALTHY') return 'failing';
  // A drain goes on for a moment after its last one, for what came as it began.
  if ((w.stats?.draining ?? w.draining) && w.stats?.drain?.left !== 0) return 'catching_up';
  return w.stats?.last_attempt_at === null && w.stats.attempts === 0 ? 'new' : 'working';
}

export const toneOf: Record<State, Tone> = {
  working: 'good',
  new: 'quiet',
  catching_up: 'good',
  failing: 'warn',
  off_owner: 'quiet',
  off_failing: 'bad',
  off_gave_up: 'bad',
  off_gone: 'bad',
};

// ails says that a webhook fails, or was switched off by what it was answered. The
// server puts the same ones first with sort=needs_attention.
export const ails = (w: Facts) => (w.enabled ? w.status !== 'HEALTHY' : w.disabled_reason !== 'owner');

// needsYou says that a webhook does not mend itself. The server finds the same ones with
// stuck=true.
export const needsYou = (w: Facts) => (!w.enabled && w.disabled_reason !== 'owner') || (w.stats?.unreachable_rules.length ?? 0) > 0;
