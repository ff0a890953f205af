package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// attack is what a tenant does that could stop the others, on purpose or not.
type attack struct {
	name string
	// prepare makes what is needed; run goes on until ctx ends.
	prepare func(ctx context.Context, b *bench, t *tenant) error
	run     func(ctx context.Context, b *bench, t *tenant)
}

func attacks() []attack {
	return []attack{
		{"1,005 webhooks that hang, 10 events", prepareMany(1005, hangPath), publishEach(10)},
		{"8 webhooks that take 25 s", prepareMany(8, lastingPath), publishAt(50)},
		{"5,000 failures of 40 webhooks", prepareDead(40), publishEach(125)},
		{"20 costly filters", prepareFilters(20), publishAt(20)},
		{"45 lists at a time", prepareMany(1, slowPath), listAll(45)},
		{"2 batches of 500 events to 20 webhooks", prepareMany(20, failPath), publishBatches(2)},
		{"20 previews and explains at a time", prepareFilters(20), tryRules(20)},
	}
}

func prepareMany(n int, path string) func(context.Context, *bench, *tenant) error {
	return func(ctx context.Context, b *bench, t *tenant) error {
		return t.subscribeMany(ctx, n, webhook{URL: b.receiver.base + path})
	}
}

// prepareDead makes webhooks to an address where nobody listens.
func prepareDead(n int) func(context.Context, *bench, *tenant) error {
	return func(ctx context.Context, _ *bench, t *tenant) error {
		closed, err := freeAddresses(ctx, 1)
		if err != nil {
			return err
		}
		return t.subscribeMany(ctx, n, webhook{URL: "http://" + closed[0] + "/"})
	}
}

// costlyFilter compares each number with each other one, as often as 900 bytes say.
var costlyFilter = strings.TrimSuffix(strings.Repeat("current.n.exists(x, current.n.exists(y, x + y == -1)) || ", 15), " || ")

func costlyState() json.RawMessage {
	numbers := make([]int, 100)
	for i := range numbers {
		numbers[i] = i
	}
	text, _ := json.Marshal(map[string]any{"n": numbers}) // never fails
	return text
}

func prepareFilters(n int) func(context.Context, *bench, *tenant) error {
	return func(ctx context.Context, b *bench, t *tenant) error {
		rules := []rule{{Events: []string{eventType}, Projects: []string{t.project}, Filter: costlyFilter}}
		return t.subscribeMany(ctx, n, webhook{URL: b.receiver.base + failPath, Rules: rules})
	}
}

// publishEach posts n events one after another, and then waits.
func publishEach(n int) func(context.Context, *bench, *tenant) {
	return func(ctx context.Context, _ *bench, t *tenant) {
		for i := range n {
			t.requests.Add(1)
			_ = t.publish(ctx, fmt.Sprintf("%s-%d", t.owner, i), state("done")) // it may be refused
		}
		<-ctx.Done()
	}
}

// publishAt posts so many events a second.
func publishAt(rate int) func(context.Context, *bench, *tenant) {
	return func(ctx context.Context, _ *bench, t *tenant) {
		load{prefix: t.owner, n: rate * 60}.paced(ctx, rate, func(ctx context.Context, id string) error {
			if ctx.Err() != nil {
				return nil
			}
			t.requests.Add(1)
			return t.publish(ctx, id, costlyState())
		})
	}
}

func publishBatches(n int) func(context.Context, *bench, *tenant) {
	return func(ctx context.Context, _ *bench, t *tenant) {
		pause(ctx, attackLead) // so that they fall into what is measured
		load{prefix: t.owner, n: n}.flatOut(ctx, n, func(ctx context.Context, id string) error {
			t.requests.Add(1)
			return t.publishMany(ctx, id, 500)
		})
		<-ctx.Done()
	}
}

func listAll(workers int) func(context.Context, *bench, *tenant) {
	paths := []string{"/v1/deliveries?limit=100", "/v1/events?limit=100", "/v1/deliveries?status=failed&limit=100", "/v1/webhooks?limit=100"}
	return func(ctx context.Context, _ *bench, t *tenant) {
		n := 0
		for ; n < 2000; n++ { // something to list
			if ctx.Err() != nil || n%500 == 0 && t.publishMany(ctx, fmt.Sprint(t.owner, n), 500) != nil {
				break
			}
		}
		t.again(ctx, workers, func(ctx context.Context, id string) error {
			return t.user.call(ctx, http.MethodGet, paths[len(id)%len(paths)], nil, nil)
		})
	}
}

// tryRules asks what costly rules would match, and why an event did not.
func tryRules(workers int) func(context.Context, *bench, *tenant) {
	return func(ctx context.Context, _ *bench, t *tenant) {
		for i := range 100 {
			_ = t.publish(ctx, fmt.Sprintf("%s-tried-%d", t.owner, i), costlyState())
		}
		rules := []rule{{Events: []string{eventType}, Projects: []string{t.project}, Filter: costlyFilter}}
		preview := map[string]any{"owner_id": t.owner, "rules": rules, "since": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}
		explain := map[string]any{"event_id": t.owner + "-tried-0"}
		t.again(ctx, workers, func(ctx context.Context, id string) error {
			if len(id)%2 == 0 {
				return t.user.call(ctx, http.MethodPost, "/v1/webhooks/preview", preview, nil)
			}
			return t.user.call(ctx, http.MethodPost, "/v1/webhooks/"+t.webhooks[0]+"/explain", explain, nil)
		})
	}
}
