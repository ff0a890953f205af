package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// quietRate is events per second of the tenant that is measured.
	quietRate = 20
	// attackLead is how long an attack lasts before the tenant is measured.
	attackLead = 2 * time.Second
)

// tenantsResult is what a quiet tenant has of another tenant's attack.
type tenantsResult struct {
	Attack string `json:"attack"`
	// Latency is from the POST of the quiet tenant's event to its arrival, Accepted
	// from the POST to the 202.
	Latency  spread `json:"latency"`
	Accepted spread `json:"accepted"`
	// Ratio is the p99 of Latency, and AcceptedRatio that of Accepted, against the
	// run without an attack.
	Ratio         float64 `json:"p99_ratio"`
	AcceptedRatio float64 `json:"accepted_p99_ratio"`
	// Refused events got no 202; Lost ones got it, and did not arrive.
	Refused int `json:"refused"`
	Lost    int `json:"lost"`
	// Requests is how many the attack made.
	Requests int64 `json:"attack_requests"`
}

// noAttack is the run that the others are compared with.
const noAttack = "none"

func (b *bench) measureTenants(ctx context.Context) error {
	rounds := [][]attack{nil}
	for _, a := range attacks() {
		rounds = append(rounds, []attack{a})
	}
	for _, round := range append(rounds, attacks()) {
		result, err := b.tenantsBeside(ctx, round)
		if err != nil {
			return fmt.Errorf("%s: %w", result.Attack, err)
		}
		if len(b.report.Tenants) > 0 {
			quiet := b.report.Tenants[0]
			result.Ratio = ratio(result.Latency.P99, quiet.Latency.P99)
			result.AcceptedRatio = ratio(result.Accepted.P99, quiet.Accepted.P99)
		}
		b.report.Tenants = append(b.report.Tenants, result)
		if result.Lost > 0 {
			b.report.fail(fmt.Errorf("%s: beside %s %d events of the quiet tenant were lost", sectionTenants, result.Attack, result.Lost))
		}
	}
	return nil
}

func nameOf(round []attack) string {
	switch len(round) {
	case 0:
		return noAttack
	case 1:
		return round[0].name
	}
	return "all together"
}

// tenantsBeside measures the quiet tenant while the attacks of a round go on.
func (b *bench) tenantsBeside(ctx context.Context, round []attack) (tenantsResult, error) {
	result := tenantsResult{Attack: nameOf(round)}
	b.progress("tenants: %d/s for %d s, attack: %s", quietRate, b.opts.rateSeconds, result.Attack)
	name := fmt.Sprintf("tenants%d", len(b.report.Tenants))
	events := load{prefix: name, n: quietRate * b.opts.rateSeconds}
	quiet, err := b.tenant(ctx, name+"-quiet")
	if err != nil {
		return result, err
	}
	box := b.receiver.open(name, events.n)
	if err := quiet.subscribe(ctx, webhook{URL: box.url}); err != nil {
		return result, err
	}
	end, err := b.attackWith(ctx, name, round)
	if err != nil {
		return result, err
	}
	if len(round) > 0 {
		pause(ctx, attackLead)
	}
	shots := events.paced(ctx, quietRate, func(ctx context.Context, id string) error { return quiet.publish(ctx, id, state("done")) })
	result.collect(ctx, b.opts.wait/3, shots, box)
	if result.Requests, err = end(); err != nil {
		return result, err
	}
	return result, b.settle(ctx)
}

// collect waits for what was accepted.
func (r *tenantsResult) collect(ctx context.Context, within time.Duration, shots []shot, box *mailbox) {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_ = box.await(waiting) // what is missing is counted
	first, _ := box.arrivals()
	var took, accepted []time.Duration
	for _, s := range shots {
		at, arrived := first[s.id]
		switch {
		case arrived:
			took = append(took, at.Sub(s.sent))
		case s.err == nil:
			r.Lost++
		}
		if s.err != nil {
			r.Refused++
		} else {
			accepted = append(accepted, s.took)
		}
	}
	r.Latency, r.Accepted = spreadOf(took), spreadOf(accepted)
}

// attackWith begins the attacks, each by another tenant. What it returns ends
// them, and deletes the tenants.
func (b *bench) attackWith(ctx context.Context, name string, round []attack) (end func() (int64, error), err error) {
	attacking, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	var tenants []*tenant
	end = func() (requests int64, err error) {
		stop()
		b.receiver.release()
		group.Wait()
		for _, t := range tenants {
			requests += t.requests.Load()
			if err = b.api.call(ctx, http.MethodDelete, "/v1/users/"+t.owner, nil, nil); err != nil {
				return requests, err
			}
		}
		return requests, nil
	}
	for i, a := range round {
		t, err := b.tenant(ctx, fmt.Sprintf("%s-noisy%d", name, i))
		if err == nil {
			tenants = append(tenants, t)
			err = a.prepare(ctx, b, t)
		}
		if err != nil {
			_, ended := end()
			return nil, fmt.Errorf("prepare %s: %w, %v", a.name, err, ended)
		}
	}
	for i, a := range round {
		group.Go(func() { a.run(attacking, b, tenants[i]) })
	}
	return end, nil
}

func (r *report) printTenants(t table) {
	if len(r.Tenants) == 0 {
		return
	}
	t.title("Tenants: ms from the POST to the arrival of a quiet tenant's events, %d/s, beside attacks of others; aim: p99 ratio up to 3, none lost", quietRate)
	t.row("attack", "p50", "p95", "p99", "max", "p99 ratio", "p99 to 202", "its ratio", "refused", "lost", "attack's requests")
	for _, x := range r.Tenants {
		t.row(x.Attack, x.Latency.P50, x.Latency.P95, x.Latency.P99, x.Latency.Max, known(x.Ratio), x.Accepted.P99, known(x.AcceptedRatio), x.Refused, x.Lost, x.Requests)
	}
}
