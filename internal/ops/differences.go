package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// differences is read from the database when it is scraped, so that every
// process shows the same, whichever made the check.
type differences struct {
	read func(context.Context) (map[string]int, error)
	desc *prometheus.Desc
}

// NewDifferences makes the gauge godwit_ledger_differences{kind}, which is 0 of
// each kind when all is well. read counts by kind what the last check of the ledger
// has found, nil when there was none yet; it costs one query per scrape.
func NewDifferences(read func(context.Context) (map[string]int, error)) prometheus.Collector {
	return differences{read, prometheus.NewDesc("godwit_ledger_differences",
		"What the last check of the ledger has found wrong: deliveries that vanished, deliveries that nothing carries on, holds or cancels, attempts that are not there.",
		[]string{"kind"}, nil)}
}

func (d differences) Describe(ch chan<- *prometheus.Desc) { ch <- d.desc }

func (d differences) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	found, err := d.read(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(d.desc, err)
		return
	}
	for _, kind := range hook.DifferenceKinds { // 0 before the first check
		ch <- prometheus.MustNewConstMetric(d.desc, prometheus.GaugeValue, float64(found[kind]), kind)
	}
}
