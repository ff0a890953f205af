package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const testProject = "bench-matching"

// measured is a database as the matching section has it before the bulk.
func measured(t *testing.T) (*store.Store, *bulk) {
	t.Helper()
	url := pgtest.URL(t)
	ring, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	s, err := store.Open(url, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ctx := t.Context()
	_, _, err = s.PutCompany(ctx, hook.Company{ID: companyID, Name: "c"})
	require.NoError(t, err)
	_, _, err = s.PutProject(ctx, hook.Project{ID: testProject, CompanyID: companyID, Name: "p"})
	require.NoError(t, err)
	_, _, err = s.PutUser(ctx, hook.User{ID: ownerID, Name: "u", Email: "u@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, testProject, ownerID)
	require.NoError(t, err)
	_, one, ten := matchingTypes()
	subscribe(t, s, "wh_one", one)
	for i := range 10 {
		subscribe(t, s, fmt.Sprintf("wh_ten%d", i), ten)
	}

	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return s, &bulk{db: db, project: testProject, template: "wh_one"}
}

func subscribe(t *testing.T, s *store.Store, id, eventType string) {
	t.Helper()
	_, err := s.CreateWebhook(t.Context(), hook.Webhook{
		ID: id, OwnerID: ownerID, Name: id, URL: "http://127.0.0.1:1", PayloadFormat: hook.FormatStandard,
		Metadata: []byte("{}"), Enabled: true, Status: hook.Healthy, Rules: []hook.Rule{{Events: []string{eventType}, Projects: []string{testProject}}},
	})
	require.NoError(t, err)
}

// ingest accepts events as the product does, by package match.
func ingest(t *testing.T, s *store.Store, events ...hook.Event) []hook.Accepted {
	t.Helper()
	matching, err := match.New(match.Options{Store: s, FilterFailed: func(kind string) { t.Errorf("a filter failed: %s", kind) }})
	require.NoError(t, err)
	accepted, err := matching.Ingest(t.Context(), events, nil)
	require.NoError(t, err)
	return accepted
}

func TestBulkMatchesNothingOfTheProject(t *testing.T) {
	s, load := measured(t)
	ctx := t.Context()
	require.NoError(t, load.directory(ctx))
	for _, n := range []int{100, 3_000} {
		_, err := load.fillTo(ctx, n)
		require.NoError(t, err)
		var hooks, rules, keys int
		require.NoError(t, load.db.QueryRowContext(ctx, `
			SELECT (SELECT count(*) FROM webhooks), (SELECT count(*) FROM rules), (SELECT count(DISTINCT rule_id) FROM rule_keys)`).Scan(&hooks, &rules, &keys))
		require.Equal(t, []int{n + 11, n + 11, n + 11}, []int{hooks, rules, keys})
	}
	none, one, ten := matchingTypes()
	accepted := ingest(t, s,
		hook.Event{ID: "e0", Type: none, ProjectID: testProject, Current: []byte("{}")},
		hook.Event{ID: "e1", Type: one, ProjectID: testProject, Current: []byte("{}")},
		hook.Event{ID: "e10", Type: ten, ProjectID: testProject, Current: []byte("{}")},
		hook.Event{ID: "elsewhere", Type: ten, ProjectID: "bulk-40", Current: []byte("{}")},
	)
	require.Zero(t, accepted[0].Matched)
	require.Equal(t, 1, accepted[1].Matched)
	require.Equal(t, 10, accepted[2].Matched)
	require.Positive(t, accepted[3].Matched, "in its own project the bulk matches")
}

// TestBulkIsAsTheAPIMakesIt compares the rules and keys with those that the
// store makes, in all columns but ids and times.
func TestBulkIsAsTheAPIMakesIt(t *testing.T) {
	s, load := measured(t)
	ctx := t.Context()
	require.NoError(t, load.directory(ctx))
	_, err := load.fillTo(ctx, 30)
	require.NoError(t, err)
	const (
		rules = `SELECT to_jsonb(r) - '{id,webhook_id,created_at}'::text[] FROM rules r WHERE webhook_id = $1 ORDER BY 1`
		keys  = `SELECT to_jsonb(k) - '{rule_id,webhook_id}'::text[] FROM rule_keys k WHERE webhook_id = $1 ORDER BY 1`
	)
	template, err := s.Webhook(ctx, load.template)
	require.NoError(t, err)
	for _, id := range []string{"wh_bulk0", "wh_bulk1", "wh_bulk2"} {
		copied := template
		copied.ID = id + "copy"
		require.NoError(t, load.db.QueryRowContext(ctx, `SELECT owner_id FROM webhooks WHERE id = $1`, id).Scan(&copied.OwnerID))
		copied.Rules = rulesOf(t, load.db, id)
		_, err := s.CreateWebhook(ctx, copied)
		require.NoError(t, err, "the API takes it: its names exist, its owner may")
		for _, query := range []string{rules, keys} {
			require.NotEmpty(t, found(t, load.db, query, id))
			require.Equal(t, found(t, load.db, query, copied.ID), found(t, load.db, query, id))
		}
	}
}

// found lists what a query of one column finds of a webhook.
func found(t *testing.T, db *sql.DB, query, id string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, id)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var one string
		require.NoError(t, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}

func rulesOf(t *testing.T, db *sql.DB, id string) []hook.Rule {
	t.Helper()
	var r hook.Rule
	err := db.QueryRowContext(t.Context(), `SELECT events, projects FROM rules WHERE webhook_id = $1`, id).Scan(pq.Array(&r.Events), pq.Array(&r.Projects))
	require.NoError(t, err)
	return []hook.Rule{r}
}

func TestWhatIsMissingIsLateOrLost(t *testing.T) {
	s, load := measured(t)
	_, one, _ := matchingTypes()
	ingest(t, s, hook.Event{ID: "e", Type: one, ProjectID: testProject, Current: []byte("{}")})
	b := &bench{postgres: &postgres{product: load.db}}
	result := &throughputResult{Lost: 3}
	err := b.explainMissing(result, context.DeadlineExceeded)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, result.Late, "the ledger has one pending")
	require.Equal(t, 2, result.Lost)
}
