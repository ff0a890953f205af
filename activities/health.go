package activities

import (
	"cmp"
	"context"
	"errors"
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
	// Reason is what was wrong with the probe; empty when nothing was or none was sent.
	Reason hook.Reason `json:",omitempty"`
}

// The verdicts of CheckHealth.
const (
	// VerdictOff: the webhook was off or deleted already, or belongs to a listener; no
	// probe was sent.
	VerdictOff = "off"
	// VerdictHealthy: the receiver answered the probe, or has taken other deliveries
	// since this one began; the webhook stays on.
	VerdictHealthy = "healthy"
	// VerdictDeactivated: the receiver did not answer the probe, or too many
	// deliveries in a row failed.
	VerdictDeactivated = "deactivated"
	// VerdictUnknown: no probe can be made, such as for want of a readable secret.
	VerdictUnknown = "unknown"
)

// CheckHealth probes a webhook after one of its deliveries used up all
// attempts, unless it has taken others since, and deactivates it when the
// receiver does not answer. Of several checks at once only one deactivates.
func (a *Activities) CheckHealth(ctx context.Context, in CheckHealthInput) (CheckHealthResult, error) {
	w, err := a.Health.Webhook(ctx, in.WebhookID)
	if hook.CodeOf(err) == hook.CodeNotFound || err == nil && (!w.Enabled || w.Listener != "") {
		return CheckHealthResult{Verdict: VerdictOff}, nil
	}
	if err != nil {
		return CheckHealthResult{}, err
	}
	// What real deliveries say outweighs a request that the receiver never agreed to.
	outweighed, err := a.Health.Outweighed(ctx, in.WebhookID, in.DeliveryID)
	switch {
	case err != nil:
		return CheckHealthResult{}, err
	case outweighed:
		return CheckHealthResult{Verdict: VerdictHealthy}, nil
	}
	result, err := a.probe(ctx, w, in.AttemptTimeout)
	if err != nil {
		return CheckHealthResult{}, err
	}
	if result.Reason == hook.ReasonInternal {
		return CheckHealthResult{Verdict: VerdictUnknown, Reason: result.Reason}, nil
	}
	return a.judge(ctx, in, result)
}

// probe sends a health check; timeout bounds it as it bounds an attempt.
func (a *Activities) probe(ctx context.Context, w hook.Webhook, timeout time.Duration) (hook.Result, error) {
	slot := a.slots.Try(w.OwnerID, w.ID)
	if slot == nil {
		return hook.Result{}, errNoRoom
	}
	defer a.leave(slot)
	w.Timeout = min(cmp.Or(w.Timeout, timeout), timeout)
	at := a.now()
	result, err := a.Sender.Send(ctx, send.Probe(w, id.New(id.Event), w.Secrets(at), at))
	if err != nil {
		return result, err
	}
	if result = a.excuse(w.URL, result); result.Own {
		return result, errOwnProbe
	}
	return result, nil
}

// now is the database's time.
func (a *Activities) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// errOwnProbe and errNoRoom have a probe tried again.
var (
	errOwnProbe = errors.New("the probe failed for a reason of Godwit's own")
	errNoRoom   = errors.New("the webhook's owner has no room for a probe now")
)

// judge turns the probe's result into the webhook's state.
func (a *Activities) judge(ctx context.Context, in CheckHealthInput, probe hook.Result) (CheckHealthResult, error) {
	cause := hook.Cause{What: hook.ProbeOf(probe), Reason: probe.Reason, DeliveryID: in.DeliveryID, URL: probe.URL}
	before, after, err := a.Health.Happen(ctx, in.WebhookID, cause)
	switch {
	case hook.CodeOf(err) == hook.CodeNotFound:
		return CheckHealthResult{Verdict: VerdictOff}, nil
	case err != nil:
		return CheckHealthResult{}, err
	case after.Enabled:
		return CheckHealthResult{Verdict: VerdictHealthy}, nil
	}
	if before.Enabled {
		a.Log.Warn("webhook.deactivated", zap.String("webhook_id", in.WebhookID), zap.String("delivery_id", in.DeliveryID),
			zap.String("reason", string(after.DisabledReason)), zap.String("probe", string(probe.Reason)), zap.Int("exhausted_in_row", after.ExhaustedInRow))
	}
	return CheckHealthResult{Verdict: VerdictDeactivated, Reason: probe.Reason}, nil
}
