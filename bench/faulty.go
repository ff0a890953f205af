package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// faultyWebhooks get every event of the section, faultyOf of them can't be
	// delivered to.
	faultyWebhooks = 10
	faultyOf       = 3
	// faultyRate is events per second: ten times as many deliveries.
	faultyRate = 20
	// slowAnswer is how long a slow receiver takes.
	slowAnswer = 5 * time.Second
)

// faultyResult is how healthy receivers fare while others don't.
type faultyResult struct {
	Fault string `json:"fault"` // of faultyOf of the receivers
	Rate  int    `json:"events_per_second"`
	// Latency is from the POST to the arrival at the healthy ones.
	Latency spread `json:"latency"`
	// Ratio is the p99 against that of the run without a fault.
	Ratio float64 `json:"p99_ratio"`
}

// faults are what is wrong with the receivers, the first with none.
func faults() []string { return []string{"none", "dead", "slow"} }

func (b *bench) measureFaulty(ctx context.Context) error {
	for _, fault := range faults() {
		result, err := b.faultyWith(ctx, fault)
		if err != nil {
			return fmt.Errorf("%s: %w", fault, err)
		}
		b.report.Faulty = append(b.report.Faulty, result)
		last := &b.report.Faulty[len(b.report.Faulty)-1]
		last.Ratio = ratio(last.Latency.P99, b.report.Faulty[0].Latency.P99)
	}
	return nil
}

func (b *bench) faultyWith(ctx context.Context, fault string) (faultyResult, error) {
	b.progress("faulty: %d/s to %d webhooks for %d s, fault of %d: %s", faultyRate, faultyWebhooks, b.opts.rateSeconds, faultyOf, fault)
	result := faultyResult{Fault: fault, Rate: faultyRate}
	events := load{prefix: "faulty-" + fault, n: faultyRate * b.opts.rateSeconds}
	s, broken, err := b.faultyScene(ctx, fault, events.n)
	if err != nil {
		return result, err
	}
	shots := events.paced(ctx, faultyRate, b.publish(s, faultyWebhooks))
	if err := firstError(shots); err != nil {
		return result, err
	}
	waiting, cancel := context.WithTimeout(ctx, b.opts.wait)
	defer cancel()
	var took []time.Duration
	for _, box := range s.boxes {
		if err := box.await(waiting); err != nil {
			return result, err
		}
		first, _ := box.arrivals()
		for _, shot := range shots {
			took = append(took, first[shot.id].Sub(shot.sent))
		}
	}
	result.Latency = spreadOf(took)
	// What still waits for the others would be tried for minutes.
	for _, id := range broken {
		if err := b.api.call(ctx, http.MethodDelete, "/v1/webhooks/"+id, nil, nil); err != nil {
			return result, err
		}
	}
	return result, b.settle(ctx)
}

// faultyScene gives the scene, in which the boxes are those of the healthy
// webhooks, and the ids of the others.
func (b *bench) faultyScene(ctx context.Context, fault string, events int) (s scene, broken []string, err error) {
	name := "faulty-" + fault
	healthy := faultyWebhooks
	if fault != faults()[0] {
		healthy -= faultyOf
	}
	if s, err = b.scene(ctx, name, sceneSize{webhooks: healthy, events: events}); err != nil {
		return s, nil, err
	}
	url := b.receiver.base + slowPath
	if fault == "dead" {
		closed, err := freeAddresses(ctx, 1) // nobody listens there
		if err != nil {
			return s, nil, err
		}
		url = "http://" + closed[0] + "/"
	}
	for range faultyWebhooks - healthy {
		id, err := b.subscribe(ctx, webhook{Name: name, URL: url, Rules: []rule{{Events: []string{s.eventType}, Projects: []string{s.project}}}})
		if err != nil {
			return s, nil, err
		}
		broken = append(broken, id)
	}
	return s, broken, nil
}
