package api

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestDirectory(t *testing.T) {
	for _, tc := range []struct{ path, list, body, changed string }{
		{"/v1/companies/c1", "/v1/companies", `{"name":"One"}`, `{"name":"Two"}`},
		{"/v1/projects/p1", "/v1/projects", `{"company_id":"c1","name":"One"}`, `{"company_id":"c2","name":"Two"}`},
		{"/v1/users/u1", "/v1/users", `{"name":"One","email":"one@example.com"}`, `{"name":"Two","email":"two@example.com"}`},
	} {
		t.Run(tc.list, func(t *testing.T) {
			c := newClient(t)
			if tc.list == "/v1/projects" {
				c.call("PUT", "/v1/companies/c1", `{"name":"One"}`).is(201)
				c.call("PUT", "/v1/companies/c2", `{"name":"Two"}`).is(201)
			}
			c.call("PUT", tc.path, tc.body).is(201)
			require.Equal(t, "Two", c.call("PUT", tc.path, tc.changed).is(200).json()["name"])
			got := c.call("GET", tc.path, "").is(200).json()
			created, err := time.Parse(time.RFC3339Nano, got["created_at"].(string))
			require.NoError(t, err)
			require.WithinDuration(t, time.Now(), created, time.Minute)
			delete(got, "quotas") // which lists leave out
			require.Equal(t, []any{got}, c.call("GET", tc.list, "").is(200).json()["data"])
			require.Empty(t, c.call("DELETE", tc.path, "").is(204).Body.String())
			c.call("DELETE", tc.path, "").problem(404, "not_found")
			require.Equal(t, map[string]any{"data": []any{}, "next_cursor": nil}, c.call("GET", tc.list, "").is(200).json())
		})
	}
}

func TestMembers(t *testing.T) {
	c := newClient(t)
	c.call("PUT", "/v1/companies/c1", `{"name":"One"}`).is(201)
	c.call("PUT", "/v1/projects/p1", `{"company_id":"c1","name":"One"}`).is(201)
	c.call("PUT", "/v1/projects/p1/members/u1", "").problem(404, "not_found")
	c.call("PUT", "/v1/users/u1", `{"name":"One","email":"one@example.com"}`).is(201)
	c.call("PUT", "/v1/projects/p1/members/u1", "").is(201)
	require.Equal(t, map[string]any{"project_id": "p1", "user_id": "u1"}, c.call("PUT", "/v1/projects/p1/members/u1", "").is(200).json())
	data := c.call("GET", "/v1/projects/p1/members", "").is(200).json()["data"].([]any)
	require.Equal(t, "u1", data[0].(map[string]any)["user_id"])
	c.call("DELETE", "/v1/projects/p1/members/u1", "").is(204)
}

func TestDirectoryNamesEveryBadField(t *testing.T) {
	for _, tc := range []struct {
		path, body string
		want       []string
	}{
		{"/v1/companies/c1", `{}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":""}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":" "}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":null}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":1}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":"a\u0000"}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":"` + strings.Repeat("é", 201) + `"}`, []string{"/name"}},
		{"/v1/companies/c1", `{"name":"a","id":"c1","a/b":1}`, []string{"/id", "/a~1b"}},
		{"/v1/companies/c1", `[]`, []string{""}},
		{"/v1/companies/c1", `null`, []string{""}},
		{"/v1/projects/p1", `{"x":1}`, []string{"/x", "/company_id", "/name"}},
		{"/v1/projects/p1", `{"company_id":"a b","name":"a"}`, []string{"/company_id"}},
		{"/v1/users/u1", `{"name":"\n"}`, []string{"/name", "/email"}},
		{"/v1/users/u1", `{"name":"a","email":"ada"}`, []string{"/email"}},
		{"/v1/users/u1", `{"name":"a","email":"ada@example.com","locale":"fr"}`, []string{"/locale"}},
		{"/v1/users/u1", `{"name":"a","email":"ada@example.com","locale":""}`, []string{"/locale"}},
		{"/v1/users/u1", `{"name":"a","email":"Ada <ada@example.com>"}`, []string{"/email"}},
		{"/v1/users/u1", `{"name":"a","email":"a@` + strings.Repeat("x", 250) + `.com"}`, []string{"/email"}},
		{"/v1/event-types/T", `{}`, []string{"/group", "/description"}},
		{"/v1/event-types/T", `{"group":"g","description":"a\u0000","schema":[],"exmaple":{}}`, []string{"/schema", "/description", "/exmaple"}},
	} {
		t.Run(tc.path+" "+tc.body[:min(len(tc.body), 40)], func(t *testing.T) {
			bad := newClient(t).call("PUT", tc.path, tc.body).problem(422, "invalid")
			require.Len(t, bad, len(tc.want), bad)
			for _, pointer := range tc.want {
				require.NotEmpty(t, bad[pointer], pointer)
			}
		})
	}
}

func TestLongestNamesAreTaken(t *testing.T) {
	newClient(t).call("PUT", "/v1/companies/"+strings.Repeat("x", 128), `{"name":"`+strings.Repeat("é", 200)+`"}`).is(201)
}

func TestListsInPages(t *testing.T) {
	c := newClient(t)
	fill := `INSERT INTO companies (id, name, created_at) SELECT 'c' || i, 'n', '2026-05-04T09:30:00Z'::timestamptz - make_interval(secs => i / 1000000.0) FROM generate_series($1::int, $2::int) i`
	c.exec(fill, 0, 6)
	var seen []string
	path := "/v1/companies?limit=3"
	for range 3 {
		page := c.call("GET", path, "").is(200).json()
		for _, row := range page["data"].([]any) {
			seen = append(seen, row.(map[string]any)["id"].(string))
		}
		next, more := page["next_cursor"].(string)
		require.Equal(t, len(seen) < 7, more)
		path = "/v1/companies?limit=3&cursor=" + url.QueryEscape(next)
	}
	require.Equal(t, []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6"}, seen)

	require.Len(t, c.call("GET", "/v1/companies?cursor=", "").is(200).json()["data"], 7)
	require.Len(t, c.call("GET", "/v1/companies?limit=7", "").is(200).json()["data"], 7)
	require.Nil(t, c.call("GET", "/v1/companies?limit=7", "").json()["next_cursor"])
	c.exec(fill, 7, 60)
	require.Len(t, c.call("GET", "/v1/companies", "").is(200).json()["data"], 50)
}

func TestCursors(t *testing.T) {
	in := hook.Cursor{Time: now(), ID: "a.b:c_d-e"}
	out, ok := parseCursor(formatCursor(in))
	require.True(t, ok)
	require.Equal(t, in, out)
	for _, bad := range []string{"x", "====", formatCursor(hook.Cursor{Time: now()}), formatCursor(hook.Cursor{Time: now(), ID: "a b"}), "MjAyNg"} {
		_, ok := parseCursor(bad)
		require.False(t, ok, bad)
	}
}

// TestUserProjects_AreThoseThatTheUserSees asks the store in the place of the user.
func TestUserProjects_AreThoseThatTheUserSees(t *testing.T) {
	c := newClient(t)
	c.call("PUT", "/v1/users/una", `{"name":"Una","email":"una@example.com"}`).is(201)
	c.call("PUT", "/v1/companies/acme", `{"name":"Acme"}`).is(201)
	for _, id := range []string{"p1", "p2", "p3"} {
		c.call("PUT", "/v1/projects/"+id, `{"company_id":"acme","name":"P"}`).is(201)
	}
	for _, id := range []string{"p1", "p2"} { // not of p3
		c.call("PUT", "/v1/projects/"+id+"/members/una", "").is(201)
	}
	first := c.call("GET", "/v1/users/una/projects?limit=1", "").is(200).json()
	require.Equal(t, "p2", first["data"].([]any)[0].(map[string]any)["id"])
	require.Equal(t, map[string]any{"id": "acme", "name": "Acme"}, first["data"].([]any)[0].(map[string]any)["company"])
	rest := c.call("GET", "/v1/users/una/projects?cursor="+first["next_cursor"].(string), "").is(200).json()
	require.Len(t, rest["data"], 1)
	require.Equal(t, "p1", rest["data"].([]any)[0].(map[string]any)["id"])
	c.call("GET", "/v1/users/nobody/projects", "").problem(404, "not_found")
	key, _ := c.key("user", "una")
	c.call("GET", "/v1/users/una/projects", "", "Authorization", "Bearer "+key).problem(403, "forbidden")
}
