package send

import (
	"net/http"
	"slices"

	"godwit/internal/hook"
)

// Show gives the request that Send would make for m. Signed means that it has a
// timestamp of now and signatures, which a receiver accepts; without them these
// headers are left out. The error is that the secrets can't be used.
func (s *Sender) Show(m Message, signed bool) (hook.Request, error) {
	p, err := m.pack(s.origin, s.now())
	if err != nil {
		return hook.Request{}, err
	}
	if !signed {
		p.shown = slices.DeleteFunc(p.shown, func(h hook.Header) bool {
			return h.Name == headerTimestamp || h.Name == headerSignature || h.Name == headerPlain
		})
	}
	body := p.body[:min(len(p.body), hook.MaxShownBody)]
	return hook.Request{Method: http.MethodPost, URL: withoutPassword(m.Webhook.URL), Headers: p.shown, Body: body, Truncated: len(body) < len(p.body)}, nil
}
