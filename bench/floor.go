package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"github.com/lib/pq"
)

// floorRate is the arrival rate at which the floor's latency is measured.
const floorRate = 50

// floorResult is what the machine gives for one durable INSERT and one POST per
// event, and nothing else.
type floorResult struct {
	Events          int     `json:"events"`
	EventsPerSecond float64 `json:"events_per_second"`
	// Saturated is INSERT and POST together, while as many as possible are made.
	Saturated spread `json:"saturated"`
	// Latency is from the beginning of the INSERT to the arrival, at Rate.
	Rate    int    `json:"rate_per_second"`
	Latency spread `json:"latency"`
}

// floor writes each event to a table and then posts it.
type floor struct {
	insert *sql.Stmt
	http   *http.Client
	url    string
	body   []byte
}

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
	f := floor{insert: insert, http: newHTTPClient(), body: state("done")}
	result, err := b.floor(ctx, f)
	if err == nil {
		b.report.Floor = result
	}
	return err
}

func openFloor(ctx context.Context, url string) (*sql.DB, error) {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return nil, fmt.Errorf("connect to the floor's database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if _, err := db.ExecContext(ctx, `CREATE TABLE floor (id text PRIMARY KEY, body bytea NOT NULL)`); err != nil {
		_ = db.Close() // the first error says it all
		return nil, fmt.Errorf("make the floor's table: %w", err)
	}
	return db, nil
}

func (b *bench) floor(ctx context.Context, f floor) (*floorResult, error) {
	warm := load{"warm", 200}
	f.url = b.receiver.open("floor/warm", warm.n).url
	if err := firstError(warm.flatOut(ctx, connections, f.do)); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	result := &floorResult{Events: b.opts.events, Rate: floorRate}

	b.progress("floor: %d times INSERT and POST, %d at a time", result.Events, connections)
	f.url = b.receiver.open("floor/flat", result.Events).url
	began := time.Now()
	shots := load{"flat", result.Events}.flatOut(ctx, connections, f.do)
	result.EventsPerSecond = perSecond(result.Events, time.Since(began))
	result.Saturated = spreadOf(answerTimes(shots))
	if err := firstError(shots); err != nil {
		return nil, err
	}

	b.progress("floor: INSERT and POST, %d/s for %d s", floorRate, b.opts.rateSeconds)
	paced := load{"paced", floorRate * b.opts.rateSeconds}
	box := b.receiver.open("floor/paced", paced.n)
	f.url = box.url
	measured, err := arrivalTimes(ctx, paced.paced(ctx, floorRate, f.do), box)
	result.Latency = measured.Latency
	return result, err
}

// do inserts one event, which is durable then, and posts it.
func (f floor) do(ctx context.Context, id string) error {
	if _, err := f.insert.ExecContext(ctx, id, f.body); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(f.body))
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("Content-Type", "application/json")
	return exchange(f.http, req, nil)
}

func perSecond(n int, took time.Duration) float64 { return rounded(float64(n) / took.Seconds()) }
