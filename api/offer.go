package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"godwit/internal/eventjson"
	"godwit/internal/hook"
	"godwit/internal/match"
)

// offer is what a request publishes.
type offer struct {
	items []eventjson.Item
	// checks are those of the events among the items; nil = they are yet to be checked.
	checks []match.Check
}

// events gives the events that could be read, and the place of each among the items.
func (o offer) events() (events []hook.Event, places []int) {
	for i, item := range o.items {
		if item.Err == nil {
			events, places = append(events, item.Event), append(places, i)
		}
	}
	return events, places
}

// offerKey is the key of what readOffer has read.
type offerKey struct{}

// readOffer reads published events and holds them to their schemas. In the context that
// it gives offerOf knows them.
func (s *server) readOffer(ctx huma.Context, read func() ([]eventjson.Item, error)) (huma.Context, error) {
	items, err := read()
	if err != nil {
		return ctx, nil // the handler says so
	}
	o := offer{items: items}
	if events, _ := o.events(); len(events) > 0 {
		if o.checks, err = s.Matching.Check(ctx.Context(), events); err != nil {
			return ctx, err
		}
	}
	return huma.WithValue(ctx, offerKey{}, o), nil
}

// offerOf gives what was read before, or reads it.
func offerOf(ctx context.Context, read func() ([]eventjson.Item, error)) (o offer, err error) {
	if known, ok := ctx.Value(offerKey{}).(offer); ok {
		return known, nil
	}
	o.items, err = read()
	return o, err
}

// readBatch is the reader of batches.
func (s *server) readBatch(ctx huma.Context, raw []byte) (huma.Context, error) {
	return s.readOffer(ctx, func() ([]eventjson.Item, error) { return eventjson.ParseBatch(raw) })
}

// readEvent is the reader of single events.
func (s *server) readEvent(ctx huma.Context, _ []byte) (huma.Context, error) {
	var p EventPayload
	if len(p.Resolve(ctx)) > 0 {
		return ctx, nil // the handler says so
	}
	return s.readOffer(ctx, p.items)
}
