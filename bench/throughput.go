package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// fanOut and wideFanOut are how many webhooks each event of these runs goes to.
const (
	fanOut     = 10
	wideFanOut = 1000
)

// throughputResult is the outcome of events that were sent as fast as they were
// accepted.
type throughputResult struct {
	Events             int     `json:"events"`
	Webhooks           int     `json:"webhooks"` // each event goes to all of them
	AcceptedPerSecond  float64 `json:"accepted_per_second"`
	DeliveredPerSecond float64 `json:"delivered_per_second"` // from the first POST to the last arrival
	// ClosedPerSecond is until all are recorded as well, and their workflows closed.
	ClosedPerSecond float64 `json:"closed_per_second"`
	Accepted        spread  `json:"accepted"` // from a POST to its 202
	Duplicates      int     `json:"duplicates"`
	// Lost did not arrive although the ledger calls them finished; Late did not
	// arrive in time, and the ledger has them as still to be made.
	Lost int   `json:"lost"`
	Late int   `json:"late"`
	Cost *cost `json:"cost,omitempty"`
}

func (b *bench) measureSustained(ctx context.Context) error {
	result, err := b.throughput(ctx, sectionSustained, sceneSize{webhooks: 1, events: b.opts.events})
	b.report.Sustained = result
	return err
}

func (b *bench) measureFanOut(ctx context.Context) error {
	result, err := b.throughput(ctx, sectionFanOut, sceneSize{webhooks: fanOut, events: b.opts.fanOutEvents})
	b.report.FanOut = result
	return err
}

func (b *bench) measureWide(ctx context.Context) error {
	result, err := b.throughput(ctx, sectionWide, sceneSize{webhooks: wideFanOut, events: b.opts.wideEvents})
	b.report.Wide = result
	return err
}

func (b *bench) measureBurst(ctx context.Context) error {
	result, err := b.throughput(ctx, sectionBurst, sceneSize{webhooks: 1, events: b.opts.burstEvents})
	b.report.Burst = result
	return err
}

// measureDrain has events held while their webhook is off, and counts from when it is
// switched on: what it missed is sent gently, the oldest first.
func (b *bench) measureDrain(ctx context.Context) error {
	size := sceneSize{webhooks: 1, events: b.opts.events}
	s, err := b.scene(ctx, sectionDrain, size)
	if err != nil {
		return err
	}
	webhook := "/v1/webhooks/" + s.webhooks[0]
	if err := b.api.call(ctx, http.MethodPost, webhook+"/disable", struct{}{}, nil); err != nil {
		return err
	}
	b.progress("%s: %d events to a webhook that is off", sectionDrain, size.events)
	sending, stop := context.WithTimeout(ctx, b.opts.wait)
	defer stop()
	shots := load{prefix: sectionDrain, n: size.events}.flatOut(sending, connections, b.publish(s, size.webhooks))
	if err := firstError(shots); err != nil {
		return err
	}
	meter, err := b.startMeter(ctx)
	if err != nil {
		return err
	}
	b.report.Drain = &throughputResult{Events: size.events, Webhooks: size.webhooks}
	began := time.Now()
	if err := b.api.call(ctx, http.MethodPost, webhook+"/enable", struct{}{}, nil); err != nil {
		return err
	}
	return b.arrive(ctx, underWay{sectionDrain, s.boxes, began, meter}, b.report.Drain)
}

func (b *bench) throughput(ctx context.Context, name string, size sceneSize) (*throughputResult, error) {
	b.progress("%s: %d events to %d webhooks, sent by %d connections", name, size.events, size.webhooks, connections)
	s, err := b.scene(ctx, name, size)
	if err != nil {
		return nil, err
	}
	meter, err := b.startMeter(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	events := load{prefix: name, n: size.events}
	sending, stop := context.WithTimeout(ctx, b.opts.wait)
	defer stop()
	shots := events.flatOut(sending, connections, b.publish(s, size.webhooks))
	sent := time.Since(began)
	b.progress("%s: all sent, %.0f accepted/s", name, perSecond(size.events, sent))

	result := &throughputResult{
		Events: size.events, Webhooks: size.webhooks,
		AcceptedPerSecond: perSecond(size.events, sent), Accepted: spreadOf(answerTimes(shots)),
	}
	if err := firstError(shots); err != nil {
		return nil, err
	}
	return result, b.arrive(ctx, underWay{name, s.boxes, began, meter}, result)
}

// underWay is a run whose events are on their way.
type underWay struct {
	name  string
	boxes []*mailbox
	began time.Time
	meter *meter
}

// arrive fills in what has arrived, how fast, and at which cost.
func (b *bench) arrive(ctx context.Context, run underWay, result *throughputResult) (err error) {
	missing := b.awaitAll(ctx, run.name, run.boxes)
	last := result.count(run.boxes)
	if missing != nil {
		return b.explainMissing(result, missing)
	}
	result.DeliveredPerSecond = perSecond(result.Events*result.Webhooks, last.Sub(run.began))
	if err := b.settle(ctx); err != nil {
		return err
	}
	result.ClosedPerSecond = perSecond(result.Events*result.Webhooks, time.Since(run.began))
	result.Cost, err = run.meter.stop(ctx, sceneSize{webhooks: result.Webhooks, events: result.Events})
	return err
}

// awaitAll waits for every box to be full and says how it goes.
func (b *bench) awaitAll(ctx context.Context, name string, boxes []*mailbox) error {
	ctx, cancel := context.WithTimeout(ctx, b.opts.wait)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				b.progress("%s: %d delivered", name, arrivedIn(boxes))
			}
		}
	}()
	for _, box := range boxes {
		if err := box.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

func arrivedIn(boxes []*mailbox) int {
	n := 0
	for _, box := range boxes {
		n += box.count()
	}
	return n
}

// count fills in what has arrived, all that is missing as lost; it returns when
// the last one came.
func (r *throughputResult) count(boxes []*mailbox) (last time.Time) {
	arrived := 0
	for _, box := range boxes {
		first, duplicates := box.arrivals()
		arrived += len(first)
		r.Duplicates += duplicates
		for _, at := range first {
			if at.After(last) {
				last = at
			}
		}
	}
	r.Lost = r.Events*r.Webhooks - arrived
	return last
}

// explainMissing asks the ledger which of the missing are only late, and makes an
// error of it all. It has its own time: the run's may be over.
func (b *bench) explainMissing(r *throughputResult, missing error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	unfinished, err := b.postgres.unfinished(ctx)
	if err != nil {
		return fmt.Errorf("%w; the ledger can't be asked: %w", missing, err)
	}
	r.Late = min(r.Lost, unfinished)
	r.Lost -= r.Late
	return fmt.Errorf("%w; %d deliveries are lost, %d are late: the ledger still has them to make (a longer -wait or fewer -events give a slow machine time)",
		missing, r.Lost, r.Late)
}
