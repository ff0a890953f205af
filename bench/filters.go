package main

import (
	"context"
	"fmt"
	"time"
)

// manyFilters is how many filters an event of the section is put to.
const manyFilters = 1_000

// filtersResult is what accepting an event costs that is put to so many filters,
// of which one is true.
type filtersResult struct {
	filterCase
	ingestCost
	// Over is by how much the p50 of accepting exceeds that of events that no
	// webhook wants.
	Over float64 `json:"over_none_ms"`
	// PerFilter is Over shared out; it has the writing of the one delivery in it.
	PerFilter float64 `json:"us_per_filter"`
	// Creating is how long it took to make the webhooks by the API.
	Creating float64 `json:"creating_seconds"`
}

// filterCase is how the filters that events of one type are put to are spread
// over webhooks.
type filterCase struct {
	Type     string `json:"event_type"`
	Webhooks int    `json:"webhooks"`
	Rules    int    `json:"rules_per_webhook"`
	Filters  int    `json:"filters"` // 0 = the rules have none
	Matches  int    `json:"matches"`
}

// filterCases begins with what the others are compared with.
func filterCases() []filterCase {
	return []filterCase{
		{Type: "TODO_CREATED"},
		{Type: "TODO_MOVED", Webhooks: 1, Rules: 1, Matches: 1},
		{Type: "TODO_NAME_CHANGED", Webhooks: manyFilters / 50, Rules: 50, Filters: manyFilters, Matches: 1},
		{Type: "TODO_DONE_STATUS_UPDATED", Webhooks: manyFilters, Rules: 1, Filters: manyFilters, Matches: 1},
	}
}

// filterText is the nth of the filters, from 1; of the events of the section the
// last one is true. In each of the others only the last of three conditions
// fails, so that none is spared.
func filterText(n int) string {
	return fmt.Sprintf("'status' in changed && current.amount > %d && current.priority == 'p%d'", 100*n, n)
}

// subscriptions lists the webhooks of the case. They are disabled, as in the
// matching section: what matches is held.
func (c filterCase) subscriptions(project, url string) []webhook {
	webhooks := make([]webhook, c.Webhooks)
	for i := range webhooks {
		webhooks[i] = webhook{Name: "filters", URL: url}
		for k := range c.Rules {
			r := rule{Events: []string{c.Type}, Projects: []string{project}}
			if c.Filters > 0 {
				r.Filter = filterText(i*c.Rules + k + 1)
			}
			webhooks[i].Rules = append(webhooks[i].Rules, r)
		}
	}
	return webhooks
}

func (b *bench) measureFilters(ctx context.Context) error {
	const project = "bench-filters"
	if err := b.putProject(ctx, project); err != nil {
		return err
	}
	var results []filtersResult
	for _, c := range filterCases() {
		b.progress("filters: making %d webhooks with %d rules each", c.Webhooks, c.Rules)
		began := time.Now()
		if err := b.createAll(ctx, c.subscriptions(project, b.receiver.base+"/filters")); err != nil {
			return err
		}
		results = append(results, filtersResult{filterCase: c, Creating: rounded(time.Since(began).Seconds())})
	}
	for _, r := range results {
		b.progress("filters: publishing to %d webhooks with %d filters", r.Webhooks, r.Filters)
		var err error
		s := scene{project: project, eventType: r.Type, previous: state("open")}
		if r.ingestCost, err = b.ingest(ctx, "filters-"+r.Type, b.publish(s, r.Matches)); err != nil {
			return fmt.Errorf("with %d webhooks and %d filters: %w", r.Webhooks, r.Filters, err)
		}
		if len(b.report.Filters) > 0 {
			r.compare(b.report.Filters[0])
		}
		b.report.Filters = append(b.report.Filters, r)
	}
	return nil
}

// createAll makes webhooks, several at a time.
func (b *bench) createAll(ctx context.Context, webhooks []webhook) error {
	queue := make(chan webhook, len(webhooks))
	for _, w := range webhooks {
		queue <- w
	}
	shots := load{n: len(webhooks)}.flatOut(ctx, 8, func(ctx context.Context, _ string) error {
		_, err := b.create(ctx, <-queue)
		return err
	})
	return firstError(shots)
}

// compare relates the cost to that of events that no webhook wants.
func (r *filtersResult) compare(none filtersResult) {
	r.ingestCost.compare(none.ingestCost)
	r.Over = rounded(r.Accepted.P50 - none.Accepted.P50)
	if r.Filters > 0 {
		r.PerFilter = ratio(1000*r.Over, float64(r.Filters))
	}
}
