package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	clusterDatabase = "cluster"
	clusterAPIs     = 2
	clusterWorkers  = 2
	// clusterRate is the arrival rate at which latency is measured, per second.
	clusterRate = 100
	// clusterSlow is how long the slow receivers take. One webhook goes to each.
	clusterSlow     = 200 * time.Millisecond
	clusterSlowTo   = 10
	clusterSlowEach = 1_000
)

// clusterResult is the production shape, several processes of each role against a
// Postgres and a Temporal that are none of theirs, beside the standalone of the same
// run. The standalone goes on running, and is at rest: its Temporal serves both.
type clusterResult struct {
	Latency    latencyResult     `json:"latency"`
	Sustained  *throughputResult `json:"sustained"`
	Alone      *throughputResult `json:"standalone_sustained"`
	AloneAt    latencyResult     `json:"standalone_latency"`
	Throughput float64           `json:"sustained_ratio"`
	CPU        float64           `json:"cpu_ratio"` // CPU seconds per 1,000 deliveries, Postgres included
	// Slow are deliveries to receivers that take clusterSlow, by more and more workers.
	Slow []slowResult `json:"slow_receivers"`
}

type slowResult struct {
	Workers            int     `json:"workers"`
	DeliveredPerSecond float64 `json:"delivered_per_second"`
	CPU                float64 `json:"cpu_cores"` // that were busy, of all processes
}

func (b *bench) measureCluster(ctx context.Context) (err error) {
	result := &clusterResult{}
	b.report.Cluster = result
	if result.AloneAt, err = b.latencyAt(ctx, "cluster-alone-latency", clusterRate); err != nil {
		return err
	}
	if result.Alone, err = b.throughput(ctx, "cluster-alone", sceneSize{webhooks: 1, events: b.opts.events}); err != nil {
		return err
	}
	c, err := b.cluster(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.grow(ctx, clusterAPIs, clusterWorkers); err != nil {
		return err
	}
	if err := c.warmUp(ctx); err != nil {
		return err
	}
	if result.Latency, err = c.latencyAt(ctx, "cluster-latency", clusterRate); err != nil {
		return err
	}
	if result.Sustained, err = c.throughput(ctx, "cluster", sceneSize{webhooks: 1, events: b.opts.events}); err != nil {
		return err
	}
	result.Throughput = ratio(result.Sustained.DeliveredPerSecond, result.Alone.DeliveredPerSecond)
	result.CPU = ratio(result.Sustained.Cost.CPU.product(), result.Alone.Cost.CPU.product())
	result.Slow, err = c.slowly(ctx)
	return err
}

// slowly measures one worker, two and four.
func (c *cluster) slowly(ctx context.Context) (results []slowResult, err error) {
	for _, n := range []int{1, 2, 4} {
		if err := c.shrink(n); err != nil {
			return results, err
		}
		if err := c.grow(ctx, clusterAPIs, n); err != nil {
			return results, err
		}
		before := c.cpuOfAll()
		began := time.Now()
		got, err := c.throughput(ctx, fmt.Sprintf("cluster-slow-%d", n), sceneSize{webhooks: clusterSlowTo, events: clusterSlowEach, answersAfter: clusterSlow})
		if err != nil {
			return results, fmt.Errorf("%d workers: %w", n, err)
		}
		busy := ratio(c.cpuOfAll()-before, time.Since(began).Seconds())
		results = append(results, slowResult{Workers: n, DeliveredPerSecond: got.DeliveredPerSecond, CPU: busy})
	}
	return results, nil
}

// cluster is a bench whose product is several processes with a database of their own.
type cluster struct {
	*bench
	env           []string
	key           string
	apis, workers []*standalone
}

func (b *bench) cluster(ctx context.Context) (*cluster, error) {
	seal := make([]byte, 32)
	_, _ = rand.Read(seal) // it never fails
	if _, err := b.postgres.admin.ExecContext(ctx, `CREATE DATABASE `+clusterDatabase); err != nil {
		return nil, fmt.Errorf("make the cluster's database: %w", err)
	}
	own, on := *b, *b.postgres
	on.name = clusterDatabase
	var err error
	if on.product, err = on.open(clusterDatabase); err != nil {
		return nil, err
	}
	own.postgres, own.others, own.past = &on, nil, nil
	c := &cluster{bench: &own, key: rand.Text()}
	c.env = append(foreignEnvironment(),
		"GODWIT_DATABASE_URL="+b.postgres.url(clusterDatabase), "GODWIT_ADMIN_KEY="+c.key, "GODWIT_ENCRYPTION_KEY="+base64.StdEncoding.EncodeToString(seal),
		"GODWIT_TEMPORAL_ADDRESS="+b.app.temporal, "GODWIT_TEMPORAL_NAMESPACE="+clusterDatabase, "GODWIT_LOG_LEVEL=error",
		"GODWIT_EGRESS_ALLOW=127.0.0.0/8", "GODWIT_ALLOW_HTTP=true",
		"GODWIT_USER_WEBHOOKS=0", "GODWIT_USER_RULES=0", "GODWIT_COMPANY_EVENT_RATE=0", "GODWIT_COMPANY_BYTE_RATE=0")
	migrate := exec.CommandContext(ctx, c.binary(), "migrate", "up")
	migrate.Env = c.env
	if said, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the cluster's tables: %w: %.500s", err, said)
	}
	return c, nil
}

// binary is godwit, which make build puts beside the standalone.
func (c *cluster) binary() string { return filepath.Join(filepath.Dir(c.opts.standalone), "godwit") }

// grow starts processes until there are so many of each role.
func (c *cluster) grow(ctx context.Context, apis, workers int) error {
	for _, role := range []struct {
		name      string
		processes *[]*standalone
		n         int
	}{{"api", &c.apis, apis}, {"worker", &c.workers, workers}} {
		for len(*role.processes) < role.n {
			c.progress("cluster: starting %s %d", role.name, len(*role.processes)+1)
			p, err := c.serve(ctx, role.name)
			if err != nil {
				return fmt.Errorf("start a process of role %s: %w", role.name, err)
			}
			*role.processes = append(*role.processes, p)
		}
	}
	addresses, pids := []string{}, []int{c.app.pid}
	for _, p := range c.apis {
		addresses, pids = append(addresses, p.address), append(pids, p.pid)
	}
	for _, p := range c.workers {
		pids = append(pids, p.pid)
	}
	c.api, c.pids = newClient(c.key, addresses...), pids
	return nil
}

// shrink ends workers until there are n.
func (c *cluster) shrink(n int) error {
	for len(c.workers) > n {
		last := len(c.workers) - 1
		if _, err := c.workers[last].stop(); err != nil {
			return err
		}
		c.workers = c.workers[:last]
	}
	return nil
}

// stop ends all processes.
func (c *cluster) stop() (err error) {
	for _, p := range slices.Concat(c.apis, c.workers) {
		_, failed := p.stop()
		err = errors.Join(err, failed)
	}
	return errors.Join(err, c.postgres.product.Close())
}

// serve starts a process and returns when it says that it is ready.
func (c *cluster) serve(ctx context.Context, role string) (*standalone, error) {
	ports, err := freeAddresses(ctx, 2)
	if err != nil {
		return nil, err
	}
	p := &standalone{address: ports[0], cmd: exec.Command(c.binary(), "serve", "--role", role), errors: &tail{}, exited: make(chan struct{}), ending: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.errors, p.errors
	p.cmd.SysProcAttr = childAttributes()
	p.cmd.Env = slices.Concat(c.env, []string{"GODWIT_LISTEN_ADDR=" + ports[0], "GODWIT_OPS_ADDR=" + ports[1]})
	if err := p.spawn(io.NopCloser(nil)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ports[1]+"/readyz", nil)
		if err != nil {
			return nil, err
		}
		if err := exchange(http.DefaultClient, req, nil); err == nil {
			return p, nil
		}
		select {
		case <-p.exited:
			return nil, fmt.Errorf("it ended before it was ready: %w: %s", p.err, p.errors)
		case <-ctx.Done():
			_, err := p.stop()
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *report) printCluster(t table) {
	if r.Cluster == nil || r.Cluster.Sustained == nil {
		return
	}
	c := r.Cluster
	t.title("Cluster: %d APIs and %d workers beside the standalone; aims: 0.8 of its deliveries/s, p50 5 ms at %d/s, 1.3 times its CPU", clusterAPIs, clusterWorkers, clusterRate)
	t.row("", "p50 ms", "p99 ms", "delivered/s", "CPU s per 1,000", "lost", "duplicates")
	t.row("standalone", c.AloneAt.Latency.P50, c.AloneAt.Latency.P99, c.Alone.DeliveredPerSecond, c.Alone.Cost.CPU.product(), c.Alone.Lost, c.Alone.Duplicates)
	t.row("cluster", c.Latency.Latency.P50, c.Latency.Latency.P99, c.Sustained.DeliveredPerSecond, c.Sustained.Cost.CPU.product(), c.Sustained.Lost, c.Sustained.Duplicates)
	t.row("ratio", ratio(c.Latency.Latency.P50, c.AloneAt.Latency.P50), ratio(c.Latency.Latency.P99, c.AloneAt.Latency.P99), c.Throughput, c.CPU)
	t.title("  receivers that take %s", clusterSlow)
	t.row("workers", "delivered/s", "cores busy")
	for _, s := range c.Slow {
		t.row(s.Workers, s.DeliveredPerSecond, s.CPU)
	}
}
