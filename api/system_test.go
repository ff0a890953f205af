package api

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/ops"
)

func TestSystem_TellsVersionsAndHowFarTheRemovalHasCome(t *testing.T) {
	c := newClient(t)
	border := now().Add(-30 * 24 * time.Hour)
	c.exec(`UPDATE retention SET kept_since = $1, began_at = $2, last_finished_at = $3, part = 'events', problem = 'the database was away'`, border, now(), now().Add(-time.Hour))
	c.exec(`INSERT INTO retention_removed (part, total, last_run) VALUES ('events', 30, 3)`)
	got := c.call("GET", "/v1/system", "").is(200).json()
	require.Equal(t, "test", got["version"])
	require.Greater(t, got["schema_version"], 200.0)
	require.Regexp(t, `^\d+\.\d+`, got["postgres_version"])
	require.Equal(t, map[string]any{
		"kept_since": border.Format(time.RFC3339Nano), "running": true, "part": "events", "began_at": now().Format(time.RFC3339Nano),
		"last_finished_at": now().Add(-time.Hour).Format(time.RFC3339Nano), "problem": "the database was away",
		"removed": []any{map[string]any{"part": "events", "total": 30.0, "last_run": 3.0}},
	}, got["retention"])
}

// TestSystem_TellsItsParts: whoever runs Godwit sees in the app what /readyz says.
func TestSystem_TellsItsParts(t *testing.T) {
	c := newClientWith(t, func(o *Options) {
		o.Parts = func(context.Context) []ops.Found {
			return []ops.Found{{Name: "postgres"}, {Name: "temporal", Missing: "no connection"}}
		}
	})
	require.Equal(t, []any{
		map[string]any{"name": "postgres", "ready": true, "detail": nil},
		map[string]any{"name": "temporal", "ready": false, "detail": "no connection"},
	}, c.call("GET", "/v1/system", "").is(200).json()["parts"])
	require.Equal(t, []any{}, newClient(t).call("GET", "/v1/system", "").is(200).json()["parts"])
}

// TestSystem_TellsOfSecretsThatNoKeyOpens: deliveries of such a webhook fail, and the
// process started all the same, because newer ones can be opened.
func TestSystem_TellsOfSecretsThatNoKeyOpens(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	make := func() string {
		return c.call("POST", "/v1/webhooks", `{"owner_id":"u1","name":"n","url":"https://hooks.example.com/","rules":[{"events":["*"]}]}`).is(201).json()["id"].(string)
	}
	bad := make()
	make()
	unreadable := func() any { return c.call("GET", "/v1/system", "").is(200).json()["unreadable"] }
	require.Equal(t, map[string]any{"total": 0.0, "webhooks": []any{}}, unreadable())
	c.exec(`UPDATE webhooks SET secret = overlay(secret PLACING '\x00000000' FROM 2 FOR 4) WHERE id = $1`, bad)
	require.Equal(t, map[string]any{"total": 1.0, "webhooks": []any{bad}}, unreadable())
	require.Equal(t, []any{"secret"}, c.call("GET", "/v1/webhooks/"+bad, "").is(200).json()["unreadable"])
}

// TestReports_SayWhatMayBeMissing: a count of a time of which rows were removed
// would mislead without a word.
func TestReports_SayWhatMayBeMissing(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	paths := []string{"/v1/stats", "/v1/webhooks/wh_1/health", "/v1/webhooks/wh_1/ledger"}
	for _, path := range paths {
		require.Nil(t, c.call("GET", path, "").is(200).json()["kept_since"], path)
	}
	c.exec(`UPDATE retention SET kept_since = $1`, now())
	for _, path := range paths {
		require.Equal(t, now().Format(time.RFC3339Nano), c.call("GET", path, "").is(200).json()["kept_since"], path)
	}
}
