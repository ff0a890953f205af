package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/hook"
)

const (
	// streamWriteWithin is how long a client may take to read what is written to it;
	// then its stream ends. The server's own limit is for whole answers.
	streamWriteWithin = 10 * time.Second
	// offersAtOnce is how many requests are read at a time: with their bodies they are
	// some 4 MB.
	offersAtOnce = 10
	// maxStreams is how many streams one process has.
	maxStreams = 1000
)

type streamInput struct {
	ByID
	LastEventID string `header:"Last-Event-ID" maxLength:"200" doc:"Is not needed: what is not answered comes again in any case"`
	Paused      string `query:"paused" enum:"true,false" doc:"true: the stream keeps the listener and wants no deliveries; what matches is held"`
}

// streamOf makes the endpoint of the stream of a listener.
func (s *server) streamOf(_ *server, op huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The stream, which goes on until either side ends it. Events: ready, delivery (id: delivery.attempt), ended",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	huma.Register(s.huma, op, func(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
		st, err := s.beginStream(ctx, in)
		if err != nil {
			return nil, s.report(ctx, err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) { s.runStream(ctx, st) }}, nil
	})
}

// stream is one stream of a listener.
type stream struct {
	listener hook.Listener
	name     string
	news     <-chan struct{}
	stop     func()
}

func (s *server) beginStream(ctx context.Context, in *streamInput) (st stream, err error) {
	if err := pathID(in.ID); err != nil {
		return st, err
	}
	if n := s.streams.Add(1); n > maxStreams {
		s.streams.Add(-1)
		p := access.NewProblem(string(hook.CodeUnavailable), "This process has no room for another stream.")
		p.Wait = hook.StreamRenewed
		return st, p
	}
	st.name = rand.Text()
	st.news, st.stop = s.Streams.Watch(in.ID) // before it begins, so that nothing is missed
	if st.listener, err = s.Store.BeginStream(ctx, in.ID, st.name, in.Paused == "true"); err != nil {
		st.stop()
		s.streams.Add(-1)
		return st, err
	}
	s.wake(ctx, hook.DueQueues)
	return st, nil
}

// runStream writes what is offered to the listener, until the client goes away or
// takes nothing, its credential ends, the listener is given to another stream or
// removed, or this process stops. What was written and not answered is given to the
// next stream.
func (s *server) runStream(ctx huma.Context, st stream) {
	within := ctx.Context()
	defer func() {
		st.stop()
		s.streams.Add(-1)
		ending, cancel := context.WithTimeout(context.WithoutCancel(within), streamWriteWithin)
		defer cancel()
		_ = s.Store.EndStream(ending, st.listener.WebhookID, st.name) // else its lease ends
	}()
	ctx.SetHeader("Content-Type", "text/event-stream")
	ctx.SetHeader("Cache-Control", "no-store")
	ctx.SetHeader("X-Accel-Buffering", "no")
	c := humagin.Unwrap(ctx)
	out := eventWriter{c.Writer, http.NewResponseController(c.Writer)}
	_ = out.control.SetReadDeadline(time.Time{}) // the server's own would end the stream
	err := out.event("ready", "", map[string]any{"listener": st.listener.WebhookID, "name": st.listener.Name, "paused": st.listener.Paused})
	tick := time.NewTicker(hook.StreamRenewed)
	defer tick.Stop()
	gave, renewed := true, time.Now() // BeginStream has
	for err == nil {
		var given int
		if given, err = s.give(within, out, st); err != nil || given > 0 {
			gave = true
			continue
		}
		if !gave || time.Since(renewed) > hook.StreamRenewed { // it was told of something that is not a request
			if err = s.stillHas(within, out, st); err != nil {
				return
			}
			renewed = time.Now()
		}
		gave = false
		select {
		case <-st.news:
		case <-tick.C:
			if err = s.stillMay(ctx, st); err == nil {
				err = out.write([]byte(":\n\n"))
			}
		case <-within.Done():
			return
		case <-s.Streams.Done():
			return
		}
	}
}

// give writes requests that the stream was not given yet, and says how many.
func (s *server) give(ctx context.Context, out eventWriter, st stream) (int, error) {
	if st.listener.Paused {
		return 0, nil
	}
	offers, err := s.Store.NextOffers(ctx, st.listener.WebhookID, st.name, offersAtOnce)
	for _, o := range offers {
		if err == nil {
			err = out.event("delivery", o.Key(), streamed(o))
		}
	}
	return len(offers), err
}

// streamedDelivery is the data of an event of the stream.
type streamedDelivery struct {
	Delivery   string      `json:"delivery"`
	Attempt    int         `json:"attempt"`
	Headers    [][2]string `json:"headers"`
	BodyBase64 string      `json:"body_base64"`
	TimeoutMS  int64       `json:"timeout_ms"`
}

func streamed(r hook.StreamRequest) streamedDelivery {
	out := streamedDelivery{Delivery: r.DeliveryID, Attempt: r.Attempt, BodyBase64: base64.StdEncoding.EncodeToString(r.Body), TimeoutMS: r.Timeout.Milliseconds()}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, [2]string{h.Name, h.Value})
	}
	return out
}

// stillHas says goodbye where another stream has the listener, or it was removed.
func (s *server) stillHas(ctx context.Context, out eventWriter, st stream) error {
	has, err := s.Store.RenewStream(ctx, st.listener.WebhookID, st.name)
	if err != nil || has {
		return err
	}
	_ = out.event("ended", "", map[string]string{"reason": "taken_over_or_removed"})
	return errStreamEnded
}

// stillMay says whether the credential of the stream is still good for it.
func (s *server) stillMay(ctx huma.Context, st stream) error {
	p, err := s.door.Authenticate(ctx, access.Users)
	if err == nil && !slices.Contains(access.Users, p.Role) {
		err = errStreamEnded
	}
	if err == nil {
		err = s.Store.Visible(hook.WithPrincipal(ctx.Context(), p), hook.KindWebhook, st.listener.WebhookID)
	}
	return err
}

var errStreamEnded = errors.New("the stream has ended")

// eventWriter writes server-sent events.
type eventWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w eventWriter) event(name, id string, data any) error {
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	encoded, err := json.Marshal(data) // has no line break
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, encoded)
	return w.write(b.Bytes())
}

func (w eventWriter) write(raw []byte) error {
	// Where the server has no connection to set it on, as in tests, there is none.
	_ = w.control.SetWriteDeadline(time.Now().Add(streamWriteWithin))
	if _, err := w.Write(raw); err != nil {
		return err
	}
	return w.control.Flush()
}
