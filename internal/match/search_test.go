package match_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/pgtest"
)

func (s stage) search(t *testing.T, q match.Search) match.Found {
	t.Helper()
	if len(q.Rule.Events) == 0 {
		q.Rule.Events = []string{"*"}
	}
	if q.Limit == 0 {
		q.Limit = 200
	}
	if q.Since.IsZero() {
		q.Since = time.Now().Add(-24 * time.Hour)
	}
	if q.Until.IsZero() {
		q.Until = time.Now().Add(time.Hour)
	}
	found, err := s.Search(context.Background(), q)
	require.NoError(t, err)
	return found
}

func ids(events []hook.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

// TestSearch_FindsWhatTheCallerSees: by condition, type, project and time, page by page.
func TestSearch_FindsWhatTheCallerSees(t *testing.T) {
	s := newStage(t)
	for i := range 12 {
		s.post(t, fmt.Sprintf("e%02d", i), []string{"TODO_CREATED", "TAG_CREATED"}[i%2], []string{"p1", "p2", "p3"}[i/4], fmt.Sprintf(`{"n":%d}`, i))
	}
	even := hook.Rule{Filter: "int(current.n) % 2 == 0"}
	found := s.search(t, match.Search{OwnerID: "u1", Rule: even})
	require.Equal(t, []string{"e10", "e08", "e06", "e04", "e02", "e00"}, ids(found.Events))
	require.Equal(t, 12, found.Examined)
	require.Nil(t, found.Next)
	require.Nil(t, found.Events[0].Current)
	require.Equal(t, []string{"e10", "e08"}, ids(s.search(t, match.Search{OwnerID: "u2", Rule: even}).Events), "u2 is a member of p3 alone")
	require.Len(t, s.search(t, match.Search{Rule: even}).Events, 6, "an admin sees all")

	even.Projects = []string{"p1", "p3"}
	require.Equal(t, []string{"e10", "e08", "e02", "e00"}, ids(s.search(t, match.Search{OwnerID: "u1", Rule: even}).Events))
	require.Equal(t, []string{"e10", "e08", "e02", "e00"}, ids(s.search(t, match.Search{Rule: even}).Events))
	even.Events = []string{"TAG_*"}
	require.Empty(t, s.search(t, match.Search{OwnerID: "u1", Rule: even}).Events)

	var all []string
	q := match.Search{OwnerID: "u1", Rule: hook.Rule{Filter: "current.n >= 3"}, Limit: 4}
	for pages := 1; ; pages++ {
		found := s.search(t, q)
		all = append(all, ids(found.Events)...)
		if q.After = found.Next; q.After == nil {
			require.Equal(t, 3, pages)
			break
		}
		require.Equal(t, 4, len(found.Events))
	}
	require.Equal(t, []string{"e11", "e10", "e09", "e08", "e07", "e06", "e05", "e04", "e03"}, all)

	pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = now() - interval '2 days' WHERE id < 'e06'`)
	require.Equal(t, []string{"e10", "e08", "e06"}, ids(s.search(t, match.Search{OwnerID: "u1", Rule: hook.Rule{Filter: "int(current.n) % 2 == 0"}}).Events))
	old := match.Search{OwnerID: "u1", Rule: hook.Rule{Filter: "true"}, Since: time.Now().Add(-72 * time.Hour), Until: time.Now().Add(-24 * time.Hour)}
	require.Len(t, s.search(t, old).Events, 6)
}

// TestSearch_LeavesOutWhatIsNotForEverybody: tests, combinations, what is told of
// webhooks, and what was expunged.
func TestSearch_LeavesOutWhatIsNotForEverybody(t *testing.T) {
	s := newStage(t)
	s.post(t, "plain", "TODO_CREATED", "p1", `{}`)
	for id, change := range map[string]string{
		"private": `private_to = 'u2'`, "expunged": `expunged_at = now(), current = NULL`, "combined": `type = 'combination', project_ids = '{p1,p2}'`,
		"told": `type = 'webhook.degraded', owner_id = 'u2'`,
	} {
		s.post(t, id, "TODO_CREATED", "p1", `{}`)
		pgtest.Exec(t, s.url, `UPDATE events SET `+change+` WHERE id = $1`, id)
	}
	for _, owner := range []string{"u1", ""} {
		require.Equal(t, []string{"plain"}, ids(s.search(t, match.Search{OwnerID: owner, Rule: hook.Rule{Filter: "true"}}).Events))
	}
}

// TestSearch_GoesOnWhereAPageIsFull: 10,000 events are a page, whatever it has found.
func TestSearch_GoesOnWhereAPageIsFull(t *testing.T) {
	s := newStage(t)
	pgtest.Exec(t, s.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint)
		SELECT 'b' || n, 'TODO_CREATED', 'p1', 'c1', now(), now() - n * interval '1 second', convert_to('{"n":' || n || '}', 'UTF8'), '' FROM generate_series(1, $1::int) n`, match.MaxSearchEvents+500)
	q := match.Search{OwnerID: "u1", Rule: hook.Rule{Filter: "current.n == 10200"}}
	found := s.search(t, q)
	require.Empty(t, found.Events)
	require.Equal(t, match.MaxSearchEvents, found.Examined)
	require.NotNil(t, found.Next)
	require.Equal(t, found.Next.Time, found.ExaminedSince)
	q.After = found.Next
	found = s.search(t, q)
	require.Equal(t, []string{"b10200"}, ids(found.Events))
	require.Equal(t, 500, found.Examined)
	require.Nil(t, found.Next)
}

func TestSearch_CountsFailuresAndChecksNames(t *testing.T) {
	s := newStage(t)
	for i, current := range []string{`{"total":1}`, `{}`, `{"total":"x"}`, `{}`} {
		s.post(t, fmt.Sprintf("e%d", i), "TODO_CREATED", "p1", current)
	}
	found := s.search(t, match.Search{OwnerID: "u1", Rule: hook.Rule{Filter: "current.total == 1"}})
	require.Equal(t, []string{"e0"}, ids(found.Events))
	require.Equal(t, 2, found.Failures[0].Count)
	require.Equal(t, "e3", found.Failures[0].EventID)
	require.Contains(t, found.Failures[0].Message, `there is no key "total"`)

	pgtest.Exec(t, s.url, `INSERT INTO event_types (name, "group", description, archived_at) VALUES ('OLD', 'G', 'D', now())`)
	s.search(t, match.Search{OwnerID: "u1", Rule: hook.Rule{Events: []string{"OLD"}, Filter: "true"}})
	for pointer, q := range map[string]match.Search{
		"/owner_id":           {OwnerID: "nobody", Rule: hook.Rule{Events: []string{"*"}}},
		"/rules/0/events/1":   {OwnerID: "u1", Rule: hook.Rule{Events: []string{"OLD", "NOTHING"}}},
		"/rules/0/projects/0": {OwnerID: "u2", Rule: hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}}},
	} {
		_, err := s.Search(context.Background(), q)
		var invalid *hook.Error
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Fields, 1)
		require.Equal(t, pointer, invalid.Fields[0].Pointer)
	}
}
