package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mostJudgements bounds how many judgements are counted for the metrics.
const mostJudgements = 100_000

type judging struct {
	read      func(ctx context.Context, most int) (n int, oldest time.Duration, err error)
	n, oldest *prometheus.Desc
}

// NewJudging collects how many events wait to be judged for a webhook. read counts
// up to most of them, and says how long the oldest has been due; it costs one query
// per scrape.
func NewJudging(read func(ctx context.Context, most int) (n int, oldest time.Duration, err error)) prometheus.Collector {
	return judging{read,
		prometheus.NewDesc("godwit_judging", "Events that wait to be judged for a webhook, because its filters take long; counted up to 100,000.", nil, nil),
		prometheus.NewDesc("godwit_judging_oldest_seconds", "How long the oldest of them has been due.", nil, nil)}
}

func (j judging) Describe(d chan<- *prometheus.Desc) { d <- j.n; d <- j.oldest }

func (j judging) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, oldest, err := j.read(ctx, mostJudgements)
	if err != nil {
		out <- prometheus.NewInvalidMetric(j.n, err)
		return
	}
	out <- prometheus.MustNewConstMetric(j.n, prometheus.GaugeValue, float64(n))
	out <- prometheus.MustNewConstMetric(j.oldest, prometheus.GaugeValue, oldest.Seconds())
}
