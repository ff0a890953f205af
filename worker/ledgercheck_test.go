package worker

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(url, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// newStore is one in which two webhooks got event e1.
func newStore(t *testing.T) (s *store.Store, url string) {
	t.Helper()
	url = pgtest.URL(t)
	s = openStore(t, url)
	ctx := t.Context()
	_, _, err := s.PutCompany(ctx, hook.Company{ID: "c1", Name: "Company"})
	require.NoError(t, err)
	_, _, err = s.PutProject(ctx, hook.Project{ID: "p1", CompanyID: "c1", Name: "Project"})
	require.NoError(t, err)
	_, _, err = s.PutUser(ctx, hook.User{ID: "u1", Name: "Una", Email: "una@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	for _, id := range []string{"wh_1", "wh_2"} {
		_, err = s.CreateWebhook(ctx, hook.Webhook{ID: id, OwnerID: "u1", Name: id, URL: "https://example.com/", Secret: "whsec_c2VjcmV0",
			Rules: []hook.Rule{{Events: []string{"*"}}}, PayloadFormat: hook.FormatStandard, Metadata: []byte("{}"), Enabled: true, Status: hook.Healthy})
		require.NoError(t, err)
	}
	m, err := match.New(match.Options{Store: s})
	require.NoError(t, err)
	accepted, err := m.Ingest(ctx, []hook.Event{{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte("{}")}}, nil)
	require.NoError(t, err)
	require.Equal(t, 2, accepted[0].Matched)
	return s, url
}

// TestLedgerCheck_IsMadeOnceAnHourByOneOfSeveral: processes that start together make
// one check, and so do those that ask again after an hour.
func TestLedgerCheck_IsMadeOnceAnHourByOneOfSeveral(t *testing.T) {
	s, url := newStore(t)
	core, logs := observer.New(zap.DebugLevel)
	var processes [3]ledgerCheck
	round := func() int {
		before := logs.Len()
		for i := range processes {
			processes[i].store, processes[i].log = s, zap.New(core)
			more, err := processes[i].step(t.Context())
			require.NoError(t, err)
			require.False(t, more)
		}
		return logs.Len() - before
	}
	aged := func(age string) {
		pgtest.Exec(t, url, `UPDATE ledger_checks SET began_at = now() - $1::interval`, age)
	}
	require.Equal(t, 1, round(), "at the start")
	require.Zero(t, round(), "at once")
	aged("59 minutes")
	require.Zero(t, round())
	aged("61 minutes")
	require.Equal(t, 1, round())
	aged("2 minutes")
	processes[0].asked = false
	require.Equal(t, 1, round(), "one that has just started")
	require.Equal(t, 3, logs.FilterMessage("the ledger is in order").FilterField(zap.Int("checked", 2)).Len())
}

func TestLedgerCheck_LogsDifferencesWithIDs(t *testing.T) {
	s, url := newStore(t)
	pgtest.Exec(t, url, `DELETE FROM deliveries WHERE webhook_id = 'wh_1'`)
	core, logs := observer.New(zap.DebugLevel)
	_, err := (&ledgerCheck{store: s, log: zap.New(core)}).step(t.Context())
	require.NoError(t, err)
	entries := logs.All()
	require.Len(t, entries, 1)
	require.Equal(t, zap.ErrorLevel, entries[0].Level)
	require.Equal(t, map[string]any{"checked": int64(1), "deliveries": int64(1), "deliveries_ids": []any{"e1"}}, entries[0].ContextMap())
	kept, err := s.Differences(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, kept[hook.DifferenceDeliveries])
}

func TestLedgerCheck_KeepsNothingOfOneThatBreaksOff(t *testing.T) {
	s, _ := newStore(t)
	core, logs := observer.New(zap.DebugLevel)
	l := &ledgerCheck{store: s, log: zap.New(core)}
	mine, err := s.BeginCheck(t.Context(), time.Hour)
	require.NoError(t, err)
	require.True(t, mine)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	require.Error(t, l.check(stopped))
	require.Empty(t, logs.All())
	kept, err := s.Differences(t.Context())
	require.NoError(t, err)
	require.Nil(t, kept)
}
