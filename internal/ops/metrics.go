package ops

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"godwit/internal/hook"
)

// Metrics counts what the process does. It is safe for concurrent use.
type Metrics struct {
	accepted   prometheus.Counter
	duplicates prometheus.Counter
	rejected   *prometheus.CounterVec
	matches    prometheus.Counter
	requests   *prometheus.HistogramVec
	attempts   *prometheus.CounterVec
	retries    prometheus.Counter
	ended      ended
	durations  prometheus.Histogram
	started    prometheus.Histogram
	delivered  prometheus.Histogram
	filters    *prometheus.CounterVec
	notices    *prometheus.CounterVec
	repaired   prometheus.Counter
	isolated   prometheus.Gauge
}

// Labels are the values that labels of Metrics may have, beside those that package
// hook knows: every series is there from the start.
type Labels struct {
	Rejections     []string // codes of errors that a request may be answered with
	FilterFailures []string
	NoticeOutcomes []string
}

var (
	// seconds are the buckets of what takes as long as a request: 1 ms to 33 s.
	seconds = prometheus.ExponentialBuckets(0.001, 2, 16)
	// hours are those of what may wait for retries and recoveries.
	hours = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}
)

// histogram has classic buckets, and native ones for a Prometheus that asks for
// them: each a tenth wider than the one before.
func histogram(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: "godwit_" + name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Name: "godwit_" + name, Help: help}
}

// NewMetrics registers Godwit's metrics, and those of the Go process. counted is what
// the process has counted in the ledger; nil = nothing.
func NewMetrics(registry *prometheus.Registry, labels Labels, counted func() hook.ProcessCounts) *Metrics {
	m := &Metrics{
		accepted:   prometheus.NewCounter(counter("events_accepted_total", "Events that were accepted, without duplicates.")),
		duplicates: prometheus.NewCounter(counter("events_duplicate_total", "Events that had been accepted before, and were answered 202 again.")),
		rejected:   prometheus.NewCounterVec(counter("events_rejected_total", "Events, and requests with events, that were rejected, by the code of the answer."), []string{"reason"}),
		matches:    prometheus.NewCounter(counter("matches_total", "Deliveries that accepted events got at once; those of filters that take long follow later.")),
		requests: prometheus.NewHistogramVec(histogram("request_duration_seconds", "Time from a request to this API to its answer, for events and for all else, by the class of the status.", seconds),
			[]string{"kind", "status"}),
		attempts:  prometheus.NewCounterVec(counter("attempts_total", "HTTP attempts that ended, by outcome and by the reason of a failure."), []string{"outcome", "reason"}),
		retries:   prometheus.NewCounter(counter("retries_total", "HTTP attempts that were not the first one of their delivery.")),
		ended:     newEnded(counted),
		durations: prometheus.NewHistogram(histogram("attempt_duration_seconds", "Time from the start of an attempt to its end.", seconds)),
		started:   prometheus.NewHistogram(histogram("first_attempt_delay_seconds", "Time from the acceptance of an event, or from a redelivery, to the start of the first attempt.", hours)),
		delivered: prometheus.NewHistogram(histogram("delivery_delay_seconds", "Time from the acceptance of an event, or from a redelivery, to the receiver's 2xx.", hours)),
		filters:   prometheus.NewCounterVec(counter("filter_failures_total", "Filters that failed on an event and so did not match it, by the kind of failure."), []string{"kind"}),
		notices:   prometheus.NewCounterVec(counter("notices_total", "Mails to owners of webhooks that were tried, by what they are about and by the result."), []string{"kind", "outcome"}),
		repaired:  prometheus.NewCounter(counter("overdue_repaired_total", "Deliveries whose next attempt was 30 seconds overdue, and that were given to a new workflow.")),
		isolated:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "godwit_egress_isolated", Help: "1 while no receiver answers this process, so that nothing is held against them."}),
	}
	registry.MustRegister(m.accepted, m.duplicates, m.rejected, m.matches, m.requests, m.attempts, m.retries, m.ended, m.durations, m.started, m.delivered,
		m.filters, m.notices, m.repaired, m.isolated, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.fill(labels)
	return m
}

// ownOutcome is the label of attempts that failed for a reason of Godwit's own, and
// that no delivery has used up.
const ownOutcome = "own"

// fill makes every series, so that a rate sees the first increase.
func (m *Metrics) fill(labels Labels) {
	for _, code := range labels.Rejections {
		m.rejected.WithLabelValues(code)
	}
	for _, kind := range []string{"events", "other"} {
		for class := 2; class <= 5; class++ {
			m.requests.WithLabelValues(kind, statusClass(100*class))
		}
	}
	m.attempts.WithLabelValues(string(hook.Success), "")
	for _, reason := range hook.Reasons {
		if reason.OfAttempt() && reason != hook.ReasonWorkerLost { // what is lost ends in no process
			m.attempts.WithLabelValues(string(hook.Failure), string(reason))
		}
	}
	for _, reason := range []hook.Reason{hook.ReasonStatus429, hook.ReasonStatus5xx} {
		m.attempts.WithLabelValues(string(hook.PutOff), string(reason))
	}
	for _, kind := range labels.FilterFailures {
		m.filters.WithLabelValues(kind)
	}
	for _, kind := range hook.NoticeKinds {
		for _, outcome := range labels.NoticeOutcomes {
			m.notices.WithLabelValues(string(kind), outcome)
		}
	}
}

// Accepted counts one event that was accepted, with how many deliveries.
func (m *Metrics) Accepted(a hook.Accepted) {
	if a.Duplicate {
		m.duplicates.Inc()
		return
	}
	m.accepted.Inc()
	m.matches.Add(float64(a.Matched))
}

// Rejected counts one event, or one request with events, that was rejected.
func (m *Metrics) Rejected(code string) { m.rejected.WithLabelValues(code).Inc() }

// Answered counts one request to the API.
func (m *Metrics) Answered(kind string, status int, took time.Duration) {
	m.requests.WithLabelValues(kind, statusClass(status)).Observe(took.Seconds())
}

// statusClass is a status as a label: "2xx". What no answer has is taken for 5xx.
func statusClass(status int) string {
	if status < 200 || status > 599 {
		status = 500
	}
	return strconv.Itoa(status/100) + "xx"
}

// Attempted counts one attempt; a nil Metrics counts nothing, nor does it in Ended.
func (m *Metrics) Attempted(a hook.AttemptEnd) {
	if m == nil {
		return
	}
	outcome := string(a.Result.Outcome)
	if a.Result.Own {
		outcome = ownOutcome
	}
	m.attempts.WithLabelValues(outcome, string(a.Result.Reason)).Inc()
	m.durations.Observe(a.Result.Duration.Seconds())
	if a.Number > 1 {
		m.retries.Inc()
	} else if !a.Result.Own {
		m.started.Observe(a.Waited.Seconds())
	}
	if a.Result.Outcome == hook.Success {
		m.delivered.Observe((a.Waited + a.Result.Duration).Seconds())
	}
}

// Ended counts one delivery that an attempt, or the look before one, brought into a
// status in which it has no workflow.
func (m *Metrics) Ended(status hook.DeliveryStatus) {
	if m != nil {
		m.ended.by[status].Add(1)
	}
}

// FilterFailed counts one filter that failed on an event.
func (m *Metrics) FilterFailed(kind string) { m.filters.WithLabelValues(kind).Inc() }

// Repaired counts one overdue delivery that was repaired.
func (m *Metrics) Repaired() { m.repaired.Inc() }

// Isolated says whether all receivers seem out of reach.
func (m *Metrics) Isolated(is bool) { m.isolated.Set(oneIf(is)) }

// Noticed counts one try to tell an owner by mail.
func (m *Metrics) Noticed(kind, outcome string) { m.notices.WithLabelValues(kind, outcome).Inc() }
