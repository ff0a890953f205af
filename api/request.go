package api

import (
	"context"

	"godwit/api/view"
	"godwit/internal/hook"
)

type requestInput struct {
	ByID
	Sign   string `query:"sign" enum:"true,false" doc:"true: with a timestamp of now and signatures that the receiver accepts; the audit log tells who asked. Else webhook-timestamp, webhook-signature and X-Signature are left out"`
	Format string `query:"payload_format" enum:"standard,blue,cloudevents,slack,discord,teams" doc:"As a webhook of this format would send it, to compare them before it is changed; that of the webhook when left out. Can't be combined with sign"`
}

type deliveryRequest struct {
	Method  string            `json:"method" enum:"POST" doc:"The HTTP method"`
	URL     string            `json:"url" doc:"Where the webhook is now"`
	Headers map[string]string `json:"headers" doc:"By name; the values of the webhook's own headers are [hidden]. Those that HTTP itself needs are left out"`
	view.Text
}

// request shows the request of a delivery as the next attempt would send it.
func (s *server) request(ctx context.Context, in *requestInput) (*reply[deliveryRequest], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	sign := in.Sign == "true"
	if sign && in.Format != "" {
		return nil, badParameter(hook.Field{Pointer: "?payload_format", Code: hook.FieldNotAllowed, Detail: "must be left out where sign is true: only what the webhook sends is signed"})
	}
	p, err := s.Store.Parcel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	// An owner who has left the project since sees the delivery, but not its event.
	if err := s.Store.Visible(ctx, hook.KindEvent, p.Event.ID); err != nil {
		return nil, err
	}
	switch {
	case p.WebhookDeleted:
		return nil, hook.Errorf(hook.CodeConflict, "The webhook was deleted, so there is no request any more; the attempts of the delivery show what was sent.")
	case !p.Event.ExpungedAt.IsZero():
		return nil, hook.Errorf(hook.CodeConflict, "The states of the event were removed for good, so its request can't be shown.")
	}
	if other := hook.PayloadFormat(in.Format); other != "" && other != p.Webhook.PayloadFormat {
		p.Webhook.PayloadFormat, p.Blue, p.Chat = other, nil, nil // what it keeps is for its own format
	}
	shown, err := s.Show(p, sign)
	if err != nil {
		return nil, hook.Errorf(hook.CodeConflict, "The webhook's secret can't be read; see unreadable of the webhook, and give it a new one by rotate-secret.")
	}
	if sign {
		if err := s.Store.NoteSigned(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	return &reply[deliveryRequest]{Body: deliveryRequest{Method: shown.Method, URL: shown.URL, Headers: view.JoinHeaders(shown.Headers),
		Text: view.TextOf(shown.Body, shown.Truncated)}}, nil
}
