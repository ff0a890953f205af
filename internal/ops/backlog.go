package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

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
