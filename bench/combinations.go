package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// pairs is how many deliveries there are: far fewer than the windows that a webhook
	// may have open.
	pairs = 3_000
	// aloneWithin is how long the windows are: each of the records that never come to
	// their second event waits so long.
	aloneWithin = "30s"
)

// measureCombinations publishes two events of one record for each delivery, and one event
// of another record, which stays alone.
func (b *bench) measureCombinations(ctx context.Context) error {
	size := sceneSize{webhooks: 1, events: pairs, rule: rule{
		AllOf: []rule{{Events: []string{eventType}}, {Events: []string{"TODO_DELETED"}}}, Within: aloneWithin, Same: "current.id",
	}}
	b.progress("%s: %d pairs of events and as many events alone, sent by %d connections", sectionCombine, pairs, connections)
	s, err := b.scene(ctx, sectionCombine, size)
	if err != nil {
		return err
	}
	meter, err := b.startMeter(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	sending, stop := context.WithTimeout(ctx, b.opts.wait)
	defer stop()
	shots := load{prefix: sectionCombine, n: pairs}.flatOut(sending, connections, b.pair(s))
	result := &throughputResult{
		Events: size.events, Webhooks: size.webhooks, AcceptedPerSecond: perSecond(3*pairs, time.Since(began)), Accepted: spreadOf(answerTimes(shots)),
	}
	b.report.Combinations = result
	if err := firstError(shots); err != nil {
		return err
	}
	return b.arrive(ctx, underWay{sectionCombine, s.boxes, began, meter}, result)
}

// pair publishes the events of one delivery, and one that waits alone.
func (b *bench) pair(s scene) request {
	return func(ctx context.Context, id string) error {
		for _, e := range []event{
			{ID: id + "-alone", Type: eventType, Current: record(id + "-alone")},
			{ID: id + "-first", Type: eventType, Current: record(id)},
			{ID: id + "-second", Type: "TODO_DELETED", Current: record(id)},
		} {
			e.ProjectID = s.project
			if err := b.api.call(ctx, http.MethodPost, "/v1/events", e, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

// record is the state of a record.
func record(id string) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"id":%q}`, id)) }
