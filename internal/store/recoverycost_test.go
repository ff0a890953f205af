package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

// TestAStepOfARecoveryCostsTheSameAmongMany counts the pages that a step
// touches, with plans that were made while there was next to nothing.
func TestAStepOfARecoveryCostsTheSameAmongMany(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	for name, statement := range map[string]string{
		"next(text, timestamptz, text, timestamptz, text[], text[], bigint)": store.NextOfRedelivery,
		"redeliver(text[], text[], text)":                                    store.RedeliverOld,
	} {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+statement)
		require.NoError(t, err)
	}
	planned(t, conn, `redeliver('{dlv_000000001}', '{dlv_z0}', '')`)
	next := func(from time.Time) string {
		return fmt.Sprintf(`next('%s', '%s', '', '%s', '{failed,held}', '{}', 10)`, w.ID, from.Format(time.RFC3339), time.Now().Add(24*time.Hour).Format(time.RFC3339))
	}
	planned(t, conn, next(time.Now()))
	base := s.failed(t, w.ID, 20_000)
	for _, from := range []int{0, 19_000} {
		p := planned(t, conn, next(base.Add(time.Duration(from)*time.Second)))
		require.Equal(t, 10, p.Rows)
		require.Less(t, p.pages(), 200, from)
	}
	p := planned(t, conn, `redeliver('{dlv_000000001,dlv_000010000}', '{dlv_z1,dlv_z2}', 'rec_1')`)
	require.Equal(t, 2, p.Rows)
	require.Less(t, p.pages(), 200)
}
