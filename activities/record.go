package activities

import (
	"go.uber.org/zap"

	"godwit/internal/hook"
)

// record counts an attempt that ended, and writes the one wide line of it: all that is known of it but what may
// hold secrets, so of the URL only its host.
func (a *Activities) record(p hook.Parcel, end hook.AttemptEnd, f hook.Finish) {
	a.Metrics.Attempted(end)
	line := a.Log.Check(zap.InfoLevel, "delivery.attempted")
	if line == nil {
		return
	}
	d, r := p.Delivery, end.Result
	fields := []zap.Field{
		zap.String("delivery_id", d.ID), zap.String("webhook_id", d.WebhookID), zap.String("owner_id", p.Webhook.OwnerID),
		zap.String("event_id", d.EventID), zap.String("event_type", d.EventType), zap.String("project_id", d.ProjectID), zap.String("company_id", d.CompanyID),
		zap.String("host", hook.HostOf(p.Webhook.URL)), zap.Int("attempt", end.Number), zap.Int("of", hook.MaxAttempts),
		zap.String("outcome", string(r.Outcome)), zap.String("reason", string(r.Reason)), zap.Int("status_code", r.StatusCode),
		zap.Duration("duration", r.Duration), zap.Duration("waited", end.Waited), zap.String("status", string(f.Status)),
	}
	if f.Wait > 0 {
		fields = append(fields, zap.Duration("next_attempt_in", f.Wait))
	}
	if r.Own {
		fields = append(fields, zap.Bool("own", true)) // it failed for a reason of Godwit's own
	}
	if d.RedeliveryOf != "" {
		fields = append(fields, zap.String("redelivery_of", d.RedeliveryOf))
	}
	line.Write(fields...)
}
