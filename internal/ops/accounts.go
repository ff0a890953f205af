package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// accounts are read when they are scraped; what waits costs one query.
type accounts struct {
	counted                                   func() hook.ProcessCounts
	outstanding                               func(context.Context) (hook.Outstanding, error)
	transitions, redelivered, repeated        *prometheus.Desc
	oldest, lag, windows, redeliveries, locks *prometheus.Desc
}

// NewAccounts makes the metrics of what this process has counted since its start, and
// of what waits now in all processes.
func NewAccounts(counted func() hook.ProcessCounts, outstanding func(context.Context) (hook.Outstanding, error)) prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("godwit_"+name, help, labels, nil)
	}
	return accounts{
		counted:      counted,
		outstanding:  outstanding,
		transitions:  desc("health_transitions_total", "Changes of webhooks' health that this process wrote, by the status after them.", "status"),
		redelivered:  desc("redelivered_total", "Deliveries that this process sent again on request."),
		repeated:     desc("database_repeats_total", "Transactions that this process ran again, because another one was in their way."),
		oldest:       desc("oldest_delivery_seconds", "Age of the oldest delivery that is pending, retrying or held; 0 when there is none.", "status"),
		lag:          desc("dispatch_lag_seconds", "How long the delivery that has waited longest has been due without being claimed: for its first attempt, or for a later one.", "attempt"),
		windows:      desc("combination_windows", "Windows of combination rules that are open; counted up to 100,000."),
		redeliveries: desc("redeliveries_running", "Redeliveries and cancellations of many that go on."),
		locks:        desc("database_lock_waits", "Sessions of the database that wait for a lock now."),
	}
}

func (a accounts) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{a.transitions, a.redelivered, a.repeated, a.oldest, a.lag, a.windows, a.redeliveries, a.locks} {
		ch <- d
	}
}

func (a accounts) Collect(ch chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counted := a.counted()
	for status, n := range counted.Transitions {
		count(a.transitions, n, string(status))
	}
	count(a.redelivered, counted.Redelivered)
	count(a.repeated, counted.Repeated)

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	waiting, err := a.outstanding(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(a.oldest, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for status, age := range waiting.Oldest {
		gauge(a.oldest, age.Seconds(), string(status))
	}
	gauge(a.lag, waiting.LagFirst.Seconds(), "first")
	gauge(a.lag, waiting.LagAgain.Seconds(), "again")
	gauge(a.windows, float64(waiting.Windows))
	gauge(a.redeliveries, float64(waiting.Redeliveries))
	gauge(a.locks, float64(waiting.Locked))
}
