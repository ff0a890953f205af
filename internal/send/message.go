package send

import (
	"net/http"
	"time"

	"godwit/internal/hook"
)

// Message is everything that one attempt needs. The package only reads it.
type Message struct {
	Webhook hook.Webhook
	// Event.ID becomes webhook-id: the same in every attempt and redelivery.
	Event hook.Event
	// Blue is what the format blue shows of the webhook; nil = as it is now.
	Blue *hook.BlueWebhook
	// Chat has the words of a chat message; nil = English, and the type's name.
	Chat       *hook.ChatWords
	DeliveryID string
	// Attempt is 1..hook.MaxAttempts.
	Attempt int
	// Secrets are the live signing secrets, newest first; at least one. Neither
	// Webhook.Secret nor its OldSecrets are read.
	Secrets []string
	// TraceParent is handed on as the header traceparent; empty = nothing is.
	TraceParent string
}

// Probe makes the message of a health check: the same signed POST with
// hook.HealthCheckType, null states and no project. id stands for both the
// event and the delivery; secrets are as in Message.
func Probe(w hook.Webhook, id string, secrets []string, at time.Time) Message {
	return Message{
		Webhook:    w,
		Event:      hook.Event{ID: id, Type: hook.HealthCheckType, OccurredAt: at, AcceptedAt: at},
		DeliveryID: id,
		Attempt:    1,
		Secrets:    secrets,
	}
}

// origin is what an installation says of itself in what it sends.
type origin struct {
	userAgent string
	pages     func() string // base of links in chat messages; empty = none
}

// packet is a message ready to be sent.
type packet struct {
	body   []byte
	header http.Header
	// shown is header as the owner may see it: own values masked.
	shown []hook.Header
}

// pack builds and signs m as of at. Its error is never the receiver's fault.
func (m Message) pack(from origin, at time.Time) (packet, error) {
	contentType, body := m.body(from.pages())
	sig, err := sign(m.Secrets, m.Event.ID, at, body)
	if err != nil {
		return packet{}, err
	}
	p := packet{body: body}
	p.header, p.shown = m.headers(fixed{contentType, from.userAgent, sig})
	return p, nil
}
