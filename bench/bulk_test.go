package main

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
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
	s, err := store.Open(url, ring)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ctx := t.Context()
	_, one := matchingTypes()
	_, _, err = s.PutCompany(ctx, hook.Company{ID: companyID, Name: "c"})
	require.NoError(t, err)
	_, _, err = s.PutProject(ctx, hook.Project{ID: testProject, CompanyID: companyID, Name: "p"})
	require.NoError(t, err)
	_, _, err = s.PutUser(ctx, hook.User{ID: ownerID, Name: "u", Email: "u@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, testProject, ownerID)
	require.NoError(t, err)
	w := hook.Webhook{ID: "wh_one", OwnerID: ownerID, Name: "one", URL: "http://127.0.0.1:1", PayloadFormat: hook.FormatStandard,
		Metadata: []byte("{}"), Enabled: true, Status: hook.Healthy, Rules: []hook.Rule{{Events: []string{one}, Projects: []string{testProject}}}}
	_, err = s.CreateWebhook(ctx, w)
	require.NoError(t, err)

	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return s, &bulk{db: db, project: testProject, template: w.ID}
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
		require.Equal(t, []int{n + 1, n + 1, n + 1}, []int{hooks, rules, keys})
	}
	none, one := matchingTypes()
	accepted, err := s.Ingest(ctx, []hook.Event{
		{ID: "e0", Type: none, ProjectID: testProject, Current: []byte("{}")},
		{ID: "e1", Type: one, ProjectID: testProject, Current: []byte("{}")},
		{ID: "e2", Type: none, ProjectID: "bulk-40", Current: []byte("{}")},
	})
	require.NoError(t, err)
	require.Zero(t, accepted[0].Matched)
	require.Equal(t, 1, accepted[1].Matched)
	require.Positive(t, accepted[2].Matched, "in its own project the bulk matches")
}

// TestBulkIsAsTheAPIMakesIt compares the keys with those that the store makes of
// the same rules.
func TestBulkIsAsTheAPIMakesIt(t *testing.T) {
	s, load := measured(t)
	ctx := t.Context()
	require.NoError(t, load.directory(ctx))
	_, err := load.fillTo(ctx, 30)
	require.NoError(t, err)
	keys := func(id string) (found []string) {
		rows, err := load.db.QueryContext(ctx, `SELECT scope || ' ' || pattern FROM rule_keys WHERE webhook_id = $1 ORDER BY 1`, id)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var key string
			require.NoError(t, rows.Scan(&key))
			found = append(found, key)
		}
		return found
	}
	template, err := s.Webhook(ctx, load.template)
	require.NoError(t, err)
	for _, id := range []string{"wh_bulk0", "wh_bulk1", "wh_bulk2"} {
		copied := template
		copied.ID = id + "copy"
		require.NoError(t, load.db.QueryRowContext(ctx, `SELECT owner_id FROM webhooks WHERE id = $1`, id).Scan(&copied.OwnerID))
		copied.Rules = rulesOf(t, load.db, id)
		_, err := s.CreateWebhook(ctx, copied)
		require.NoError(t, err, "the API takes it: its names exist, its owner may")
		require.NotEmpty(t, keys(id))
		require.Equal(t, keys(copied.ID), keys(id))
	}
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
	_, one := matchingTypes()
	_, err := s.Ingest(t.Context(), []hook.Event{{ID: "e", Type: one, ProjectID: testProject, Current: []byte("{}")}})
	require.NoError(t, err)
	b := &bench{postgres: &postgres{product: load.db}}
	result := &throughputResult{Lost: 3}
	err = b.explainMissing(result, context.DeadlineExceeded)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, result.Late, "the ledger has one pending")
	require.Equal(t, 2, result.Lost)
}
