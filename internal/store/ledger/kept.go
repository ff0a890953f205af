package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// blueWebhook is what the format blue shows of the webhook w.
const blueWebhook = `json_build_object('name', w.name, 'url', w.url, 'status', w.status, 'enabled', w.enabled, 'rules', (
		SELECT json_agg(json_build_object('events', r.events, 'projects', r.projects, 'companies', r.companies, 'combined', r.combination IS NOT NULL)
			ORDER BY r.position)
		FROM rules r WHERE r.webhook_id = w.id
	))`

// KeptOf, the event's type and KeptEnd are what a delivery of the webhook w keeps for
// its format from when its event was accepted, so that every attempt has the same
// body: what blue shows of the webhook, or the words of a chat message.
const (
	KeptOf = `CASE WHEN w.payload_format = 'blue' THEN ` + blueWebhook + `
		WHEN w.payload_format IN ('slack', 'discord', 'teams') THEN (
			SELECT json_build_object('language', u.locale, 'title', coalesce(nullif(t.translations -> u.locale ->> 'title', ''), t.title, ''))
			FROM users u LEFT JOIN event_types t ON t.name = `
	KeptEnd = ` WHERE u.id = w.owner_id) END`
)

// keep fixes it for the delivery $1, which keeps $2, because its webhook had
// another format then.
const keep = `
UPDATE deliveries d SET blue_webhook = CASE WHEN d.blue_webhook::text IS NOT DISTINCT FROM $2
	THEN (SELECT ` + KeptOf + `d.event_type` + KeptEnd + ` FROM webhooks w WHERE w.id = d.webhook_id) ELSE d.blue_webhook END
WHERE d.id = $1 RETURNING d.blue_webhook`

// kept is the column blue_webhook, which held no more than what blue shows once.
type kept struct {
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

	Language string `json:"language"`
	Title    string `json:"title"`
}

// fits says whether it was kept for a webhook of such a format.
func (k kept) fits(format hook.PayloadFormat) bool {
	if format == hook.FormatBlue {
		return k.URL != ""
	}
	return k.Language != ""
}

// WithKept gives p what its delivery keeps for the format of its webhook, and
// keeps that now if it does not yet. stored is the column; empty = NULL.
func (s *Store) WithKept(ctx context.Context, p hook.Parcel, stored string) (hook.Parcel, error) {
	format := p.Webhook.PayloadFormat
	if format != hook.FormatBlue && !format.Chat() {
		return p, nil
	}
	k, err := readKept(stored)
	if err == nil && !k.fits(format) {
		if !p.Delivery.Status.Unfinished() || core.TxOf(ctx) != nil {
			return p, nil // a snapshot keeps nothing
		}
		var now sql.NullString
		if err := sqlx.GetContext(ctx, s.On(ctx), &now, keep, p.Delivery.ID, sql.NullString{String: stored, Valid: stored != ""}); err != nil {
			return p, core.Classify("keep what "+p.Delivery.ID+" shows", err)
		}
		k, err = readKept(now.String)
	}
	if err != nil {
		return p, fmt.Errorf("decode what %s keeps: %w", p.Delivery.ID, err)
	}
	if format == hook.FormatBlue {
		p.Blue = k.blue()
	} else {
		p.Chat = &hook.ChatWords{Language: k.Language, Title: k.Title}
	}
	return p, nil
}

func readKept(stored string) (kept, error) {
	var k kept
	if stored == "" {
		return k, nil
	}
	return k, json.Unmarshal([]byte(stored), &k)
}

func (k kept) blue() *hook.BlueWebhook {
	out := &hook.BlueWebhook{Name: k.Name, URL: k.URL, Status: k.Status, Enabled: k.Enabled}
	for _, r := range k.Rules {
		rule := hook.Rule{Events: r.Events, Projects: r.Projects, Companies: r.Companies}
		if r.Combined {
			rule.Combination = &hook.Combination{}
		}
		out.Rules = append(out.Rules, rule)
	}
	return out
}
