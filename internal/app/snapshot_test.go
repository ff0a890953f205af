package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// turning goes from one state to another and back, each way in one transaction,
// until the test ends. No answer may show a part of both.
type turning struct{ there, back []string }

func (u turning) run(t *testing.T, db *sql.DB) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			if err = inOne(db, u.there); err == nil {
				err = inOne(db, u.back)
			}
		}
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

func inOne(db *sql.DB, statements []string) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, s := range statements {
		if _, err := tx.Exec(s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// TestSnapshot_AnswersAgreeWithThemselves asks for each answer that is put
// together from several reads while what it shows changes.
func TestSnapshot_AnswersAgreeWithThemselves(t *testing.T) {
	const asks = 300
	count := func(v any) float64 { return float64(len(v.([]any))) }
	object := func(v any) map[string]any { return v.(map[string]any) }
	const event, deliveries, attempts = `id = 'shared-event'`, `event_id = 'shared-event'`, `delivery_id = (SELECT min(id) FROM deliveries WHERE event_id = 'shared-event')`
	failed := turning{
		there: []string{`UPDATE deliveries SET status = 'failed', reason = 'exhausted', dispatch_at = NULL, finished_at = now() WHERE ` + deliveries},
		back:  []string{`UPDATE deliveries SET status = 'succeeded', reason = NULL WHERE ` + deliveries},
	}
	s, url := newTenantsOn(t)
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	var webhook, delivery string
	require.NoError(t, db.QueryRow(`SELECT id, webhook_id FROM deliveries WHERE `+deliveries+` ORDER BY id LIMIT 1`).Scan(&delivery, &webhook))
	_, err = db.Exec(`DELETE FROM deliveries WHERE id <> $1`, delivery)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		path string
		turn turning
		// agree compares two parts of an answer.
		agree func(body map[string]any) (one, other any)
	}{
		"ledger": {"/v1/webhooks/{webhook}/ledger", failed, func(b map[string]any) (any, any) {
			return b["matched"].(float64) - b["succeeded"].(float64), count(object(b["undelivered"])["data"])
		}},
		"stats": {"/v1/stats", turning{
			there: []string{`UPDATE deliveries SET status = 'held', reason = 'webhook_disabled', dispatch_at = NULL, finished_at = NULL WHERE ` + deliveries},
			back:  failed.there,
		}, func(b map[string]any) (any, any) {
			return object(b["deliveries"])["held"], object(b["backlog"])["held"]
		}},
		"health": {"/v1/webhooks/{webhook}/health", turning{
			there: []string{`INSERT INTO health_counts (webhook_id, hour, reason, latency, part, n) SELECT id, date_trunc('hour', now(), 'UTC'), 'dns', 1, 0, 1 FROM webhooks`,
				`INSERT INTO transitions (webhook_id, from_status, status, enabled, cause, told) SELECT id, 'HEALTHY', 'DEGRADED', true, 'attempt_failed', false FROM webhooks`},
			back: []string{`DELETE FROM health_counts`, `DELETE FROM transitions`},
		}, func(b map[string]any) (any, any) { return b["attempts"], count(b["transitions"]) }},
		"event": {"/v1/events/shared-event", turning{
			there: []string{`CREATE TABLE kept AS SELECT * FROM deliveries WHERE ` + deliveries, `DELETE FROM deliveries WHERE ` + deliveries, `UPDATE events SET type = 'none' WHERE ` + event},
			back:  []string{`INSERT INTO deliveries SELECT * FROM kept`, `DROP TABLE kept`, `UPDATE events SET type = 'TODO_CREATED' WHERE ` + event},
		}, func(b map[string]any) (any, any) { return b["type"] != "none", count(b["deliveries"]) > 0 }},
		"delivery": {"/v1/deliveries/{shared}", turning{
			there: []string{`UPDATE deliveries SET attempts = 1 WHERE ` + deliveries, `INSERT INTO attempts (delivery_id, number) SELECT id, 1 FROM deliveries WHERE ` + deliveries},
			back:  []string{`UPDATE deliveries SET attempts = 0 WHERE ` + deliveries, `DELETE FROM attempts WHERE ` + attempts},
		}, func(b map[string]any) (any, any) { return b["attempt_count"], count(b["attempts"]) }},
	} {
		t.Run(name, func(t *testing.T) {
			tc.turn.run(t, db)
			for range asks {
				got := s.call(bootstrap, http.MethodGet, objects{"webhook": webhook, "shared": delivery}.fill(tc.path), "")
				require.Equal(t, http.StatusOK, got.Code, got.Body)
				var body map[string]any
				require.NoError(t, json.Unmarshal(got.Body.Bytes(), &body))
				one, other := tc.agree(body)
				require.Equal(t, one, other, got.Body)
			}
		})
	}
}
