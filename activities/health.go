package activities

import (
	"cmp"
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/send"
)

// CheckHealthInput names the webhook, and the delivery that used up its attempts.
type CheckHealthInput struct {
	WebhookID  string
	DeliveryID string
	// AttemptTimeout bounds the probe; a webhook's shorter timeout goes first.
	AttemptTimeout time.Duration
}

// CheckHealthResult says how the webhook stands after the check.
type CheckHealthResult struct {
	// Verdict is one of the constants below.
	Verdict string
	// Reason is why the probe failed; empty when it passed or none was sent.
	Reason hook.Reason `json:",omitempty"`
}

// The verdicts of CheckHealth.
const (
	// VerdictOff: the webhook was off or deleted already; no probe was sent.
	VerdictOff = "off"
	// VerdictHealthy: the probe passed, the webhook stays on.
	VerdictHealthy = "healthy"
	// VerdictDeactivated: the probe failed, or too many deliveries in a row did.
	VerdictDeactivated = "deactivated"
)

// exhaustedLimit is how many deliveries in a row may use up their attempts
// before the webhook is deactivated although it answers probes.
const exhaustedLimit = 5

// CheckHealth probes a webhook after one of its deliveries used up all
// attempts, and deactivates it when the probe fails too. Of several checks at
// once only one deactivates.
func (a *Activities) CheckHealth(ctx context.Context, in CheckHealthInput) (CheckHealthResult, error) {
	w, err := a.Webhooks.Webhook(ctx, in.WebhookID)
	if hook.CodeOf(err) == hook.CodeNotFound || err == nil && !w.Enabled {
		return CheckHealthResult{Verdict: VerdictOff}, nil
	}
	if err != nil {
		return CheckHealthResult{}, err
	}
	w.Timeout = min(cmp.Or(w.Timeout, in.AttemptTimeout), in.AttemptTimeout)
	result, err := a.Sender.Send(ctx, send.Probe(w, id.New(id.Event), []string{w.Secret}, time.Now()))
	if err != nil {
		return CheckHealthResult{}, err
	}
	return a.judge(ctx, in, result)
}

// judge turns the probe's result into the webhook's state.
func (a *Activities) judge(ctx context.Context, in CheckHealthInput, probe hook.Result) (CheckHealthResult, error) {
	inRow, err := a.Health.ExhaustedInRow(ctx, in.WebhookID)
	if err != nil {
		return CheckHealthResult{}, err
	}
	if probe.Outcome == hook.Success && inRow < exhaustedLimit {
		return CheckHealthResult{Verdict: VerdictHealthy}, a.Health.ProbePassed(ctx, in.WebhookID)
	}
	why := hook.DisabledByHealth
	if probe.Reason == hook.ReasonGone {
		why = hook.DisabledAsGone
	}
	first, err := a.Health.Deactivate(ctx, in.WebhookID, why)
	if err != nil {
		return CheckHealthResult{}, err
	}
	if first {
		a.Log.Warn("webhook deactivated", zap.String("webhook_id", in.WebhookID), zap.String("delivery_id", in.DeliveryID),
			zap.String("reason", string(why)), zap.String("probe", string(probe.Reason)), zap.Int("exhausted_in_row", inRow))
	}
	return CheckHealthResult{Verdict: VerdictDeactivated, Reason: probe.Reason}, nil
}
