package main

import "context"

// Of each kind so many events are measured, and before them so many are
// published for the caches and plans.
const (
	ingestEvents = 500
	warmEvents   = 50
)

// ingestCost is of events that were published one after another.
type ingestCost struct {
	Accepted spread `json:"accepted"` // from the POST to the 202
	// What one event took in Postgres: statements (without BEGIN and COMMIT),
	// their time, and the pages that they touched, which no other load changes.
	Statements   float64 `json:"statements"`
	Milliseconds float64 `json:"sql_ms"`
	Blocks       float64 `json:"blocks"`
	// Ratio is the p50 of Accepted, BlocksRatio the pages, against the same kind
	// of events in the first result of the section.
	Ratio       float64 `json:"ratio"`
	BlocksRatio float64 `json:"blocks_ratio"`
	// CPU is in milliseconds per event; nil where /proc does not say.
	CPU *cpuCost `json:"cpu_ms,omitempty"`
	// First is how long the very first event took, before anything was cached.
	First float64        `json:"first_ms"`
	Top   []topStatement `json:"top_statements"`
}

// ingest publishes events one after another and measures what each costs.
func (b *bench) ingest(ctx context.Context, prefix string, publish request) (ingestCost, error) {
	warm := load{prefix: prefix + "-warm", n: warmEvents}.flatOut(ctx, 1, publish)
	if err := firstError(warm); err != nil {
		return ingestCost{}, err
	}
	meter, err := b.startMeter(ctx)
	if err != nil {
		return ingestCost{}, err
	}
	shots := load{prefix: prefix, n: ingestEvents}.flatOut(ctx, 1, publish)
	if err := firstError(shots); err != nil {
		return ingestCost{}, err
	}
	statements, err := b.postgres.statements(ctx)
	if err != nil {
		return ingestCost{}, err
	}
	product, _ := ofProduct(statements)
	c := ingestCostOf(product, ingestEvents)
	meter.peak.stop()
	c.CPU = meter.cpu().since(meter.before, ingestEvents) // seconds per 1,000 are milliseconds per one
	c.Accepted, c.First = spreadOf(answerTimes(shots)), milliseconds(warm[0].took)
	c.compare(c)
	return c, nil
}

// ingestCostOf is what the product's statements come to per event.
func ingestCostOf(product []statement, events int) ingestCost {
	count := countStatements(product, events)
	return ingestCost{
		Statements: count.Statements, Milliseconds: count.Milliseconds, Blocks: blocksPer(product, events), Top: top(product, events),
	}
}

func blocksPer(statements []statement, per int) float64 {
	var blocks int64
	for _, s := range statements {
		blocks += s.blocks
	}
	return share(float64(blocks), per)
}

// compare relates the cost to that of the first result.
func (c *ingestCost) compare(first ingestCost) {
	c.Ratio = ratio(c.Accepted.P50, first.Accepted.P50)
	c.BlocksRatio = ratio(c.Blocks, first.Blocks)
}
