package ops

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// temporalLabels are the tags of Temporal's SDK that are kept as labels. Each has few
// values; what else it tags, such as the namespace, is the same in all of a process.
var temporalLabels = []string{"operation", "task_queue", "workflow_type", "activity_type", "worker_type", "poller_type", "status_code", "failure_reason"}

// maxTemporalValue bounds a label's value: task queues of single workers are named
// by their host.
const maxTemporalValue = 64

// temporalSeries holds the vectors of the SDK's metrics by name.
type temporalSeries struct {
	registry prometheus.Registerer

	mu       sync.RWMutex
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
	timers   map[string]*prometheus.HistogramVec
}

// temporalMetrics is the SDK's handler with the values of some tags.
type temporalMetrics struct {
	series *temporalSeries
	values []string // by the place of the label
}

// NewTemporal registers the metrics of Temporal's SDK as it first writes each. The
// handler is safe for concurrent use.
func NewTemporal(registry prometheus.Registerer) client.MetricsHandler {
	return temporalMetrics{
		series: &temporalSeries{
			registry: registry, counters: map[string]*prometheus.CounterVec{}, gauges: map[string]*prometheus.GaugeVec{}, timers: map[string]*prometheus.HistogramVec{},
		},
		values: make([]string, len(temporalLabels)),
	}
}

// WithTags implements client.MetricsHandler.
func (m temporalMetrics) WithTags(tags map[string]string) client.MetricsHandler {
	values := append([]string(nil), m.values...)
	for i, label := range temporalLabels {
		value, set := tags[label]
		switch {
		case !set:
		case value == "none":
			values[i] = ""
		default:
			values[i] = strings.ToValidUTF8(value[:min(len(value), maxTemporalValue)], "")
		}
	}
	if queue := &values[1]; *queue != "" && strings.Contains(*queue, ":") {
		*queue = "sticky" // the queue of one process
	}
	return temporalMetrics{m.series, values}
}

// Counter implements client.MetricsHandler.
func (m temporalMetrics) Counter(name string) client.MetricsCounter {
	v := vector(m.series, m.series.counters, name, func() *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: strings.TrimSuffix(name, "_total") + "_total", Help: temporalHelp}, temporalLabels)
	})
	return temporalCounter{v.WithLabelValues(m.values...)}
}

// Gauge implements client.MetricsHandler.
func (m temporalMetrics) Gauge(name string) client.MetricsGauge {
	v := vector(m.series, m.series.gauges, name, func() *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: temporalHelp}, temporalLabels)
	})
	return temporalGauge{v.WithLabelValues(m.values...)}
}

// Timer implements client.MetricsHandler.
func (m temporalMetrics) Timer(name string) client.MetricsTimer {
	v := vector(m.series, m.series.timers, name, func() *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name + "_seconds", Help: temporalHelp, Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60}}, temporalLabels)
	})
	return temporalTimer{v.WithLabelValues(m.values...)}
}

const temporalHelp = "As documented by Temporal's Go SDK."

// vector finds the vector of a name, or makes and registers it.
func vector[V prometheus.Collector](s *temporalSeries, all map[string]V, name string, create func() V) V {
	s.mu.RLock()
	v, found := all[name]
	s.mu.RUnlock()
	if found {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, found := all[name]; found {
		return v
	}
	v = create()
	s.registry.MustRegister(v)
	all[name] = v
	return v
}

type temporalCounter struct{ prometheus.Counter }

func (c temporalCounter) Inc(n int64) { c.Add(float64(n)) }

type temporalGauge struct{ prometheus.Gauge }

func (g temporalGauge) Update(v float64) { g.Set(v) }

type temporalTimer struct{ prometheus.Observer }

func (t temporalTimer) Record(d time.Duration) { t.Observe(d.Seconds()) }
