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

// mostOfOne is how many deliveries one statement has inserted at most: their ids
// begin alike, but for the last five digits.
const mostOfOne = `SELECT max(n) FROM (SELECT count(*) AS n FROM deliveries GROUP BY left(id, length(id) - 5)) one`

// wide is a batch of 500 events, each of which goes to 12 webhooks.
func (s stage) wide(t testing.TB, filter string) []hook.Event {
	t.Helper()
	for range 12 {
		s.webhook(t, hook.Rule{Events: []string{"TODO_*"}, Filter: filter})
	}
	events := make([]hook.Event, 500)
	for i := range events {
		events[i] = event(fmt.Sprintf("e%03d", i), "TODO_CREATED", "p1")
	}
	return events
}

// TestIngest_BoundsTheDeliveriesOfOneStatement posts a batch that has more: all are
// accepted, in the order of the batch, each with all of its deliveries.
func TestIngest_BoundsTheDeliveriesOfOneStatement(t *testing.T) {
	for name, filter := range map[string]string{"without a condition": "", "with a condition": "type == 'TODO_CREATED'"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			events := s.wide(t, filter)
			events[499] = events[7] // the same once more
			accepted, err := s.Ingest(context.Background(), events)
			require.NoError(t, err)
			for i, a := range accepted {
				a.Due, a.CompanyID = false, ""
				require.Equal(t, hook.Accepted{Matched: 12, Duplicate: i == 499}, a, i)
			}
			require.Equal(t, 499*12, s.number(t, `SELECT count(*) FROM deliveries WHERE siblings = 12`))
			most := s.number(t, mostOfOne)
			require.Less(t, most, store.DeliveriesAtOnce+12)
			require.GreaterOrEqual(t, most, store.DeliveriesAtOnce, "it is used")
			require.Equal(t, 499, s.number(t, `SELECT count(*) FROM (SELECT id, lead(id) OVER (ORDER BY sequence) AS next FROM events) e WHERE next IS NULL OR next > id`))
			require.Empty(t, s.checked(t, 100).Differences)
		})
	}
}

// TestIngest_TellsWhichEventsOfABatchAreNotAccepted has the second statement of a
// batch fail: what the first one has accepted is not to be sent again.
func TestIngest_TellsWhichEventsOfABatchAreNotAccepted(t *testing.T) {
	for name, filter := range map[string]string{"without a condition": "", "with a condition": "type == 'TODO_CREATED'"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ctx := context.Background()
			events := s.wide(t, filter)
			pgtest.Exec(t, s.url, `CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''broken''; END'`)
			pgtest.Exec(t, s.url, `CREATE TRIGGER broken BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.id = 'e499') EXECUTE FUNCTION broken()`)
			accepted, err := s.Ingest(ctx, events)
			require.NoError(t, err)
			stored := s.number(t, `SELECT count(*) FROM events`)
			require.Greater(t, stored, store.DeliveriesAtOnce/12, "more than one statement")
			for i, a := range accepted {
				if i < stored {
					require.Nil(t, a.Err, i)
					require.Equal(t, 12, a.Matched, i)
					continue
				}
				require.Equal(t, hook.CodeUnavailable, a.Err.Code, i)
				require.Contains(t, a.Err.Message, "send it again")
			}
			require.Equal(t, stored*12, s.number(t, `SELECT count(*) FROM deliveries`))

			_, _, err = s.Once(ctx, keyed("k"), func(ctx context.Context) []byte {
				_, err := s.Ingest(ctx, events)
				require.Error(t, err, "a transaction ends with all of it")
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, stored, s.number(t, `SELECT count(*) FROM events`))
			pgtest.Exec(t, s.url, `DROP TRIGGER broken ON events`)
			accepted, err = s.Ingest(ctx, events)
			require.NoError(t, err)
			for i, a := range accepted {
				require.Equal(t, []any{12, i < stored}, []any{a.Matched, a.Duplicate}, i)
			}
		})
	}
}
