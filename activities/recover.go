package activities

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// RecoverInput names the recovery of a webhook that health has deactivated.
type RecoverInput struct {
	WebhookID string
	// Outage is the recovery's number: how often health has deactivated the webhook.
	Outage int
	// AttemptTimeout bounds a probe; a webhook's shorter timeout goes first.
	AttemptTimeout time.Duration
}

// RecoverResult says where a recovery stands.
type RecoverResult struct {
	// Outcome is one of the constants below; empty = it goes on.
	Outcome string `json:",omitempty"`
	// Reason is why the probe failed; empty when it passed or none was sent.
	Reason hook.Reason `json:",omitempty"`
	// Wait is the time until the next probe, where it goes on.
	Wait time.Duration `json:",omitempty"`
}

// The outcomes of a recovery.
const (
	// Recovered: a probe passed, and the webhook is switched on again.
	Recovered = "recovered"
	// GaveUp: its time is over.
	GaveUp = "gave_up"
	// Gone: the receiver has answered 410 and does not want to be probed again.
	Gone = "gone"
	// Ended: there is nothing to recover any more, by someone else's doing.
	Ended = "ended"
)

// Recover does what is next for a recovery: plans its first probe, probes, or
// finds that it is not time yet or that nothing is left to do. The database
// alone says which, so running it twice or late probes no more than it should.
func (a *Activities) Recover(ctx context.Context, in RecoverInput) (RecoverResult, error) {
	r, err := a.Health.Recovery(ctx, in.WebhookID, a.Recovery)
	if hook.CodeOf(err) == hook.CodeNotFound {
		return RecoverResult{Outcome: Ended}, nil
	}
	if err != nil {
		return RecoverResult{}, err
	}
	if !r.Running || r.Outage != in.Outage || r.Wait() > 0 {
		return in.stands(r), nil
	}
	w, err := a.Health.Webhook(ctx, in.WebhookID)
	if hook.CodeOf(err) == hook.CodeNotFound {
		return RecoverResult{Outcome: Ended}, nil
	}
	if err != nil {
		return RecoverResult{}, err
	}
	result, err := a.probe(ctx, w, in.AttemptTimeout)
	if err != nil {
		return RecoverResult{}, err
	}
	return a.follow(ctx, in, r, result)
}

// stands reports a recovery that has nothing to be done now.
func (in RecoverInput) stands(r hook.Recovery) RecoverResult {
	switch {
	case r.Outage != in.Outage:
		return RecoverResult{Outcome: Ended}
	case r.Running:
		return RecoverResult{Wait: max(r.Wait(), 0)}
	case !r.GaveUpAt.IsZero():
		return RecoverResult{Outcome: GaveUp}
	}
	return RecoverResult{Outcome: Ended}
}

// follow writes the probe of recovery r down and says what follows.
func (a *Activities) follow(ctx context.Context, in RecoverInput, r hook.Recovery, probe hook.Result) (RecoverResult, error) {
	what := r.ProbeOf(probe)
	after, took, err := a.Health.Probed(ctx, in.WebhookID, hook.RecoveryProbe{Seen: r, What: what, Reason: probe.Reason, Plan: a.Recovery})
	if hook.CodeOf(err) == hook.CodeNotFound {
		return RecoverResult{Outcome: Ended}, nil
	}
	if err != nil {
		return RecoverResult{}, err
	}
	out := in.stands(after)
	out.Reason = probe.Reason
	switch {
	case took && what == hook.Recovered:
		out.Outcome = Recovered
	case took && what == hook.ReceiverGone:
		out.Outcome = Gone
	}
	a.Log.Info("webhook.probed", zap.String("webhook_id", in.WebhookID), zap.Int("outage", in.Outage), zap.Int("probe", r.Probes+1),
		zap.String("probe_outcome", string(probe.Outcome)), zap.String("reason", string(probe.Reason)), zap.String("outcome", out.Outcome), zap.Duration("wait", out.Wait))
	if out.Outcome == Recovered && a.Wake != nil {
		a.Wake() // what is held may go
	}
	return out, nil
}
