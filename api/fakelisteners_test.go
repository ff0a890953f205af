package api

import (
	"context"

	"godwit/internal/hook"
)

// listenersOf is a store of listeners that every stream has lost at once.
type listenersOf struct{ *fake }

func (f listenersOf) OpenListener(_ context.Context, l hook.Listener, w hook.Webhook, _ hook.Opening) (hook.Listener, hook.Webhook, error) {
	l.WebhookID = w.ID
	return l, w, f.err
}

func (f listenersOf) Listeners(context.Context, string) ([]hook.Listener, error) {
	return []hook.Listener{{WebhookID: "wh_1", OwnerID: "una", Name: "laptop"}}, f.err
}

func (f listenersOf) DeleteListener(_ context.Context, id string) error { return f.known(id) }

func (f listenersOf) BeginStream(_ context.Context, id, stream string, paused bool) (hook.Listener, error) {
	return hook.Listener{WebhookID: id, Stream: stream, Listening: true, Paused: paused}, f.known(id)
}

func (f listenersOf) known(id string) error {
	if id == "unknown" {
		return notFound()
	}
	return f.err
}

func (f listenersOf) RenewStream(context.Context, string, string) (bool, error) { return false, f.err }

func (f listenersOf) EndStream(context.Context, string, string) error { return f.err }

func (f listenersOf) NextOffers(_ context.Context, id, _ string, _ int) ([]hook.StreamRequest, error) {
	return nil, f.err
}

func (f listenersOf) Answer(_ context.Context, id string, answers []hook.StreamAnswer) (took []string, err error) {
	for _, a := range answers {
		took = append(took, hook.StreamKey(a.DeliveryID, a.Attempt))
	}
	return took, f.known(id)
}

// newsOfStreams has something new at once.
type newsOfStreams struct{}

func (newsOfStreams) Watch(string) (<-chan struct{}, func()) {
	news := make(chan struct{}, 1)
	news <- struct{}{}
	return news, func() {}
}

func (newsOfStreams) Done() <-chan struct{} { return nil }
