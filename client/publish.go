package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// The limits of one batch; the API takes bodies of up to 8 MiB.
const (
	maxBatch      = 500
	maxBatchBytes = 7 << 20
)

// Publish publishes an event. One without an id gets one here, so that it is published
// once however often it has to be sent; give it your own to be able to publish it again
// after a crash.
func (c *Client) Publish(ctx context.Context, event EventForm, options ...Option) (*Published, error) {
	return answer[Published](ctx, c, call{http.MethodPost, "/v1/events", nil, identified(event)}, append(slices.Clone(options), unkeyed))
}

// PublishAll publishes any number of events in batches, in their order. Each is accepted
// or refused by itself; the results are in the order of the events, and those that were
// refused have an Error. Events that came too fast, or that the server had no room for,
// are sent again. When the error is not nil, the results are those of the events before
// the batch that failed.
func (c *Client) PublishAll(ctx context.Context, events []EventForm, options ...Option) ([]BatchResult, error) {
	results := make([]BatchResult, 0, len(events))
	for len(events) > 0 {
		batch, err := batchOf(events)
		if err != nil {
			return results, err
		}
		some, err := c.publishBatch(ctx, batch, options)
		if err != nil {
			return results, err
		}
		results, events = append(results, some...), events[len(batch):]
	}
	return results, nil
}

// batchOf takes as many of the first events as one request may hold.
func batchOf(events []EventForm) ([]EventForm, error) {
	var batch []EventForm
	size := 0
	for _, event := range events[:min(len(events), maxBatch)] {
		event = identified(event)
		raw, err := json.Marshal(event)
		if err != nil {
			return nil, fmt.Errorf("godwit: the event %s can't be encoded: %w", *event.ID, err)
		}
		if size += len(raw) + 1; size > maxBatchBytes && len(batch) > 0 {
			break
		}
		batch = append(batch, event)
	}
	return batch, nil
}

// publishBatch sends a batch, and again those of its events that may be accepted later.
func (c *Client) publishBatch(ctx context.Context, batch []EventForm, options []Option) ([]BatchResult, error) {
	results := make([]BatchResult, len(batch))
	places := make([]int, len(batch)) // of the events that are yet to be accepted
	for i := range places {
		places[i] = i
	}
	for try := 1; ; try++ {
		form := BatchForm{}
		for _, place := range places {
			form.Events = append(form.Events, batch[place])
		}
		got, err := answer[BatchAnswer](ctx, c, call{http.MethodPost, "/v1/events/batch", nil, form}, append(slices.Clone(options), unkeyed))
		if err != nil {
			return nil, err
		}
		if len(got.Results) != len(places) {
			return nil, fmt.Errorf("godwit: %d results for %d events", len(got.Results), len(places))
		}
		var later []int
		for i, result := range got.Results {
			results[places[i]] = result
			if result.Error != nil && (result.Error.Code == ProblemCodeRateLimited || result.Error.Code == ProblemCodeUnavailable) {
				later = append(later, places[i])
			}
		}
		if places = later; len(places) == 0 || try >= c.tries() {
			return results, nil
		}
		if err := pause(ctx, waitAfter(try)); err != nil {
			return nil, err
		}
	}
}

// identified gives an event that has an id.
func identified(event EventForm) EventForm {
	if event.ID == nil {
		event.ID = new(rand.Text())
	}
	return event
}

// unkeyed: an event's id does what a key would do, and costs nothing.
func unkeyed(r *request) { r.header.Del("Idempotency-Key") }
