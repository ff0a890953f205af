package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// floorRate is the arrival rate at which the floor's latency is measured.
const floorRate = 50

// floorResult is what the machine gives for the least that any webhook sender
// must do to lose nothing: take an event by HTTP, one durable INSERT, 202, one
// POST, and its outcome, written in groups.
type floorResult struct {
	Events          int     `json:"events"`
	EventsPerSecond float64 `json:"events_per_second"` // until every outcome was written
	// Saturated is the time to the 202, while as many as possible are sent.
	Saturated spread `json:"saturated"`
	// Latency is from the sending of the event to its arrival, at Rate.
	Rate    int    `json:"rate_per_second"`
	Latency spread `json:"latency"`
}

// floor is that least sender.
type floor struct {
	insert   *sql.Stmt
	outcomes *outcomes
	posts    chan struct{} // has room for those under way
	http     *http.Client
	receiver string
	// url is where events are taken; their path there is that of the receiver.
	url  string
	body []byte
}

// floorPosts is how many POSTs to the receiver are under way at most.
const floorPosts = 256

func (b *bench) measureFloor(ctx context.Context) error {
	db, err := openFloor(ctx, b.postgres.url(floorDatabase))
	if err != nil {
		return err
	}
	defer db.Close()
	insert, err := db.PrepareContext(ctx, `INSERT INTO floor (id, body) VALUES ($1, $2)`)
	if err != nil {
		return fmt.Errorf("prepare the insert: %w", err)
	}
	defer insert.Close()
	f := &floor{insert: insert, outcomes: writeOutcomes(ctx, db), posts: make(chan struct{}, floorPosts),
		http: newHTTPClient(), receiver: b.receiver.base, body: state("done")}
	front := httptest.NewServer(f)
	defer front.Close()
	f.url = front.URL
	result, err := b.floor(ctx, f)
	if err = errors.Join(err, f.outcomes.end()); err == nil {
		b.report.Floor = result
	}
	return err
}

// outcomes are written up to so many by one statement, as soon as the one before
// is done.
const outcomesTogether = 100

// outcomes writes the outcome of events.
type outcomes struct {
	posted  chan string
	waiting sync.WaitGroup // for those that are not written yet

	mu  sync.Mutex
	err error // the first one, of a POST or a write
}

func writeOutcomes(ctx context.Context, db *sql.DB) *outcomes {
	o := &outcomes{posted: make(chan string, floorPosts)}
	go func() {
		for id := range o.posted {
			ids := []string{id}
			for len(ids) < outcomesTogether && len(o.posted) > 0 {
				ids = append(ids, <-o.posted)
			}
			_, err := db.ExecContext(ctx, `UPDATE floor SET status = 200, finished_at = now() WHERE id = ANY($1)`, pq.Array(ids))
			o.failed(err)
			o.waiting.Add(-len(ids))
		}
	}()
	return o
}

func (o *outcomes) failed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = cmp.Or(o.err, err)
}

func (o *outcomes) write(id string, err error) {
	o.failed(err)
	o.posted <- id
}

// end says whether all went well.
func (o *outcomes) end() error {
	o.waiting.Wait()
	close(o.posted)
	return o.err
}

func openFloor(ctx context.Context, url string) (*sql.DB, error) {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return nil, fmt.Errorf("connect to the floor's database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if _, err := db.ExecContext(ctx, `CREATE TABLE floor (id text PRIMARY KEY, body bytea NOT NULL, status int, finished_at timestamptz) WITH (fillfactor = 70)`); err != nil {
		_ = db.Close() // the first error says it all
		return nil, fmt.Errorf("make the floor's table: %w", err)
	}
	return db, nil
}

func (b *bench) floor(ctx context.Context, f *floor) (*floorResult, error) {
	warm := load{"warm", 200}
	if err := firstError(warm.flatOut(ctx, connections, f.send(b.receiver.open("floor/warm", warm.n)))); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	result := &floorResult{Events: b.opts.events, Rate: floorRate}

	b.progress("floor: %d events, %d at a time", result.Events, connections)
	flat := b.receiver.open("floor/flat", result.Events)
	began := time.Now()
	shots := load{"flat", result.Events}.flatOut(ctx, connections, f.send(flat))
	f.outcomes.waiting.Wait()
	result.EventsPerSecond = perSecond(result.Events, time.Since(began))
	result.Saturated = spreadOf(answerTimes(shots))
	if err := firstError(shots); err != nil {
		return nil, err
	}

	b.progress("floor: %d/s for %d s", floorRate, b.opts.rateSeconds)
	paced := load{"paced", floorRate * b.opts.rateSeconds}
	box := b.receiver.open("floor/paced", paced.n)
	measured, err := arrivalTimes(ctx, paced.paced(ctx, floorRate, f.send(box)), box)
	result.Latency = measured.Latency
	return result, err
}

// send gives the request that sends an event on its way to the box.
func (f *floor) send(box *mailbox) request {
	url := f.url + strings.TrimPrefix(box.url, f.receiver)
	return func(ctx context.Context, id string) error { return f.post(ctx, url, id) }
}

func (f *floor) post(ctx context.Context, url, id string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(f.body))
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("Content-Type", "application/json")
	return exchange(f.http, req, nil)
}

// ServeHTTP takes an event.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, url := r.Header.Get("webhook-id"), f.receiver+r.URL.Path
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_, err = f.insert.ExecContext(r.Context(), id, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.outcomes.waiting.Add(1)
	go func() {
		f.posts <- struct{}{}
		err := f.post(context.Background(), url, id)
		<-f.posts
		f.outcomes.write(id, err)
	}()
	w.WriteHeader(http.StatusAccepted)
}

func perSecond(n int, took time.Duration) float64 { return rounded(float64(n) / took.Seconds()) }
