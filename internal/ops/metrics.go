package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"godwit/internal/hook"
)

// Metrics counts what the process does. It is safe for concurrent use.
type Metrics struct {
	attempts  *prometheus.CounterVec
	filters   *prometheus.CounterVec
	notices   *prometheus.CounterVec
	repaired  prometheus.Counter
	isolated  prometheus.Gauge
	durations prometheus.Histogram
}

// NewMetrics registers Godwit's metrics, and those of the Go process.
func NewMetrics(registry *prometheus.Registry) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "godwit_attempts_total",
			Help: "HTTP attempts that ended, by outcome and by the reason of a failure.",
		}, []string{"outcome", "reason"}),
		filters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "godwit_filter_failures_total",
			Help: "Filters that failed on an event and so did not match it, by the kind of failure.",
		}, []string{"kind"}),
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "godwit_notices_total",
			Help: "Mails to owners of webhooks that were tried, by what they are about and by what came of it.",
		}, []string{"kind", "outcome"}),
		repaired: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "godwit_overdue_repaired_total",
			Help: "Deliveries whose next attempt was 30 seconds overdue, and that were given to a new workflow.",
		}),
		isolated: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "godwit_egress_isolated",
			Help: "1 while no receiver answers this process, so that nothing is held against them.",
		}),
		durations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "godwit_attempt_duration_seconds",
			Help:    "Time from the start of an attempt to its end.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 16), // 1 ms to 33 s
		}),
	}
	registry.MustRegister(m.attempts, m.filters, m.notices, m.repaired, m.isolated, m.durations, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Attempted counts one attempt.
func (m *Metrics) Attempted(r hook.Result) {
	m.attempts.WithLabelValues(string(r.Outcome), string(r.Reason)).Inc()
	m.durations.Observe(r.Duration.Seconds())
}

// FilterFailed counts one filter that failed on an event.
func (m *Metrics) FilterFailed(kind string) { m.filters.WithLabelValues(kind).Inc() }

// Repaired counts one overdue delivery that was repaired.
func (m *Metrics) Repaired() { m.repaired.Inc() }

// Isolated says whether all receivers seem out of reach.
func (m *Metrics) Isolated(is bool) {
	m.isolated.Set(0)
	if is {
		m.isolated.Set(1)
	}
}

// Noticed counts one try to tell an owner by mail.
func (m *Metrics) Noticed(kind, outcome string) { m.notices.WithLabelValues(kind, outcome).Inc() }

// Ledger counts the deliveries that still need work.
type Ledger interface {
	Backlog(ctx context.Context) (map[hook.DeliveryStatus]int, error)
}

// backlog is read from the ledger when it is scraped.
type backlog struct {
	ledger Ledger
	desc   *prometheus.Desc
}

// NewBacklog makes the gauge godwit_deliveries{status}; it costs one query per scrape.
func NewBacklog(l Ledger) prometheus.Collector {
	return backlog{l, prometheus.NewDesc("godwit_deliveries", "Deliveries that are pending, retrying or held.", []string{"status"}, nil)}
}

func (b backlog) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }

func (b backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	counts, err := b.ledger.Backlog(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(b.desc, err)
		return
	}
	for _, s := range hook.DeliveryStatuses {
		if n, ok := counts[s]; ok {
			ch <- prometheus.MustNewConstMetric(b.desc, prometheus.GaugeValue, float64(n), string(s))
		}
	}
}
