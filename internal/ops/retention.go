package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"godwit/internal/hook"
)

// retention is read from the database when it is scraped, so that every process
// shows the same.
type retention struct {
	read                                        func(context.Context) (hook.Retention, error)
	rows, running, failing, finished, keptSince *prometheus.Desc
}

// NewRetention makes the metrics godwit_retention_… of how far the removal of old
// rows has come; they cost two queries of a few rows per scrape.
func NewRetention(read func(context.Context) (hook.Retention, error)) prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("godwit_retention_"+name, help, labels, nil)
	}
	return retention{
		read:      read,
		rows:      desc("removed_rows_total", "Rows that were removed because they are kept no longer, by what they were.", "part"),
		running:   desc("running", "1 while a run goes through the tables, else 0."),
		failing:   desc("failing", "1 when the last step of a run failed, else 0."),
		finished:  desc("last_finished_timestamp_seconds", "When the last run that went through all tables ended; 0 before the first one."),
		keptSince: desc("kept_since_timestamp_seconds", "Events that were accepted before this may have been removed; 0 while none was."),
	}
}

func (r retention) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.rows, r.running, r.failing, r.finished, r.keptSince} {
		ch <- d
	}
}

func (r retention) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	found, err := r.read(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(r.running, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	for _, c := range found.Removed {
		ch <- prometheus.MustNewConstMetric(r.rows, prometheus.CounterValue, float64(c.Total), c.Part)
	}
	gauge(r.running, oneIf(!found.BeganAt.IsZero() && found.FinishedAt.IsZero()))
	gauge(r.failing, oneIf(found.Problem != ""))
	gauge(r.finished, unix(found.LastFinishedAt))
	gauge(r.keptSince, unix(found.KeptSince))
}

// unix is 0 for the zero time: a series that is not there can't be told from one that
// was renamed.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
