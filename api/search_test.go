package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/hook"
	"godwit/internal/match"
)

func TestSearch_ShowsEverything(t *testing.T) {
	last := hook.Cursor{Time: now(), Sequence: 7, ID: "e2"}
	got := shown(t, viewFound(match.Found{Next: &last, Examined: 10_000, ExaminedSince: now(), Failures: []match.Failure{{Message: `there is no key "a"`, Count: 7, EventID: "e9"}},
		Events: []hook.Event{{ID: "e2", Type: "A", ProjectID: "p1", CompanyID: "c1", OccurredAt: now(), AcceptedAt: now()}}}))
	require.Equal(t, []any{map[string]any{"detail": `there is no key "a"`, "count": 7.0, "event_id": "e9"}}, got["filter_failures"])
	require.Equal(t, 10_000.0, got["examined"])
	require.Equal(t, nowText, got["examined_since"])
	require.Equal(t, "e2", at(got["data"].([]any)[0], "id"))
	after, ok := parseCursor(got["next_cursor"].(string))
	require.True(t, ok)
	require.Equal(t, last, after)
}

func TestSearch_AsksForWhatItIsAsked(t *testing.T) {
	c := staged(t)
	for i, set := range []string{"", `type = 'B'`, `project_id = 'p2'`, `project_id = 'p3'`, `accepted_at = accepted_at + interval '1 year'`} {
		c.event(fmt.Sprintf("e%d", i), set)
	}
	search := func(body string) (ids []any, got map[string]any) {
		got = c.call("POST", "/v1/events/search", body).is(200).json()
		for _, row := range got["data"].([]any) {
			require.Contains(t, row, "deliveries")
			ids = append(ids, at(row, "id"))
		}
		return ids, got
	}
	ids, got := search(`{"filter":"true","since":"2020-01-01T00:00:00Z"}`)
	require.Equal(t, []any{"e3", "e2", "e1", "e0"}, ids, "until now")
	require.Nil(t, got["next_cursor"])
	for query, want := range map[string][]any{`"filter":"event.type == 'B'"`: {"e1"}, `"filter":"true","types":["B"]`: {"e1"}, `"filter":"true","types":["B*","A"],"projects":["p2"]`: {"e2"},
		`"filter":"true","owner_id":"u1"`: {"e2", "e1", "e0"}, `"filter":"true","until":"2026-05-04T09:30:00.123456Z"`: nil, `"filter":"false"`: nil} {
		ids, _ = search(`{"since":"2020-01-01T00:00:00Z",` + query + `}`)
		require.Equal(t, want, ids, query)
	}
	ids, got = search(`{"filter":"true","since":"2020-01-01T00:00:00Z","limit":3}`)
	require.Len(t, ids, 3)
	ids, _ = search(fmt.Sprintf(`{"filter":"true","since":"2020-01-01T00:00:00Z","limit":3,"cursor":%q}`, got["next_cursor"]))
	require.Equal(t, []any{"e0"}, ids)
}

func TestSearch_NamesEveryBadField(t *testing.T) {
	c := newClient(t)
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"A",`, n), ",") }
	for body, pointers := range map[string][]string{
		`{}`: {"/filter", "/since"},
		`{"filter":"","since":"2020-01-01T00:00:00Z"}`: {"/filter"},
		`{"owner_id":"a b","filter":"bad","types":["a b","webhook.degraded"],"projects":["a b"],"since":"yesterday","until":"x","limit":201,"cursor":"x","rules":[]}`: {
			"/owner_id", "/filter", "/types/0", "/types/1", "/projects/0", "/since", "/until", "/limit", "/cursor", "/rules"},
		`{"filter":"true","since":"2999-01-01T00:00:00Z"}`:                                {"/since"},
		`{"filter":"true","since":"2020-01-02T00:00:00Z","until":"2020-01-01T00:00:00Z"}`: {"/until"},
		`{"filter":"true","since":"2020-01-02T00:00:00Z","limit":-1}`:                     {"/limit"},
		`{"filter":"true","since":"2020-01-02T00:00:00Z","types":[` + many(201) + `]}`:    {"/types"},
		`{"filter":"true","since":"2020-01-02T00:00:00Z","cursor":"PTEgeA"}`:              {"/cursor"},
	} {
		bad := c.call("POST", "/v1/events/search", body).problem(422, "invalid")
		require.Len(t, bad, len(pointers), "%s: %v", body, bad)
		for _, pointer := range pointers {
			require.NotEmpty(t, bad[pointer], "%s in %v", pointer, bad)
		}
	}
	require.Contains(t, c.call("POST", "/v1/events/search", `{"filter":"true","projects":["none"],"since":"2020-01-01T00:00:00Z"}`).problem(422, "invalid"), "/projects/0")
}

// TestSearch_WaitsItsTurn: it computes for as long as a preview.
func TestSearch_WaitsItsTurn(t *testing.T) {
	whileFourCompute(t, func(ctx context.Context, s *server) {
		_, err := s.searchEvents(ctx, &Payload{raw: []byte(`{"filter":"true","since":"2020-01-01T00:00:00Z"}`)})
		require.Equal(t, 429, access.ProblemOf(err).Status)
	})
}

func TestTypeFields_AreBounded(t *testing.T) {
	c := staged(t)
	c.exec(`UPDATE event_types SET example_current = '{"id":"1"}' WHERE name = 'A'`)
	c.exec(`INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint) SELECT 'e' || i, 'A', 'p1', 'c1', now(), '{"n":1}', '' FROM generate_series(1, 300) i`)
	got := c.call("GET", "/v1/event-types/A/fields", "").is(200).json()
	require.Equal(t, 200.0, got["examined"])
	require.Equal(t, []any{
		map[string]any{"path": "id", "kinds": []any{"text"}, "example": "1", "seen": 0.0},
		map[string]any{"path": "n", "kinds": []any{"number"}, "example": "1", "seen": 200.0},
	}, got["data"])
	c.exec(`DELETE FROM events WHERE id > 'e2'`) // of about a hundred
	c.exec(`UPDATE events SET current = convert_to('{"n":"' || repeat('x', 61440) || '"}', 'UTF8')`)
	require.Equal(t, 35.0, c.call("GET", "/v1/event-types/A/fields", "").is(200).json()["examined"], "more would be more than 2 MiB")
	c.call("GET", "/v1/event-types/NONE/fields", "").problem(404, "not_found")
	require.Contains(t, c.call("GET", "/v1/event-types/A/fields?since=x", "").problem(422, "invalid"), "?since")
}
