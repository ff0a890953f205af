package send

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"godwit/internal/hook"
)

// stream makes an attempt by the stream of a listener. An attempt that did not reach
// the client, that the client gave back, or whose listener was removed, uses up nothing;
// but a test waits for a client for hook.ListenerTestWait at most.
func (s *Sender) stream(ctx context.Context, m Message, p packet, a answer) (hook.Result, error) {
	result := a.result
	result.RequestHeaders = p.shown
	if s.exchange == nil {
		return fail(result, hook.ReasonInternal, a.limit), nil
	}
	r := hook.StreamRequest{WebhookID: m.Webhook.ID, DeliveryID: m.DeliveryID, Attempt: m.Attempt, Headers: p.lines(), Body: p.body, Timeout: a.limit}
	limited, cancel := within(ctx, a.limit)
	defer cancel()
	end, err := s.exchange(limited, r)
	given := end.Answer
	switch {
	case given != nil && !given.Returned:
		return answered(result, a, given), nil
	case given == nil && !end.Gone && ctx.Err() != nil:
		return hook.Result{}, context.Cause(ctx)
	case given == nil && err == nil && end.Heard:
		return fail(result, hook.ReasonTimeoutHeaders, a.limit), nil
	}
	const nobody = "no client of the listener took the request"
	if m.Event.Kind == hook.KindTest && !end.Gone && s.now().Sub(m.Event.AcceptedAt) >= hook.ListenerTestWait {
		result = fail(result, hook.ReasonConnectRefused, a.limit)
		result.Error = nobody
		return result, nil
	}
	result = fail(result, hook.ReasonInternal, a.limit)
	result.Own, result.Error = true, nobody
	if end.Gone {
		result.Error = "the listener was removed while its request was under way"
	}
	return result, nil
}

// answered makes a result of what a client says about a request.
func answered(result hook.Result, a answer, given *hook.StreamAnswer) hook.Result {
	if given.StatusCode == 0 {
		result = fail(result, given.Reason, a.limit)
		if text := clean(given.Error, hook.MaxStreamError); text != "" {
			result.Error = text
		}
		return result
	}
	resp := &http.Response{StatusCode: given.StatusCode, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(given.Body))}
	for _, h := range given.Headers {
		resp.Header.Add(h.Name, h.Value)
	}
	a.result = result
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the body is here
	defer cancel()
	return receive(ctx, resp, a)
}

// lines gives the header as it goes over the wire, the webhook's own at the end.
func (p packet) lines() []hook.Header {
	out := make([]hook.Header, 0, len(p.shown))
	for _, h := range p.shown {
		out = append(out, hook.Header{Name: h.Name, Value: p.header[h.Name][0]})
	}
	return out
}
