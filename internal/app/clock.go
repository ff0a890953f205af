package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

const (
	// readClockEvery is how often the clocks are compared where nothing else does it.
	readClockEvery = 10 * time.Second
	// clockTolerance is from which difference on an operator should look: clocks that
	// are looked after differ by milliseconds.
	clockTolerance = 2 * time.Second
)

// watchClock compares this machine's clock with the database's until ctx ends,
// and says so once when they begin to differ, and once when they agree again.
func (p *process) watchClock(ctx context.Context) {
	tick := time.NewTicker(readClockEvery)
	defer tick.Stop()
	differ := false
	for {
		reading, cancel := context.WithTimeout(ctx, readClockEvery)
		_ = p.store.ReadClock(reading) // of a database that is away /readyz tells
		cancel()
		if ahead := p.store.ClockAhead(); (ahead.Abs() > clockTolerance) != differ {
			differ = !differ
			if differ {
				p.log.Warn("this machine's clock differs from the database's: requests are signed with the database's time; set the clock", zap.String("clock", clockLine(ahead)))
			} else {
				p.log.Info("this machine's clock agrees with the database's again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// clockLine is what /readyz says about the clocks.
func clockLine(ahead time.Duration) string {
	if ahead < 0 {
		return fmt.Sprintf("%.3fs behind the database's", -ahead.Seconds())
	}
	return fmt.Sprintf("%.3fs ahead of the database's", ahead.Seconds())
}

// clockGauge is the gauge godwit_clock_offset_seconds.
func (p *process) clockGauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "godwit_clock_offset_seconds",
		Help: "How far this machine's clock is ahead of the database's; below zero it is behind.",
	}, func() float64 { return p.store.ClockAhead().Seconds() })
}
