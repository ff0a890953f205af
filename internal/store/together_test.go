package store_test

import (
	"context"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store"
)

// TestRequestsTogetherAreAnsweredEachByItself has so many at once that they
// share statements: some match, some wait for a filter, some are refused.
func TestRequestsTogetherAreAnsweredEachByItself(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"TODO_*"}})
	s.webhook(t, hook.Rule{Events: []string{"TAG_CREATED"}, Filter: "current.id == 'r1'"})
	s.post(t, event("old", "TODO_CREATED", "p1"))
	changed := event("old", "TODO_CREATED", "p1")
	changed.Current = []byte(`{}`)
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			unique := fmt.Sprint("e", i)
			got, err := s.Ingest(context.Background(), []hook.Event{
				event(unique, []string{"TODO_CREATED", "TAG_CREATED", "COMMENT_CREATED"}[i%3], "p1"),
				event("nowhere", "TODO_CREATED", "nowhere"), event("old", "TODO_CREATED", "p1"), changed,
			})
			if err != nil || len(got) != 4 {
				t.Errorf("%v %v", got, err)
				return
			}
			if matched := []int{1, 1, 0}[i%3]; got[0] != (hook.Accepted{CompanyID: "c1", Matched: matched, Due: matched > 0}) {
				t.Errorf("%s: %+v", unique, got[0])
			}
			if got[1].Err == nil || got[1].Err.Code != hook.CodeInvalid || !got[2].Duplicate || got[2].Matched != 1 || got[3].Err == nil || got[3].Err.Code != hook.CodeConflict {
				t.Errorf("%s: %+v", unique, got)
			}
		})
	}
	group.Wait()
	require.Equal(t, 41, s.number(t, `SELECT count(*) FROM deliveries`))
	require.Equal(t, 61, s.number(t, `SELECT count(*) FROM events`))
}

func TestOfOneIDTwiceTheOneThatFitsIsAccepted(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	got, err := s.Ingest(context.Background(), []hook.Event{event("a", "TODO_CREATED", "nowhere"), event("a", "TODO_CREATED", "p1")})
	require.NoError(t, err)
	require.Equal(t, hook.CodeConflict, got[0].Err.Code, "the id is taken now")
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 1, Due: true}, got[1])
}

func TestDeliveryIDsAreUUIDs(t *testing.T) {
	s := newStage(t)
	for range 20 {
		s.webhook(t, hook.Rule{Events: []string{"*"}})
	}
	s.post(t, event("a", "TODO_CREATED", "p1"))
	all, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: "a"}, anyPage)
	require.NoError(t, err)
	seen := map[uuid.UUID]bool{}
	for _, d := range all {
		text, ok := strings.CutPrefix(d.ID, "dlv_")
		require.True(t, ok)
		raw, err := base32.HexEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(text))
		require.NoError(t, err)
		u, err := uuid.FromBytes(raw)
		require.NoError(t, err)
		require.EqualValues(t, 7, u.Version())
		seen[u] = true
	}
	require.Len(t, seen, 20)
}

func TestDeliveryIDs_OfOneStatementDoNotRepeat(t *testing.T) {
	s := newStage(t)
	// Where the digits end that were enough before, and where these end.
	const numbers = `SELECT n FROM generate_series(0, 1000) n UNION ALL SELECT 524288 + n FROM generate_series(-1000, 30000) n UNION ALL SELECT 8388607 - n FROM generate_series(0, 1000) n`
	digits := `SELECT n.number, ` + store.IDDigits + ` AS digits FROM (SELECT n::bigint AS number FROM (` + numbers + `) n) n`
	require.Equal(t, 33003, s.number(t, `SELECT count(DISTINCT digits) FROM (`+digits+`) d`))
	require.Zero(t, s.number(t, `SELECT count(*) FROM (SELECT digits <= lag(digits) OVER (ORDER BY number) AS wrong FROM (SELECT number, digits COLLATE "C" AS digits FROM (`+digits+`) d) d) d WHERE wrong`),
		"what is held is released in the order of the ids")
	require.Equal(t, 5, s.number(t, `SELECT max(length(digits)) FROM (`+digits+`) d`))
}
