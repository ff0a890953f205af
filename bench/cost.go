package main

import (
	"context"
	"fmt"
)

// cost is what a run took beside time.
type cost struct {
	Deliveries int `json:"deliveries"`
	// Product counts per event, Temporal per delivery.
	Product  statementCount `json:"product_statements_per_event"`
	Temporal statementCount `json:"temporal_statements_per_delivery"`
	// CPU seconds per 1,000 deliveries; nil where /proc does not say. Load is
	// this program: producer and receiver.
	CPU *cpuCost `json:"cpu_seconds_per_1000_deliveries,omitempty"`
	// Memory at the end of the run.
	Memory *memoryCost `json:"memory_mib,omitempty"`
	// Top holds the statements that took the most time in Postgres, of the product
	// and of Temporal.
	Top []topStatement `json:"top_statements"`
}

type statementCount struct {
	Statements   float64 `json:"statements"`   // all but BEGIN, COMMIT, ROLLBACK
	Transactions float64 `json:"transactions"` // BEGIN, COMMIT, ROLLBACK
	Milliseconds float64 `json:"milliseconds"` // in Postgres, all of them
}

type cpuCost struct {
	Standalone float64 `json:"standalone"`
	Postgres   float64 `json:"postgres"`
	Load       float64 `json:"load"`
}

// standalone is 0 where it is not known.
func (c *cpuCost) standalone() float64 {
	if c == nil {
		return 0
	}
	return c.Standalone
}

// product is what the product and its Postgres used; 0 where it is not known.
func (c *cpuCost) product() float64 {
	if c == nil {
		return 0
	}
	return rounded(c.Standalone + c.Postgres)
}

type memoryCost struct {
	StandaloneRSS float64 `json:"standalone_rss"`
	PostgresPSS   float64 `json:"postgres_pss"`
	// Peak is the most of both together while the section ran, sampled.
	Peak float64 `json:"peak"`
}

func (m memoryCost) total() float64 { return m.StandaloneRSS + m.PostgresPSS }

// meter measures the cost from its start on.
type meter struct {
	postgres *postgres
	pids     []int
	before   *cpuSeconds
	peak     *peak
}

func (b *bench) startMeter(ctx context.Context) (*meter, error) {
	m := &meter{postgres: b.postgres, pids: b.pids}
	m.peak = watchPeak(ctx, m.memory)
	m.before = m.cpu()
	return m, m.postgres.resetStatements(ctx)
}

func (m *meter) stop(ctx context.Context, size sceneSize) (*cost, error) {
	after := m.cpu()
	statements, err := m.postgres.statements(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cost: %w", err)
	}
	deliveries := size.events * size.webhooks
	c := costOf(statements, size)
	c.CPU = after.since(m.before, deliveries)
	c.Memory = m.memory()
	if most := m.peak.stop(); c.Memory != nil {
		c.Memory.Peak = rounded(max(most, c.Memory.total()))
	}
	return c, nil
}

// costOf counts statements per event and per delivery.
func costOf(statements []statement, size sceneSize) *cost {
	deliveries := size.events * size.webhooks
	product, temporal := ofProduct(statements)
	return &cost{
		Deliveries: deliveries,
		Product:    countStatements(product, size.events),
		Temporal:   countStatements(temporal, deliveries),
		Top:        append(top(product, size.events), top(temporal, deliveries)...),
	}
}

// cpuSeconds is what the processes have used since they began.
type cpuSeconds cpuCost

// cpu is nil where the system does not say.
func (m *meter) cpu() *cpuSeconds {
	app := 0.0
	for _, pid := range m.pids {
		p, err := readProcess(pid)
		if err != nil {
			return nil
		}
		app += p.seconds()
	}
	server, err := readFamily(m.postgres.postmaster)
	if err != nil {
		return nil
	}
	own, err := readProcess(ownPID())
	if err != nil {
		return nil
	}
	return &cpuSeconds{Standalone: app, Postgres: server.cpuSeconds(), Load: own.seconds()}
}

// cpuOfAll is the CPU seconds that the product and its Postgres have used.
func (b *bench) cpuOfAll() float64 {
	all := (&meter{postgres: b.postgres, pids: b.pids}).cpu()
	if all == nil {
		return 0
	}
	return all.Standalone + all.Postgres
}

func (after *cpuSeconds) since(before *cpuSeconds, deliveries int) *cpuCost {
	if after == nil || before == nil {
		return nil
	}
	per1000 := func(now, then float64) float64 { return rounded((now - then) * 1000 / float64(deliveries)) }
	return &cpuCost{
		Standalone: per1000(after.Standalone, before.Standalone),
		Postgres:   per1000(after.Postgres, before.Postgres),
		Load:       per1000(after.Load, before.Load),
	}
}

func (m *meter) memory() *memoryCost {
	rss := 0.0
	for _, pid := range m.pids {
		mib, err := residentMiB(pid)
		if err != nil {
			return nil
		}
		rss += mib
	}
	server, err := readFamily(m.postgres.postmaster)
	if err != nil {
		return nil
	}
	pss, err := server.proportionalMiB()
	if err != nil {
		return nil
	}
	return &memoryCost{StandaloneRSS: rounded(rss), PostgresPSS: rounded(pss)}
}
