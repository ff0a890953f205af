import type { Webhook, WebhookDetail } from '../api/hooks';

export type State = 'working' | 'new' | 'failing' | 'catching_up' | 'off_owner' | 'off_failing' | 'off_gave_up' | 'off_gone';
export type Tone = 'good' | 'quiet' | 'warn' | 'bad';

type Facts = Pick<Webhook, 'enabled' | 'status' | 'disabled_reason'> & Partial<Pick<WebhookDetail, 'recovery' | 'draining'>>;

// stateOf says in one word how a webhook is. In lists, which have neither its
// recovery nor its attempts, some words are never said. attempts is how many
// there were lately.
export function stateOf(w: Facts, attempts?: number): State {
  if (!w.enabled) {
    if (w.disabled_reason === 'gone') return 'off_gone';
    if (w.disabled_reason === 'health') return w.recovery?.gave_up_at ? 'off_gave_up' : 'off_failing';
    return 'off_owner';
  }
  if (w.status !== 'HEALTHY') return 'failing';
  if (w.draining) return 'catching_up';
  return attempts === 0 ? 'new' : 'working';
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

// needsYou says that a webhook does not mend itself.
export const needsYou = (w: Facts & { unreachable_rules?: unknown[] }) =>
  (!w.enabled && w.disabled_reason !== 'owner') || (w.unreachable_rules?.length ?? 0) > 0;
