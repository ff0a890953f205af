package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// blueWebhook is what the format blue shows of the webhook w. A delivery keeps
// it from when its event was accepted, so that every attempt has the same body.
const blueWebhook = `json_build_object('name', w.name, 'url', w.url, 'status', w.status, 'enabled', w.enabled, 'rules', (
		SELECT json_agg(json_build_object('events', r.events, 'projects', r.projects, 'companies', r.companies, 'combined', r.combination IS NOT NULL)
			ORDER BY r.position)
		FROM rules r WHERE r.webhook_id = w.id
	))`

// keepBlue fixes it for a delivery whose webhook had another format then.
const keepBlue = `
UPDATE deliveries d SET blue_webhook = coalesce(d.blue_webhook, (SELECT ` + blueWebhook + ` FROM webhooks w WHERE w.id = d.webhook_id))
WHERE d.id = $1 RETURNING d.blue_webhook`

// blue gives what the format blue shows of w in a delivery; nil where w has
// another format. kept is what the delivery keeps; empty = nothing yet.
func (s *Store) blue(ctx context.Context, w hook.Webhook, deliveryID, kept string) (*hook.BlueWebhook, error) {
	if w.PayloadFormat != hook.FormatBlue {
		return nil, nil
	}
	if kept == "" {
		if err := sqlx.GetContext(ctx, s.on(ctx), &kept, keepBlue, deliveryID); err != nil {
			return nil, classify("keep the webhook of "+deliveryID, err)
		}
	}
	var stored struct {
		Name    string             `json:"name"`
		URL     string             `json:"url"`
		Status  hook.WebhookStatus `json:"status"`
		Enabled bool               `json:"enabled"`
		Rules   []struct {
			Events    []string `json:"events"`
			Projects  []string `json:"projects"`
			Companies []string `json:"companies"`
			Combined  bool     `json:"combined"`
		} `json:"rules"`
	}
	if err := json.Unmarshal([]byte(kept), &stored); err != nil {
		return nil, fmt.Errorf("decode the webhook of %s: %w", deliveryID, err)
	}
	out := &hook.BlueWebhook{Name: stored.Name, URL: stored.URL, Status: stored.Status, Enabled: stored.Enabled}
	for _, r := range stored.Rules {
		rule := hook.Rule{Events: r.Events, Projects: r.Projects, Companies: r.Companies}
		if r.Combined {
			rule.Combination = &hook.Combination{}
		}
		out.Rules = append(out.Rules, rule)
	}
	return out, nil
}
