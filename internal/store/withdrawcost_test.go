package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestWithdrawal_AStepCostsTheSameHoweverLongTheQueue counts pages with the plans of
// different statistics: Postgres gathers them whenever it has time.
func TestWithdrawal_AStepCostsTheSameHoweverLongTheQueue(t *testing.T) {
	for _, when := range []string{"of next to nothing", "of a quiet moment", "while everything waits", "of everything"} {
		t.Run(when, func(t *testing.T) { requireCheapSteps(t, when) })
	}
}

func requireCheapSteps(t *testing.T, when string) {
	t.Helper()
	s := newStage(t)
	gather := func(now string) {
		if now == when {
			pgtest.Exec(t, s.url, `ANALYZE deliveries, events`)
		}
	}
	if when == "of a quiet moment" {
		s.quiet(t)
	}
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	conn := session(t, s.url)
	const limit = 50
	args := map[string]string{"webhook": `NULL`, "member": `'p1'`, "project": `'p1'`}
	call := func(name string, i int) string {
		return fmt.Sprintf(`%s_%d('%s', '-infinity', '', %d, 'held', 'webhook_disabled', %s, now())`, name, i, w.ID, limit, args[name])
	}
	for name, walks := range store.Walks {
		for i, walk := range walks {
			_, err := conn.ExecContext(context.Background(), fmt.Sprintf("PREPARE %s_%d(text, timestamptz, text, bigint, text, text, text, timestamptz) AS %s", name, i, walk))
			require.NoError(t, err)
			planned(t, conn, call(name, i))
		}
	}
	_, err := conn.ExecContext(context.Background(), "PREPARE unowned AS "+store.Unowned)
	require.NoError(t, err)
	planned(t, conn, "unowned")
	gather("of next to nothing")
	s.fill(t, w.ID, 20_000)
	gather("while everything waits")
	pgtest.Exec(t, s.url, `
		INSERT INTO deliveries (id, event_id, webhook_id, event_type, project_id, company_id, status, finished_at)
		SELECT 'dlv_done' || g, 'done' || g, $1, 'TODO_CREATED', 'p1', 'c1', 'succeeded', now() FROM generate_series(1, 20000) g`, w.ID)
	gather("of everything")
	for name, walks := range store.Walks {
		for i := range walks {
			pages := planned(t, conn, call(name, i)).pages()
			t.Logf("%s %d: %d pages", name, i, pages)
			require.Less(t, pages, 60*limit, "%s %d", name, i) // a row is in many indexes
		}
	}
	require.Less(t, planned(t, conn, "unowned").pages(), 200)
}

func TestWithdrawal_WhatIsStillToBeHeldIsAnsweredAsHeld(t *testing.T) {
	ctx := context.Background()
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	id := s.claimed(t, "e1").DeliveryID
	s.attempt(t, id, failure())
	pgtest.Exec(t, s.url, `UPDATE webhooks SET enabled = false, disabled_reason = 'owner' WHERE id = $1`, w.ID)
	d, err := s.Delivery(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Retrying, d.Status, "its step has not come")
	_, err = s.RetryNow(ctx, id)
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.ErrorContains(t, err, "is held because its webhook is or was switched off")
	d, err = s.Cancel(ctx, id)
	require.NoError(t, err)
	require.Equal(t, hook.Cancelled, d.Status)
}
