package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"godwit/api"
	"godwit/internal/filter"
	"godwit/internal/ops"
	"godwit/worker"
)

// newMetrics registers what every process counts, and what it reads from the database
// when it is scraped. Each process has all series, so that rules and dashboards need not
// know its role.
func (p *process) newMetrics() *ops.Metrics {
	labels := ops.Labels{Rejections: api.RejectionCodes(), NoticeOutcomes: worker.NoticeOutcomes()}
	for _, kind := range filter.Kinds() {
		labels.FilterFailures = append(labels.FilterFailures, string(kind))
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "godwit_build_info", Help: "1; the labels tell the version and the role of this process.",
		ConstLabels: prometheus.Labels{"version": p.opts.Version, "role": string(p.opts.Role)},
	})
	build.Set(1)
	p.registry.MustRegister(build, ops.NewBacklog(p.store.Backlog), ops.NewAccounts(p.store.ProcessCounts, p.store.Outstanding), ops.NewDifferences(p.store.Differences), ops.NewRetention(p.store.Retention), ops.NewJudging(p.store.WaitingJudgements), p.clockGauge())
	for name, db := range p.store.Pools() {
		p.registry.MustRegister(collectors.NewDBStatsCollector(db, name))
	}
	return ops.NewMetrics(p.registry, labels, p.store.ProcessCounts)
}

// gauge is a number that is read when it is scraped.
func gauge(name, help string, read func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "godwit_" + name, Help: help}, func() float64 { return float64(read()) })
}
