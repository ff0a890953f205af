package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"time"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// ShownCompany is what the audit log shows of a company.
func ShownCompany(c hook.Company) Shown {
	out := Shown{"name": c.Name}
	if *c.Limits != (hook.OwnLimits{}) {
		out["limits"] = c.Limits
	}
	return out
}

// ShownProject is what the audit log shows of a project.
func ShownProject(p hook.Project) Shown { return Shown{"company_id": p.CompanyID, "name": p.Name} }

// ShownUser is what the audit log shows of a user.
func ShownUser(u hook.User) Shown { return Shown{"name": u.Name, "email": u.Email, "locale": u.Locale} }

// MemberID names a membership.
func MemberID(projectID, userID string) string { return projectID + "/" + userID }

// ShownMember is what the audit log shows of a membership.
func ShownMember(projectID, userID string) Shown {
	return Shown{"project_id": projectID, "user_id": userID}
}

// ShownType is what the audit log shows of an event type.
func ShownType(t hook.EventType) Shown {
	return Shown{
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

// ShownWebhook is what the audit log shows of a webhook: of its secrets that they are there.
func ShownWebhook(w hook.Webhook) Shown {
	headers := map[string]Secret{}
	for name, value := range w.Headers {
		headers[name] = Secret(value)
	}
	rules := make([]shownRule, len(w.Rules))
	for i, r := range w.Rules {
		rules[i] = shownRule{core.OrNil(r.Events), core.OrNil(r.NotEvents), core.OrNil(r.Projects), core.OrNil(r.Companies), r.Filter, r.Combination}
	}
	return Shown{
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
	return Secret(value)
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
		return Secret("").MarshalJSON()
	}
	return json.Marshal(u.Scheme + "://" + u.Host + "/[hidden]")
}

// ShownHealth is what the audit log shows of the health of a webhook.
func ShownHealth(h hook.Health) Shown {
	return Shown{"enabled": h.Enabled, "status": h.Status, "disabled_reason": h.DisabledReason, "draining": h.Drain > 0}
}

// ShownRedelivery is what the audit log shows of what a redelivery or a cancellation asks for.
func ShownRedelivery(r hook.RedeliveryQuery, count int) Shown {
	return Shown{"webhook_id": r.WebhookID, "since": r.Since.UTC(), "until": r.Until.UTC(), "statuses": r.Statuses, "event_types": r.EventTypes,
		"reasons": r.Reasons, "status_codes": r.StatusCodes, "count": count}
}
