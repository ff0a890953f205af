package ops_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"godwit/internal/ops"
)

// checked is a ledger with so many differences of two kinds.
type checked struct {
	found map[string]int
	err   error
}

func (c checked) Differences(context.Context) (map[string]int, error) { return c.found, c.err }

func TestDifferencesOfTheLedger(t *testing.T) {
	for name, tc := range map[string]struct {
		ledger   checked
		contains string
	}{
		"found":        {checked{found: map[string]int{"deliveries": 2, "attempts": 0}}, "godwit_ledger_differences{kind=\"attempts\"} 0\ngodwit_ledger_differences{kind=\"deliveries\"} 2\n"},
		"no check yet": {checked{}, "godwit_ledger_differences{kind=\"deliveries\"} 0\n"},
		"no database":  {checked{err: errors.New("away")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			registry.MustRegister(ops.NewDifferences(tc.ledger.Differences))
			code, body := ask(t, ops.NewHandler(registry, nil), "/metrics")
			require.Equal(t, http.StatusOK, code)
			require.Contains(t, body, tc.contains)
			if tc.contains == "" {
				require.NotContains(t, body, "godwit_ledger_differences{")
			}
		})
	}
}
