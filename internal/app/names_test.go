package app_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNames_AreThereForUsers: a user's key shows the names of what the user has a
// part in, and the user's own record.
func TestNames_AreThereForUsers(t *testing.T) {
	s := newTenants(t)
	p := s.first
	names := func(key, path string) map[string]any {
		out := map[string]any{}
		for _, row := range s.must(key, "GET", path, "")["data"].([]any) {
			row := row.(map[string]any)
			out[row["id"].(string)] = row["name"]
		}
		return out
	}
	own := map[string]any{p.fill("{company}"): p.fill("{company} name"), "common": "Common"}
	require.Equal(t, own, names(p.key, "/v1/companies"))
	require.Len(t, names(bootstrap, "/v1/companies"), 3)
	first := s.must(p.key, "GET", "/v1/companies?limit=1", "")
	require.NotContains(t, first["data"].([]any)[0], "limits")
	require.Contains(t, s.must(bootstrap, "GET", "/v1/companies?limit=1", "")["data"].([]any)[0], "limits")
	next := s.must(p.key, "GET", "/v1/companies?limit=1&cursor="+first["next_cursor"].(string), "")
	require.Len(t, next["data"], 1)
	require.Nil(t, next["next_cursor"])

	project := s.must(p.key, "GET", p.fill("/v1/projects/{project}"), "")
	require.Equal(t, map[string]any{"id": p.objects["company"], "name": p.fill("{company} name")}, project["company"])
	for _, row := range s.must(p.key, "GET", "/v1/projects", "")["data"].([]any) {
		require.NotEmpty(t, row.(map[string]any)["company"].(map[string]any)["name"])
	}
	moved := s.must(bootstrap, "PUT", p.fill("/v1/projects/{project}"), p.fill(`{"company_id":"common","name":"{project} name"}`))
	require.Equal(t, map[string]any{"id": "common", "name": "Common"}, moved["company"])
	require.Equal(t, map[string]any{"common": "Common"}, names(p.key, "/v1/companies"))

	asked := p.fill("/v1/projects?ids={project},shared,not-there,") + s.second.objects["project"]
	require.Equal(t, map[string]any{p.objects["project"]: p.fill("{project} name"), "shared": "Shared"}, names(p.key, asked))
	require.Len(t, names(bootstrap, asked), 3)
	require.Equal(t, http.StatusUnprocessableEntity, s.call(p.key, "GET", "/v1/projects?ids=shared&ids=not-there", "").Code, "the second would be dropped in silence")
	require.Equal(t, http.StatusUnprocessableEntity, s.call(p.key, "GET", "/v1/projects?ids=a%20b", "").Code)

	require.Equal(t, p.fill("{user} name"), s.must(p.key, "GET", p.fill("/v1/users/{user}"), "")["name"])
	require.Equal(t, http.StatusNotFound, s.call(p.key, "GET", s.second.fill("/v1/users/{user}"), "").Code)
}
