package send

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/hook"
)

// The headers that every attempt carries, spelled as they go over HTTP/1.1.
const (
	headerContentType = "Content-Type"
	headerAccept      = "Accept"
	headerUserAgent   = "User-Agent"
	headerID          = "webhook-id"
	headerTimestamp   = "webhook-timestamp"
	headerSignature   = "webhook-signature"
	headerPlain       = "X-Signature"
	headerEvent       = "Godwit-Event"
	headerWebhook     = "Godwit-Webhook"
	headerDelivery    = "Godwit-Delivery"
	headerAttempt     = "Godwit-Attempt"
	headerSequence    = "Godwit-Sequence"
	headerTrace       = "traceparent"
)

// anything is the Accept of every request: some firewalls refuse those that have
// none.
const anything = "*/*"

// hidden stands for the value of a header that is a secret of its owner.
const hidden = "[hidden]"

// fixed holds the header values that are not in the message itself.
type fixed struct {
	contentType string
	userAgent   string
	signature   signature
}

// ownHeader says whether the webhook has a header of this name.
func (m Message) ownHeader(name string) bool {
	for own := range m.Webhook.Headers {
		if strings.EqualFold(own, name) {
			return true
		}
	}
	return false
}

// headers gives what is sent and, in the same order, what the owner may see.
// The webhook's own headers come last, by name.
func (m Message) headers(f fixed) (http.Header, []hook.Header) {
	shown := append(make([]hook.Header, 0, 12+len(m.Webhook.Headers)),
		hook.Header{Name: headerContentType, Value: f.contentType},
		hook.Header{Name: headerAccept, Value: anything},
		hook.Header{Name: headerUserAgent, Value: f.userAgent},
		hook.Header{Name: headerID, Value: m.Event.ID},
		hook.Header{Name: headerTimestamp, Value: f.signature.timestamp},
		hook.Header{Name: headerSignature, Value: f.signature.standard},
		hook.Header{Name: headerPlain, Value: f.signature.plain},
		hook.Header{Name: headerEvent, Value: m.Event.Type},
		hook.Header{Name: headerWebhook, Value: m.Webhook.ID},
		hook.Header{Name: headerDelivery, Value: m.DeliveryID},
		hook.Header{Name: headerAttempt, Value: strconv.Itoa(m.Attempt)},
	)
	if m.Event.Sequence != 0 {
		shown = append(shown, hook.Header{Name: headerSequence, Value: strconv.FormatInt(m.Event.Sequence, 10)})
	}
	if m.TraceParent != "" && !m.ownHeader(headerTrace) {
		shown = append(shown, hook.Header{Name: headerTrace, Value: m.TraceParent})
	}
	if f.signature.plain == "" {
		shown = slices.DeleteFunc(shown, func(h hook.Header) bool { return h.Name == headerPlain })
	}
	sent := make(http.Header, cap(shown))
	for _, h := range shown {
		// Not Header.Set, which would spell them its own way.
		sent[h.Name] = []string{h.Value}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Webhook.Headers)) {
		// Checked again, as the rules may have grown since the webhook was stored.
		if reserved(name) {
			continue
		}
		sent[name] = []string{m.Webhook.Headers[name]}
		shown = append(shown, hook.Header{Name: name, Value: hidden})
	}
	return sent, shown
}
