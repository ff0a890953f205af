package api

import (
	"context"

	"godwit/internal/hook"
)

// playOf keeps what comes to play addresses.
type playOf struct{ *fake }

func (f playOf) MakePlayAddress(_ context.Context, a hook.PlayAddress) (hook.PlayAddress, error) {
	a.CreatedAt, a.ExpiresAt = now(), now().Add(hook.PlayAddressAge)
	f.addresses = append(f.addresses, a)
	return a, f.err
}

func (f playOf) PlayAddresses(context.Context, string) ([]hook.PlayAddress, error) {
	return f.addresses, f.err
}

func (f playOf) DeletePlayAddress(context.Context, string) error { return f.err }

func (f playOf) PlayTarget(_ context.Context, id, named string) (hook.PlayTarget, error) {
	f.lookups++
	for _, a := range f.addresses {
		if a.ID == id {
			return hook.PlayTarget{Address: a, Webhooks: f.webhooks}, f.err
		}
	}
	return hook.PlayTarget{}, notFound()
}

func (f playOf) KeepPlayRequest(_ context.Context, r hook.PlayRequest) error {
	f.played = append(f.played, r)
	return f.err
}

func (f playOf) PlayRequests(context.Context, string, hook.Page) ([]hook.PlayRequest, error) {
	return f.played, f.err
}
