package api

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/eventjson"
	"godwit/internal/hook"
)

// EventPayload is the body of a published event: one of Godwit's form, or what
// CloudEvents sends in its three modes.
type EventPayload struct {
	Payload
	media  string
	binary map[string]string // attributes by name; nil: not in binary mode
}

// Resolve reads the body; it is called by huma.
func (p *EventPayload) Resolve(ctx huma.Context) []error {
	header := humagin.Unwrap(ctx).Request.Header
	p.media = cloudEventsMedia(header)
	if p.media == "" {
		if header.Get(attributePrefix+"Specversion") != "" {
			p.binary = attributesOf(header)
		}
		return p.Payload.Resolve(ctx)
	}
	raw, problem := access.ReadBody(ctx, bodyLimit(ctx))
	if problem != nil {
		return []error{problem}
	}
	p.raw = raw
	return nil
}

// items reads the events of a request: one, or those of a batch of CloudEvents.
func (p *EventPayload) items() ([]eventjson.Item, error) {
	switch {
	case p.media == eventjson.MediaCloudEvents:
		return eventjson.ParseCloudEvents(p.raw)
	case p.media == eventjson.MediaCloudEvent:
		return []eventjson.Item{eventjson.ParseCloudEvent(p.raw)}, nil
	case p.binary != nil:
		return []eventjson.Item{eventjson.BinaryCloudEvent{Attributes: p.binary, Data: p.raw}.Parse()}, nil
	}
	event, err := eventjson.Parse(p.raw)
	return []eventjson.Item{{Event: event, Err: err}}, nil
}

// publishBody is the answer to one event, or to a batch of CloudEvents.
type publishBody struct {
	published
	batch *batchAnswer
}

// Schema gives the answer to one event, which is all that the document shows: with
// a second form of body or answer generators of clients make worse types of the
// usual one. It is called by huma.
func (publishBody) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[published](), true, "")
}

// WriteTo writes the answer as JSON.
func (b publishBody) WriteTo(w io.Writer) (int64, error) {
	var v any = b.published
	if b.batch != nil {
		v = b.batch
	}
	text, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(text)
	return int64(n), err
}

func (s *server) publish(ctx context.Context, in *EventPayload) (*publishReply, error) {
	o, err := s.offerOf(ctx, in.items)
	if err != nil {
		return nil, err
	}
	if in.media == eventjson.MediaCloudEvents {
		batch, err := s.publishItems(ctx, o, "")
		if err != nil {
			return nil, err
		}
		return &publishReply{Location: "/v1/events", Body: publishBody{batch: batch}}, nil
	}
	item := o.items[0]
	if item.Err != nil {
		return nil, item.Err
	}
	answers, err := s.ingest(ctx, []hook.Event{item.Event}, o.checks)
	if err != nil {
		return nil, err
	}
	if answers[0].err != nil {
		return nil, seenFrom(item, answers[0].err)
	}
	return &publishReply{Location: "/v1/events/" + url.PathEscape(answers[0].ID), Body: publishBody{published: answers[0].published}}, nil
}

type publishReply struct {
	Location string `header:"Location" doc:"Path of the event"`
	Body     publishBody
}

// readEvent is the reader of single events.
func (s *server) readEvent(ctx huma.Context, _ []byte) (huma.Context, error) {
	var p EventPayload
	if len(p.Resolve(ctx)) > 0 {
		return ctx, nil // the handler says so
	}
	return s.readOffer(ctx, p.items)
}
