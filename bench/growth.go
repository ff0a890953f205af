package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// growthRate is the arrival rate at which latency is measured, per second.
const growthRate = 100

// growthResult is what the product does with so many finished deliveries stored.
type growthResult struct {
	Stored    int               `json:"stored_deliveries"`
	Latency   latencyResult     `json:"latency"`
	Sustained *throughputResult `json:"sustained"`
	// Claim is what a claim of due deliveries cost while Sustained ran.
	Claim *claimResult `json:"claim,omitempty"`
	// P99Ratio and SustainedRatio relate to what there was on an empty database.
	P99Ratio       float64 `json:"p99_ratio,omitempty"`
	SustainedRatio float64 `json:"sustained_ratio,omitempty"`
	// Lists are one page of the deliveries by each filter and each pair of filters, as
	// an admin and as a user.
	Lists   []callResult `json:"lists,omitempty"`
	Seconds float64      `json:"storing_seconds,omitempty"`
}

func (b *bench) measureGrowth(ctx context.Context) error {
	empty, err := b.growthAt(ctx, 0)
	if err != nil {
		return fmt.Errorf("without a history: %w", err)
	}
	b.report.Growth = append(b.report.Growth, empty)
	past, err := b.pastOf(ctx)
	if err != nil {
		return err
	}
	full, err := b.growthAt(ctx, past.deliveries)
	if err == nil {
		full.Seconds = past.seconds
		full.P99Ratio = ratio(full.Latency.Latency.P99, empty.Latency.Latency.P99)
		full.SustainedRatio = ratio(full.Sustained.DeliveredPerSecond, empty.Sustained.DeliveredPerSecond)
		full.Lists, err = past.measure(ctx, b, deliveryLists(past))
	}
	b.report.Growth = append(b.report.Growth, full)
	return err
}

func (b *bench) growthAt(ctx context.Context, stored int) (growthResult, error) {
	result := growthResult{Stored: stored}
	var err error
	if result.Latency, err = b.latencyAt(ctx, fmt.Sprintf("growth-latency-%d", stored), growthRate); err != nil {
		return result, err
	}
	result.Sustained, err = b.throughput(ctx, fmt.Sprintf("growth-sustained-%d", stored), sceneSize{webhooks: 1, events: b.opts.events})
	if err != nil {
		return result, err
	}
	statements, err := b.postgres.statements(ctx)
	if err != nil {
		return result, err
	}
	var claim claimResult
	if claim.fill(statements); claim.Rows > 0 {
		result.Claim = &claim
	}
	return result, nil
}

// parameter is one of GET /v1/deliveries, in a value that finds much, little or
// nothing of the history.
type parameter struct{ name, value string }

func deliveryFilters(h *history) []parameter {
	return []parameter{
		{"webhook_id", h.webhooks[0]}, {"event_id", "evt_" + h.middle()}, {"status", "failed"}, {"status", "succeeded"}, {"status", "retrying"},
		{"event_type", "COMMENT_DELETED"}, {"reason", "status_5xx"}, {"reason", "timeout_headers"}, {"status_code", "503"}, {"status_code", "404"},
		{"kind", "published"}, {"kind", "test"}, {"project_id", h.project}, {"latest", "true"}, {"q", "dlv_" + h.middle()[:20]},
		{"since", time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)}, {"until", time.Now().AddDate(0, 0, -20).UTC().Format(time.RFC3339)},
	}
}

// middle is the end of the ids of the delivery in the middle that is the user's.
func (h *history) middle() string { return fmt.Sprintf("h%025x", h.deliveries/2/10*10) }

// deliveryLists asks by each filter, and by each two of different names.
func deliveryLists(h *history) []call {
	calls := []call{get("deliveries", "/v1/deliveries")}
	all := deliveryFilters(h)
	for i, a := range all {
		calls = append(calls, get("deliveries "+a.name+"="+a.short(), "/v1/deliveries?"+a.query()))
		for _, c := range all[i+1:] {
			if c.name != a.name {
				calls = append(calls, get("deliveries "+a.name+"="+a.short()+" "+c.name+"="+c.short(), "/v1/deliveries?"+a.query()+"&"+c.query()))
			}
		}
	}
	return calls
}

// listsShown is how many lists the table names, the slowest first; the JSON has all.
const listsShown = 12

func (r *report) printGrowth(t table) {
	if len(r.Growth) == 0 {
		return
	}
	t.title("Growth: %d/s, and as fast as accepted, with finished deliveries stored; aim: within 1.15 of none", growthRate)
	t.row("stored", "p50 ms", "p99 ms", "p99 ratio", "delivered/s", "ratio", "µs per claimed row", "s to store")
	for _, g := range r.Growth {
		var claim float64
		if g.Claim != nil {
			claim = g.Claim.PerRow
		}
		var delivered float64
		if g.Sustained != nil {
			delivered = g.Sustained.DeliveredPerSecond
		}
		t.row(g.Stored, g.Latency.Latency.P50, g.Latency.Latency.P99, known(g.P99Ratio), known(delivered), known(g.SustainedRatio), known(claim), known(g.Seconds))
	}
	for _, g := range r.Growth {
		printCalls(t, fmt.Sprintf("Lists of deliveries by each filter and pair of filters with %d stored; aim: p95 below 50 ms", g.Stored), g.Lists, listsShown)
	}
}

// printCalls writes the slowest of some calls, and how many there are.
func printCalls(t table, title string, calls []callResult, most int) {
	if len(calls) == 0 {
		return
	}
	slowest := slices.Clone(calls)
	slices.SortStableFunc(slowest, func(a, b callResult) int { return cmp.Compare(b.Took.P95, a.Took.P95) })
	t.title("%s: the slowest of %d", title, len(calls))
	t.row("call", "as", "p50 ms", "p95 ms", "max ms")
	for _, c := range slowest[:min(most, len(slowest))] {
		t.row(c.Name, c.As, c.Took.P50, c.Took.P95, c.Took.Max)
	}
}
