package ops_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/ops"
)

type retained struct {
	found hook.Retention
	err   error
}

func (r retained) Retention(context.Context) (hook.Retention, error) { return r.found, r.err }

func TestRetention_IsInTheMetrics(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		from   retained
		has    []string
		hasNot []string
	}{
		"before the first run": {retained{}, []string{"godwit_retention_running 0\n", "godwit_retention_failing 0\n", "godwit_retention_last_finished_timestamp_seconds 0\n", "godwit_retention_kept_since_timestamp_seconds 0\n"}, nil},
		"while one goes on": {
			retained{found: hook.Retention{BeganAt: at, Problem: "away", Removed: []hook.RetentionCount{{Part: "events", Total: 7, LastRun: 2}}}},
			[]string{"godwit_retention_running 1\n", "godwit_retention_failing 1\n", "godwit_retention_removed_rows_total{part=\"events\"} 7\n"}, nil,
		},
		"after one": {
			retained{found: hook.Retention{BeganAt: at, FinishedAt: at, LastFinishedAt: at, KeptSince: at}},
			[]string{"godwit_retention_running 0\n", "godwit_retention_last_finished_timestamp_seconds 1.8e+09\n", "godwit_retention_kept_since_timestamp_seconds 1.8e+09\n"}, nil,
		},
		"no database": {retained{err: errors.New("away")}, nil, []string{"godwit_retention_running "}},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			registry.MustRegister(ops.NewRetention(c.from.Retention))
			code, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
			require.Equal(t, http.StatusOK, code)
			for _, line := range c.has {
				require.Contains(t, body, line)
			}
			for _, line := range c.hasNot {
				require.NotContains(t, body, line)
			}
		})
	}
}
