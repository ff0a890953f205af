package main

import (
	"context"
	"fmt"
	"time"
)

// latencyResult is how long events take at one arrival rate.
type latencyResult struct {
	Rate int `json:"rate_per_second"`
	// Latency is from the POST of the event to its arrival at the receiver.
	Latency spread `json:"latency"`
	// Accepted is from the POST to the 202.
	Accepted spread `json:"accepted"`
	// Late is how much after its time the load sent a request: its own fault,
	// and in none of the other figures.
	Late       spread `json:"late"`
	Duplicates int    `json:"duplicates"`
}

// rates are the arrival rates at which latency is measured, per second.
func rates() []int { return []int{10, 50, 100} }

func (b *bench) measureLatency(ctx context.Context) error {
	for _, rate := range rates() {
		result, err := b.latencyAt(ctx, fmt.Sprintf("latency-%d", rate), rate)
		if err != nil {
			return fmt.Errorf("at %d/s: %w", rate, err)
		}
		b.report.Latency = append(b.report.Latency, result)
	}
	return nil
}

func (b *bench) latencyAt(ctx context.Context, name string, rate int) (latencyResult, error) {
	b.progress("%s: %d/s for %d s", name, rate, b.opts.rateSeconds)
	events := load{prefix: name, n: rate * b.opts.rateSeconds}
	s, err := b.scene(ctx, name, sceneSize{webhooks: 1, events: events.n})
	if err != nil {
		return latencyResult{}, err
	}
	shots := events.paced(ctx, rate, b.publish(s, 1))
	waiting, cancel := context.WithTimeout(ctx, b.opts.wait)
	defer cancel()
	result, err := arrivalTimes(waiting, shots, s.boxes[0])
	result.Rate = rate
	if err != nil {
		return result, err
	}
	return result, b.settle(ctx)
}

// arrivalTimes waits until the events of all shots are in the box and measures
// how long each took from its sending.
func arrivalTimes(ctx context.Context, shots []shot, box *mailbox) (latencyResult, error) {
	if err := firstError(shots); err != nil {
		return latencyResult{}, err
	}
	if err := box.await(ctx); err != nil {
		return latencyResult{}, err
	}
	first, duplicates := box.arrivals()
	took, late := make([]time.Duration, len(shots)), make([]time.Duration, len(shots))
	for i, s := range shots {
		took[i], late[i] = first[s.id].Sub(s.sent), s.late
	}
	return latencyResult{
		Latency: spreadOf(took), Accepted: spreadOf(answerTimes(shots)), Late: spreadOf(late), Duplicates: duplicates,
	}, nil
}
