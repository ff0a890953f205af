package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// backlog is read from the ledger when it is scraped.
type backlog struct {
	read func(context.Context) (map[hook.DeliveryStatus]int, error)
	desc *prometheus.Desc
}

// NewBacklog makes the gauge godwit_deliveries{status}. read counts the deliveries
// that still need work; it costs one query per scrape.
func NewBacklog(read func(context.Context) (map[hook.DeliveryStatus]int, error)) prometheus.Collector {
	return backlog{read, prometheus.NewDesc("godwit_deliveries", "Deliveries that are pending, retrying or held.", []string{"status"}, nil)}
}

func (b backlog) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }

func (b backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	counts, err := b.read(ctx)
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
