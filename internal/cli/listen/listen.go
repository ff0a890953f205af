package listen

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"godwit/internal/cli"
)

// Options say what is listened to, and where it goes.
type Options struct {
	API    *cli.Client
	Target *url.URL
	// Form is the body of POST /v1/listeners; Name is in it, too. What says what its rules
	// choose, for people.
	Form       map[string]any
	Name, What string
	// External allows receivers on other machines, Insecure any certificate.
	External, Insecure bool
	// Once ends after so many deliveries were answered, Timeout after a time, and
	// ExitAfter after so long without a connection; 0 = never.
	Once      int
	Timeout   time.Duration
	ExitAfter time.Duration
	// Stay keeps the listener after the end.
	Stay bool
	Out  *Report
	// Terminal takes keys; nil = there is none.
	Terminal *Terminal
}

const (
	// lastWords is how long what is under way may go on after the end was asked for.
	lastWords = 2 * time.Second
	// lookAgain is how often is looked whether the receiver is up again.
	lookAgain = time.Second
)

// backoff are the waits before a connection is made again; the last one repeats, and
// each is up to a fifth shorter or longer.
var backoff = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// session is one run of godwit listen.
type session struct {
	Options
	forward *forwarder
	answers *answers
	id      string
	newest  newest
	work    sync.WaitGroup

	mu       sync.Mutex
	underWay map[key]bool
	down     bool               // nothing listens at the target
	paused   bool               // by a key
	cut      context.CancelFunc // ends the stream that there is
	done     int                // deliveries that were answered
	enough   context.CancelFunc // ends the session
}

// errTimeout is why a session ended before Once was reached.
var errTimeout = &cli.Failure{Code: cli.ExitNo, What: "the time is up before enough deliveries came"}

// Run listens until ctx ends, or as Options say. Its error is a *cli.Failure.
func Run(ctx context.Context, o Options) error {
	s := &session{Options: o, forward: newForwarder(o.Target, o.External, o.Insecure), underWay: map[key]bool{}}
	if !o.External && elsewhere(ctx, o.Target.Hostname()) {
		return &cli.Failure{Code: cli.ExitUsage, What: o.Target.Hostname() + " is not this machine", Next: "--allow-external forwards to it all the same"}
	}
	opened, err := Open(ctx, o.API, o.Form)
	if err != nil {
		return err
	}
	s.id = opened.ID
	o.Out.begins(o, opened.Secret)
	running, enough := context.WithCancel(ctx)
	defer enough()
	s.enough = enough
	s.answers = newAnswers(o.API, s.id)
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.answers.run(sending)
	restore, err := s.keys(running)
	if err != nil {
		return err
	}
	err = s.stream(s.limited(running))
	s.finish(ctx)
	restore()
	return err
}

// Opened is a listener with its secret.
type Opened struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// Open makes the listener of a form, or takes it up again.
func Open(ctx context.Context, api *cli.Client, form map[string]any) (out Opened, err error) {
	err = api.Call(ctx, http.MethodPost, "/v1/listeners", form, &out)
	var f *cli.Failure
	if errors.As(err, &f) && f.Status == http.StatusConflict {
		f.Next = "end the other one, choose another --name, or take it over by --take-over"
	}
	return out, err
}

// limited ends with the session's time.
func (s *session) limited(ctx context.Context) context.Context {
	if s.Timeout == 0 {
		return ctx
	}
	var cause error
	if s.Once > 0 {
		cause = errTimeout
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.Timeout, cause)
	context.AfterFunc(ctx, cancel)
	return limited
}

// stream reads one stream after the other.
func (s *session) stream(ctx context.Context) error {
	lost, tries := time.Time{}, 0
	for {
		began, switched, err := s.once(ctx, lost)
		switch {
		case ctx.Err() != nil:
			if cause := context.Cause(ctx); errors.Is(cause, errTimeout) {
				return errTimeout
			}
			return nil
		case err != nil && !repeatable(err):
			return err
		case began:
			lost, tries = time.Now(), 0
		}
		if lost.IsZero() {
			lost = time.Now()
		}
		if s.ExitAfter > 0 && time.Since(lost) > s.ExitAfter {
			return &cli.Failure{Code: cli.ExitUnreachable, What: "there was no connection for " + s.ExitAfter.String()}
		}
		if !switched {
			s.Out.lost()
			pause(ctx, jitter(backoff[min(tries, len(backoff)-1)]))
			tries++
		}
	}
}

// repeatable says whether a connection is worth another try.
func repeatable(err error) bool {
	var f *cli.Failure
	return errors.As(err, &f) && (f.Code == cli.ExitUnreachable || f.Status == http.StatusNotFound)
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// once reads one stream to its end, and says whether it began. While the receiver is
// down the stream is a paused one. Where the receiver went down or came up, the stream
// was switched and nothing was lost.
func (s *session) once(ctx context.Context, lost time.Time) (began, switched bool, err error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	s.mu.Lock()
	s.cut = cut
	down, paused := s.down, s.paused
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switched = s.down != down || s.paused != paused
	}()
	path := "/v1/listeners/" + s.id + "/stream"
	if down || paused {
		path += "?paused=true"
	}
	if down {
		go s.untilUp(ctx, cut)
	}
	resp, err := s.API.Send(ctx, http.MethodGet, path, nil)
	if err != nil {
		var f *cli.Failure
		if errors.As(err, &f) && f.Status == http.StatusNotFound { // it was removed, as after a long sleep
			var opened Opened
			if opened, err = Open(ctx, s.API, s.Form); err == nil {
				s.id = opened.ID
				s.answers.of(s.id)
			}
		}
		return false, false, err
	}
	defer resp.Body.Close()
	defer context.AfterFunc(ctx, func() { _ = resp.Body.Close() })()
	var ended error
	read(ctx, resp.Body, func(e event) {
		switch e.name {
		case "ready":
			if began = true; !down {
				s.ready(ctx, lost)
			}
		case "delivery":
			s.take(ctx, e)
		case "ended":
			ended = s.ended(ctx)
		}
	})
	return began, false, ended
}

// ended finds out why the server has ended the stream: another one has the listener,
// or it was removed.
func (s *session) ended(ctx context.Context) error {
	var all struct{ Data []struct{ ID string } }
	if err := s.API.Call(ctx, http.MethodGet, "/v1/listeners", nil, &all); err != nil {
		return err
	}
	for _, l := range all.Data {
		if l.ID == s.id {
			return &cli.Failure{Code: cli.ExitConflict, What: "something else listens as " + s.Name + " now"}
		}
	}
	return &cli.Failure{Code: cli.ExitNotFound, What: "the listener " + s.Name + " was removed"}
}

// untilUp ends the paused stream when the receiver answers.
func (s *session) untilUp(ctx context.Context, cut context.CancelFunc) {
	for ctx.Err() == nil {
		if pause(ctx, lookAgain); ctx.Err() == nil && s.forward.up(ctx) {
			s.mu.Lock()
			s.down = false
			s.mu.Unlock()
			s.Out.up(s.forward.address())
			cut()
			return
		}
	}
}

// take makes the request of an event, unless it is under way or its answer waits to be
// sent.
func (s *session) take(ctx context.Context, e event) {
	d, err := parseDelivery(e.data)
	if err != nil || !s.begins(d.key()) {
		return
	}
	s.newest.see(d)
	s.work.Go(func() {
		r := s.forward.forward(context.WithoutCancel(ctx), d)
		if r.down {
			s.goesDown()
		}
		s.answered(d.key(), r)
		if !r.Returned {
			s.Out.delivered(d, r)
			s.count()
		}
	})
}

// begins says whether a request is to be made, and notes that it is under way. A stream
// that was cut gives again what the server has no answer to.
func (s *session) begins(k key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay[k] || s.answers.has(k) {
		return false
	}
	s.underWay[k] = true
	return true
}

// answered makes an answer of a request that is under way.
func (s *session) answered(k key, r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.add(r)
	delete(s.underWay, k)
}

// goesDown has the server keep what comes.
func (s *session) goesDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		s.down = true
		s.Out.down(s.forward.address())
		s.cut()
	}
}

func (s *session) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done++; s.done == s.Once {
		s.enough()
	}
}

// finish waits for what is under way, not for long, sends the answers and removes the
// listener.
func (s *session) finish(ctx context.Context) {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	idle := make(chan struct{})
	go func() { s.work.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ending.Done():
	}
	s.answers.flush(ending)
	removed := false
	if !s.Stay {
		removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		removed = s.API.Call(removing, http.MethodDelete, "/v1/listeners/"+s.id, nil, nil) == nil
	}
	s.Out.ends(removed)
}

// marshalled is how many bytes a result takes in a request.
func marshalled(r result) int {
	raw, _ := json.Marshal(r) // of strings and numbers
	return len(raw) + 1
}
