package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/eventjson"
	"godwit/internal/hook"
)

// attributePrefix begins the header of an attribute in binary mode (CloudEvents HTTP
// Protocol Binding, section 3.1.3).
const attributePrefix = "Ce-"

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

// cloudEventsMedia gives the media type of a CloudEvent in JSON or of a batch of
// them; else "".
func cloudEventsMedia(header http.Header) string {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err == nil && (charset == "" || charset == "utf-8") && (media == eventjson.MediaCloudEvent || media == eventjson.MediaCloudEvents) {
		return media
	}
	return ""
}

// attributesOf gives the attributes that headers carry in binary mode. Of a header
// that is sent twice both values count, so that none is dropped.
func attributesOf(header http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range header {
		if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
			out[strings.ToLower(attribute)] = strings.Join(values, ",")
		}
	}
	return out
}

// bodyLimit is how many bytes a request's body may have.
func bodyLimit(ctx huma.Context) int64 {
	op := ctx.Operation()
	if access.ContentOf(op).Events && cloudEventsMedia(humagin.Unwrap(ctx).Request.Header) == eventjson.MediaCloudEvents {
		return maxBatch
	}
	return op.MaxBodyBytes
}

// modeOf gives what makes another event of the same body: its mode and, in binary
// mode, its attributes. It is nil for an event in Godwit's form.
func modeOf(header http.Header) []byte {
	media := cloudEventsMedia(header)
	if media == "" && header.Get(attributePrefix+"Specversion") == "" {
		return nil
	}
	hash := sha256.New()
	fmt.Fprintln(hash, media)
	attributes := attributesOf(header)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		fmt.Fprintf(hash, "%s %q\n", name, attributes[name])
	}
	return hash.Sum(nil)
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
