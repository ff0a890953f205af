package api

import (
	"context"
	"errors"
	"slices"

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
	if err := s.addFaults(ctx.Context(), items); err != nil {
		return ctx, err
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
func (s *server) offerOf(ctx context.Context, read func() ([]eventjson.Item, error)) (o offer, err error) {
	if known, ok := ctx.Value(offerKey{}).(offer); ok {
		return known, nil
	}
	if o.items, err = read(); err == nil {
		err = s.addFaults(ctx, o.items)
	}
	return o, err
}

// addFaults says of items with faults also which names are unknown and what does not fit
// the schema, so that all of it comes in one answer.
func (s *server) addFaults(ctx context.Context, items []eventjson.Item) error {
	var events []hook.Event
	var places []int
	named := 0 // no more than an answer names
	for i, item := range items {
		bad, _ := fieldsOf422(item.Err)
		e := nameable(item.Event)
		if 0 < len(bad) && len(bad) <= hook.MaxEventFaults && named < hook.MaxFaults && (e.Type != "" || e.ProjectID != "") {
			events, places = append(events, e), append(places, i)
		}
		named += len(bad)
	}
	if len(events) == 0 {
		return nil
	}
	unknown, err := s.Store.Unknown(ctx, events)
	if err != nil {
		return err
	}
	checks, err := s.Matching.Check(ctx, events)
	if err != nil {
		return err
	}
	for k, i := range places {
		items[i].Err = alsoFaulty(items[i], append(unknown[k], checks[k].Faults()...))
	}
	return nil
}

// nameable is an event without the names that nothing can have.
func nameable(e hook.Event) hook.Event {
	if !hook.ValidTypeName(e.Type) {
		e.Type = ""
	}
	if !hook.ValidID(e.ProjectID) {
		e.ProjectID = ""
	}
	return e
}

// alsoFaulty is the error of an item with more faults, whose pointers lead into an event
// of Godwit's form.
func alsoFaulty(item eventjson.Item, more []hook.Field) error {
	var e *hook.Error
	if !errors.As(item.Err, &e) || len(more) == 0 {
		return item.Err
	}
	more = slices.Clone(more)
	for i := range more {
		more[i].Pointer = item.Pointer(more[i].Pointer)
	}
	all := *e
	all.Fields = hook.FirstFaults(firstOfEach(slices.Concat(e.Fields, more)), hook.MaxEventFaults)
	return &all
}

// readBatch is the reader of batches.
func (s *server) readBatch(ctx huma.Context, raw []byte) (huma.Context, error) {
	return s.readOffer(ctx, func() ([]eventjson.Item, error) { return eventjson.ParseBatch(raw) })
}

// seenFrom gives an error with pointers into the event as it was sent.
func seenFrom(item eventjson.Item, err error) error {
	var e *hook.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	seen := *e
	seen.Fields = slices.Clone(e.Fields)
	for i := range seen.Fields {
		seen.Fields[i].Pointer = item.Pointer(seen.Fields[i].Pointer)
	}
	return &seen
}
