package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// CheckedLedger knows what the last check of the ledger has found.
type CheckedLedger interface {
	// Differences counts by kind; nil when there was no check yet.
	Differences(ctx context.Context) (map[string]int, error)
}

// differences is read from the database when it is scraped, so that every
// process shows the same, whichever made the check.
type differences struct {
	ledger CheckedLedger
	desc   *prometheus.Desc
}

// NewDifferences makes the gauge godwit_ledger_differences{kind}, which is 0 of
// each kind when all is well; it costs one query per scrape.
func NewDifferences(l CheckedLedger) prometheus.Collector {
	return differences{l, prometheus.NewDesc("godwit_ledger_differences",
		"What the last check of the ledger has found wrong: deliveries that vanished, deliveries that nothing carries on, holds or cancels, attempts that are not there.",
		[]string{"kind"}, nil)}
}

func (d differences) Describe(ch chan<- *prometheus.Desc) { ch <- d.desc }

func (d differences) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	found, err := d.ledger.Differences(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(d.desc, err)
		return
	}
	for _, kind := range hook.DifferenceKinds { // 0 before the first check
		ch <- prometheus.MustNewConstMetric(d.desc, prometheus.GaugeValue, float64(found[kind]), kind)
	}
}
