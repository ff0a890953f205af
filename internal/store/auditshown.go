package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"time"

	"godwit/internal/hook"
)

func shownCompany(c hook.Company) shown {
	out := shown{"name": c.Name}
	if *c.Limits != (hook.OwnLimits{}) {
		out["limits"] = c.Limits
	}
	return out
}

func shownProject(p hook.Project) shown { return shown{"company_id": p.CompanyID, "name": p.Name} }

func shownUser(u hook.User) shown { return shown{"name": u.Name, "email": u.Email, "locale": u.Locale} }

func memberID(projectID, userID string) string { return projectID + "/" + userID }

func shownMember(projectID, userID string) shown {
	return shown{"project_id": projectID, "user_id": userID}
}

func shownType(t hook.EventType) shown {
	return shown{
		"group": t.Group, "title": t.Title, "description": t.Description, "translations": t.Translations, "archived": !t.ArchivedAt.IsZero(), "schema": text(t.Schema),
		"example": map[string]any{"previous": text(t.ExamplePrevious), "current": text(t.ExampleCurrent)},
	}
}

// text is stored JSON without its spaces, which make no difference; nil for none.
func text(stored json.RawMessage) any {
	var out bytes.Buffer
	if len(stored) == 0 || json.Compact(&out, stored) != nil {
		return nil
	}
	return json.RawMessage(out.Bytes())
}

func shownWebhook(w hook.Webhook) shown {
	headers := map[string]secret{}
	for name, value := range w.Headers {
		headers[name] = secret(value)
	}
	rules := make([]shownRule, len(w.Rules))
	for i, r := range w.Rules {
		rules[i] = shownRule{orNil(r.Events), orNil(r.NotEvents), orNil(r.Projects), orNil(r.Companies), r.Filter, r.Combination}
	}
	return shown{
		"owner_id": w.OwnerID, "key": w.Key, "name": w.Name, "url": address(w.URL), "rules": rules, "payload_format": w.PayloadFormat, "signature": hook.SignatureOf(w.Secret),
		"headers": headers, "client_certificate": fingerprints(w.ClientCertificate), "client_key": secretOrNone(w.ClientKey),
		"ca_certificate": fingerprints(w.CACertificate), "timeout_seconds": int(w.Timeout / time.Second), "rate_limit_per_second": w.RateLimitPerSecond,
		"max_in_flight": w.MaxInFlight, "max_age": int(w.MaxAge / time.Second), "auto_recover": w.AutoRecover, "enabled": w.Enabled, "metadata": text(w.Metadata),
	}
}

// secretOrNone is a secret that may be missing.
func secretOrNone(value string) any {
	if value == "" {
		return nil
	}
	return secret(value)
}

// fingerprints are the SHA-256 of certificates, which name them.
func fingerprints(text string) []string {
	out, rest := []string{}, []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		sum := sha256.Sum256(block.Bytes)
		out = append(out, hex.EncodeToString(sum[:]))
	}
}

// shownRule is a rule in the form that the API has for it.
type shownRule struct {
	Events    []string `json:"events,omitempty"`
	NotEvents []string `json:"not_events,omitempty"`
	Projects  []string `json:"projects,omitempty"`
	Companies []string `json:"companies,omitempty"`
	Filter    string   `json:"filter,omitempty"`
	*hook.Combination
}

// address is a URL of which the audit log shows where it leads to: the rest
// often is what gives the right to post there, and outlives the webhook there.
type address string

// MarshalJSON hides all but scheme, host and port.
func (a address) MarshalJSON() ([]byte, error) {
	u, err := url.Parse(string(a))
	if err != nil {
		return secret("").MarshalJSON()
	}
	return json.Marshal(u.Scheme + "://" + u.Host + "/[hidden]")
}

func shownHealth(h hook.Health) shown {
	return shown{"enabled": h.Enabled, "status": h.Status, "disabled_reason": h.DisabledReason, "draining": h.Drain > 0}
}

func shownRedelivery(r hook.RedeliveryQuery, count int) shown {
	return shown{"webhook_id": r.WebhookID, "since": r.Since.UTC(), "until": r.Until.UTC(), "statuses": r.Statuses, "event_types": r.EventTypes,
		"reasons": r.Reasons, "status_codes": r.StatusCodes, "count": count}
}
