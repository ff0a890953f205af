package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/match"
)

func TestSearch_AsksAndAnswers(t *testing.T) {
	c := newClient(t)
	last := hook.Cursor{Time: now(), Sequence: 7, ID: "e2"}
	c.store.found = match.Found{Next: &last, Examined: 10_000, ExaminedSince: now(), Failures: []match.Failure{{Message: `there is no key "a"`, Count: 7, EventID: "e9"}},
		Events: []hook.Event{{ID: "e2", Type: "A", ProjectID: "p1", CompanyID: "c1", OccurredAt: now(), AcceptedAt: now()}}}
	got := c.call("POST", "/v1/events/search", `{"filter":"true","since":"2020-01-01T00:00:00Z"}`).is(200).json()
	require.Equal(t, []any{map[string]any{"detail": `there is no key "a"`, "count": 7.0, "event_id": "e9"}}, got["filter_failures"])
	require.Equal(t, 10_000.0, got["examined"])
	require.Equal(t, "2026-05-04T09:30:00.123456Z", got["examined_since"])
	require.Equal(t, "e2", at(got["data"].([]any)[0], "id"))
	require.Contains(t, got["data"].([]any)[0], "deliveries")
	require.Equal(t, hook.Rule{Events: []string{"*"}, Filter: "true"}, c.store.searched.Rule)
	require.Equal(t, 50, c.store.searched.Limit)
	require.WithinDuration(t, time.Now(), c.store.searched.Until, time.Minute)

	c.call("POST", "/v1/events/search", fmt.Sprintf(`{"owner_id":"u1","filter":"true","types":["A","B*"],"projects":["p1"],"since":"2020-01-01T00:00:00Z","until":"2021-01-01T00:00:00Z","limit":200,"cursor":%q}`, got["next_cursor"])).is(200)
	until := time.Date(2020, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	require.Equal(t, match.Search{OwnerID: "u1", Rule: hook.Rule{Events: []string{"A", "B*"}, Projects: []string{"p1"}, Filter: "true"},
		Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Until: until, After: &last, Limit: 200}, c.store.searched)
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
	require.Zero(t, c.store.searched.Limit, "none was carried out")
	c.store.err = &hook.Error{Code: hook.CodeInvalid, Message: "m", Fields: []hook.Field{{Pointer: "/rules/0/projects/0", Code: hook.FieldNotFound, Detail: "there is none"}}}
	require.Contains(t, c.call("POST", "/v1/events/search", `{"filter":"true","projects":["p"],"since":"2020-01-01T00:00:00Z"}`).problem(422, "invalid"), "/projects/0")
}

// TestSearch_WaitsItsTurn: it computes for as long as a preview.
func TestSearch_WaitsItsTurn(t *testing.T) {
	s := &server{computing: newQueue()}
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "k"})
	for range queueShare {
		require.NoError(t, s.computing.join(shareOf(ctx)))
	}
	_, err := s.searchEvents(ctx, &Payload{raw: []byte(`{"filter":"true","since":"2020-01-01T00:00:00Z"}`)})
	require.Equal(t, 429, problemOf(err).Status)
}

func TestTypeFields_AreBounded(t *testing.T) {
	c := newClient(t)
	c.exec(`INSERT INTO event_types (name, "group", description, example_current) VALUES ('A', 'g', '', '{"id":"1"}')`)
	for i := range 300 {
		c.store.events = append(c.store.events, hook.Event{ID: fmt.Sprintf("e%03d", i), Type: "A", AcceptedAt: now(), Current: []byte(`{"n":1}`)})
	}
	got := c.call("GET", "/v1/event-types/A/fields", "").is(200).json()
	require.Equal(t, 200.0, got["examined"])
	require.Equal(t, []any{
		map[string]any{"path": "id", "kinds": []any{"text"}, "example": "1", "seen": 0.0},
		map[string]any{"path": "n", "kinds": []any{"number"}, "example": "1", "seen": 200.0},
	}, got["data"])
	for i := range c.store.events {
		c.store.events[i].Current = []byte(`{"n":"` + strings.Repeat("x", 60<<10) + `"}`)
	}
	require.Equal(t, 40.0, c.call("GET", "/v1/event-types/A/fields", "").is(200).json()["examined"], "two pages of 20 are more than 2 MiB")
	c.call("GET", "/v1/event-types/NONE/fields", "").problem(404, "not_found")
	require.Contains(t, c.call("GET", "/v1/event-types/A/fields?since=x", "").problem(422, "invalid"), "?since")
}
