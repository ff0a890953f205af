package ops

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// ended counts deliveries by the status in which they have no workflow: those that
// attempts bring there, and those that the ledger says were held or cancelled without.
type ended struct {
	desc    *prometheus.Desc
	by      map[hook.DeliveryStatus]*atomic.Int64
	counted func() hook.ProcessCounts
}

func newEnded(counted func() hook.ProcessCounts) ended {
	e := ended{
		desc: prometheus.NewDesc("godwit_deliveries_ended_total",
			"Deliveries that this process brought into this status: by an attempt or the look before one, on request, or because what they belong to was switched off or deleted, or they were too old.",
			[]string{"status"}, nil),
		by: map[hook.DeliveryStatus]*atomic.Int64{}, counted: counted,
	}
	for _, status := range []hook.DeliveryStatus{hook.Succeeded, hook.Failed, hook.Held, hook.Cancelled} {
		e.by[status] = new(atomic.Int64)
	}
	return e
}

func (e ended) Describe(ch chan<- *prometheus.Desc) { ch <- e.desc }

func (e ended) Collect(ch chan<- prometheus.Metric) {
	var takenOut map[hook.DeliveryStatus]int64
	if e.counted != nil {
		takenOut = e.counted().TakenOut
	}
	for status, n := range e.by {
		ch <- prometheus.MustNewConstMetric(e.desc, prometheus.CounterValue, float64(n.Load()+takenOut[status]), string(status))
	}
}
