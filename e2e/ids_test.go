package e2e_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostIDs are ids as host applications have them.
var hostIDs = []string{
	"auth0|123", "una+1@example.com", "gid://shop/Product/1", "YWI=", "a/../b", "a//b", "./a", "arn:aws:x:y:table/z", "$&'()*;,!~=",
}

// TestIDs_WorkInEveryURL mirrors objects with ids that URLs give a meaning to, and
// reads, lists and removes them through the server: the same object each time.
func TestIDs_WorkInEveryURL(t *testing.T) {
	s := sharedStack(t)
	c := newStage(t, startServe(t, serveEnv(t, s.migrated(t), s.temporal(), "ids")))
	r := newReceiver(t, nil)
	for _, id := range hostIDs {
		t.Run(id, func(t *testing.T) {
			at := url.PathEscape(id)
			company, project, user, event := "/v1/companies/"+at, "/v1/projects/"+at, "/v1/users/"+at, "/v1/events/"+at
			for path, body := range map[string]any{company: map[string]any{"name": "C"}, user: map[string]any{"name": "U", "email": "u@example.com"}} {
				require.Equal(t, id, c.send(t, http.MethodPut, path, body).json(t, http.StatusCreated)["id"])
			}
			c.send(t, http.MethodPut, project, map[string]any{"company_id": id, "name": "P"}).json(t, http.StatusCreated)
			c.put(t, project+"/members/"+at, nil)
			members := c.get(t, project+"/members")["data"].([]any)
			require.Equal(t, id, members[0].(map[string]any)["user_id"])
			w := c.webhook(t, r.URL, map[string]any{"owner_id": id, "rules": []any{map[string]any{"events": []string{"TODO_*"}, "projects": []string{id}}}})

			accepted := c.send(t, http.MethodPost, "/v1/events", map[string]any{"id": id, "type": "TODO_CREATED", "project_id": id, "actor_id": id, "current": map[string]any{"id": 1}})
			require.EqualValues(t, 1, accepted.json(t, http.StatusAccepted)["matched"])
			got := c.get(t, accepted.header.Get("Location"))
			require.Equal(t, id, got["id"])
			require.Equal(t, id, got["actor_id"])
			eventually(t, func() (bool, string) {
				all := c.get(t, "/v1/deliveries?event_id="+url.QueryEscape(id)+"&project_id="+url.QueryEscape(id)+"&status=succeeded")["data"].([]any)
				return len(all) == 1, "it was not delivered"
			})
			require.Contains(t, r.ids(), id, "the receiver gets it as it is")

			for _, path := range []string{company, project, user} {
				require.Equal(t, id, c.get(t, path)["id"], path)
			}
			for _, query := range []string{"webhooks?owner_id=", "webhooks?project_id=", "events?project_id=", "projects?company_id="} {
				require.Len(t, c.get(t, "/v1/"+query+url.QueryEscape(id))["data"], 1, query)
			}
			for _, path := range []string{event + "/payload", project + "/members/" + at, "/v1/webhooks/" + w["id"].(string), user, project, company} {
				got := c.send(t, http.MethodDelete, path, nil)
				require.Equal(t, http.StatusNoContent, got.status, "%s: %s", path, got.raw)
			}
			for _, path := range []string{company, project, user} {
				require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, path, nil).status, path)
			}
		})
	}
}
