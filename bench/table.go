package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table writes aligned columns; it keeps the first error for the end.
type table struct {
	*tabwriter.Writer
}

func newTable(w io.Writer) table {
	return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

// title begins a section.
func (t table) title(format string, args ...any) {
	fmt.Fprintf(t, "\n"+format+"\n", args...)
}

// row writes one line of cells.
func (t table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = fmt.Sprint(cell)
	}
	fmt.Fprintln(t, "  "+strings.Join(texts, "\t"))
}

// print writes the report for people.
func (r *report) print(w io.Writer) error {
	t := newTable(w)
	e := r.Environment
	t.title("Godwit %s, %s %s, Postgres %s, %d cores (%s), load average %s", e.Commit, e.Go, e.System, e.Postgres, e.Cores, e.CPU, e.Load)
	if r.Runs > 0 {
		t.title("Each figure is the median of %d runs", r.Runs)
	}
	r.printFloor(t)
	r.printLatency(t)
	r.printThroughput(t)
	r.printCost(t)
	r.printFaulty(t)
	r.printMatching(t)
	r.printFilters(t)
	r.printClaims(t)
	r.printRetention(t)
	r.printTenants(t)
	r.printCluster(t)
	r.printGrowth(t)
	r.printPages(t)
	if r.StartSeconds > 0 {
		t.title("Standalone: ready after %v s, stopped in %v s; the run took %v s", r.StartSeconds, r.StopSeconds, r.Seconds)
	}
	for _, problem := range r.Problems {
		t.title("FAILED: %s", problem)
	}
	return t.Flush()
}

func (r *report) printFloor(t table) {
	if r.Floor == nil {
		return
	}
	f := r.Floor
	t.title("Floor: an event by HTTP, one durable INSERT, 202, one POST, outcomes written in groups; nothing else")
	t.row("events/s", "p50 ms then", fmt.Sprintf("p50 ms at %d/s", f.Rate), "p95", "p99", "max")
	t.row(f.EventsPerSecond, f.Saturated.P50, f.Latency.P50, f.Latency.P95, f.Latency.P99, f.Latency.Max)
}

func (r *report) printLatency(t table) {
	if len(r.Latency) == 0 {
		return
	}
	t.title("Latency in ms, from the POST of an event to its arrival")
	t.row("rate/s", "p50", "p95", "p99", "max", "p50 to 202", "duplicates", "p50 / floor", "load late p99")
	for _, l := range r.Latency {
		t.row(l.Rate, l.Latency.P50, l.Latency.P95, l.Latency.P99, l.Latency.Max, l.Accepted.P50, l.Duplicates, known(r.latencyFloor(l)), l.Late.P99)
	}
}

func (r *report) printThroughput(t table) {
	if len(r.throughputs()) == 0 {
		return
	}
	t.title("Throughput: events sent by %d connections as fast as they are accepted", connections)
	t.row("events", "webhooks", "accepted/s", "p99 ms to 202", "delivered/s", "recorded and closed/s", "lost", "late", "duplicates", "delivered / floor")
	for _, p := range r.throughputs() {
		t.row(p.Events, p.Webhooks, p.AcceptedPerSecond, p.Accepted.P99, known(p.DeliveredPerSecond), known(p.ClosedPerSecond), p.Lost, p.Late, p.Duplicates, known(r.throughputFloor(p)))
	}
}

func (r *report) printCost(t table) {
	for _, p := range r.throughputs() {
		if p.Cost == nil {
			continue
		}
		c := p.Cost
		t.title("Cost at fan-out %d, of %d events", p.Webhooks, p.Events)
		t.row("", "statements", "BEGIN, COMMIT", "ms in Postgres")
		t.row("product, per event", c.Product.Statements, c.Product.Transactions, c.Product.Milliseconds)
		t.row("Temporal, per delivery", c.Temporal.Statements, c.Temporal.Transactions, c.Temporal.Milliseconds)
		if c.CPU != nil {
			t.title("  CPU seconds per 1,000 deliveries: standalone %v, Postgres %v (producer and receiver %v)", c.CPU.Standalone, c.CPU.Postgres, c.CPU.Load)
		}
		if c.Memory != nil {
			t.title("  memory at the end: standalone %v MiB (RSS), Postgres %v MiB (PSS); most of both together while it ran: %v MiB", c.Memory.StandaloneRSS, c.Memory.PostgresPSS, c.Memory.Peak)
		}
		printTop(t, c.Top)
	}
}

func printTop(t table, statements []topStatement) {
	t.title("  Most time in Postgres")
	t.row("database", "calls", "ms", "share", "statement")
	for _, s := range statements {
		t.row(s.Database, s.Calls, s.Milliseconds, s.Share, shortened(s.Statement))
	}
}

func (r *report) printMatching(t table) {
	if len(r.Matching) == 0 {
		return
	}
	t.title("Matching: accepting one event (POST to 202) while webhooks that don't match are stored; aim: p50 ratio up to 2")
	t.row("stored", "matches", "p50 ms", "p95 ms", "p50 ratio", "statements", "ms in Postgres", "pages", "pages ratio")
	for _, m := range r.Matching {
		m.printCost(t, 0, m.None)
		m.printCost(t, 1, m.One)
		m.printCost(t, 10, m.Ten)
	}
}

func (m matchingResult) printCost(t table, matches int, c ingestCost) {
	t.row(m.Stored, matches, c.Accepted.P50, c.Accepted.P95, c.Ratio, c.Statements, c.Milliseconds, c.Blocks, c.BlocksRatio)
}

func (r *report) printFilters(t table) {
	if len(r.Filters) == 0 {
		return
	}
	t.title("Filters: accepting one event (POST to 202) that is put to filters, of which one is true; aim: less than 5 ms over none")
	t.row("webhooks", "filters", "matches", "p50 ms", "p95 ms", "p50 ratio", "ms over none", "µs per filter", "statements", "ms in Postgres", "CPU ms of Godwit", "first ms")
	for _, f := range r.Filters {
		t.row(f.Webhooks, f.Filters, f.Matches, f.Accepted.P50, f.Accepted.P95, f.Ratio, f.Over, known(f.PerFilter),
			f.Statements, f.Milliseconds, known(f.CPU.standalone()), f.First)
	}
}

func (r *report) printFaulty(t table) {
	if len(r.Faulty) == 0 {
		return
	}
	t.title("Faults: ms from the POST to the arrival at healthy receivers while %d of %d are faulty; aim: p99 ratio up to 2", faultyOf, faultyWebhooks)
	t.row("fault", "events/s", "p50", "p95", "p99", "p99 ratio")
	for _, f := range r.Faulty {
		t.row(f.Fault, f.Rate, f.Latency.P50, f.Latency.P95, f.Latency.P99, f.Ratio)
	}
}

func (r *report) printClaims(t table) {
	if len(r.Claims) == 0 {
		return
	}
	t.title("Claiming due deliveries, in Postgres")
	t.row("pending", "ms", "rows", "pages", "µs per row")
	for _, c := range r.Claims {
		t.row(c.Pending, c.Milliseconds, c.Rows, c.Blocks, c.PerRow)
	}
}

// known is a figure, or a dash for one that was not measured.
func known(x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprint(x)
}

// shortened is a statement that fits on a line; the JSON has all of it.
func shortened(text string) string {
	const most = 90
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
