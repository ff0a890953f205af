package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestErase_LeavesNoCanary has a user's webhooks take an event and refuse another,
// expunges both and erases the user: nothing of URLs, payloads,
// names and addresses is left in Godwit's database, nor was it ever in Temporal's.
func TestErase_LeavesNoCanary(t *testing.T) {
	c := startCanaryRun(t)
	user := c.prefix + "u"
	c.send(t, http.MethodPut, "/v1/users/"+user, map[string]any{"name": c.private("name"), "email": c.private("mail") + "@example.com"}).json(t, http.StatusOK)
	r := newReceiver(t, nil)
	c.subscribe(t, "good", r.URL, map[string]any{"payload_format": "blue", "metadata": map[string]any{"m": c.private("metadata")}})
	refusing := newReceiver(t, func(int, request) int { return http.StatusInternalServerError })
	rule := map[string]any{"events": []string{"COMMENT_CREATED"}, "projects": []string{c.prefix + "p"}}
	c.subscribe(t, "bad", refusing.URL, map[string]any{"rules": []any{rule}})
	taken, refused := c.publish(t, "TODO_CREATED"), c.publish(t, "COMMENT_CREATED")
	require.NotEmpty(t, c.delivery(t, taken, status("succeeded"))["attempts"])
	c.delivery(t, refused, status("retrying"))
	database := c.p.env["GODWIT_DATABASE_URL"]
	require.Len(t, c.own.in(dump(t, database)), len(c.own), "all are there before")

	for _, path := range []string{"/v1/events/" + taken + "/payload", "/v1/events/" + refused + "/payload", "/v1/users/" + user + "?erase=true"} {
		got := c.send(t, http.MethodDelete, path, nil)
		require.Equal(t, http.StatusNoContent, got.status, string(got.raw))
	}
	eventually(t, func() (bool, string) { // what the requests have left to the workers
		return query(t, database, `SELECT count(*) FROM erasures WHERE round = 1`) == 0, "an erasure goes on"
	})
	got := c.get(t, "/v1/events/"+taken)
	require.NotNil(t, got["expunged_at"])
	require.Nil(t, got["current"])
	require.Equal(t, "payload_expunged", c.delivery(t, refused, status("cancelled"))["reason"])
	require.Len(t, c.get(t, "/v1/deliveries?status=cancelled&event_id="+refused)["data"], 1, "lists find it by its reason")
	c.p.stop(t)
	require.Empty(t, c.own.in(dump(t, database)), "in Godwit's database")
	temporal := append(dump(t, shared.postgres.URL("temporal")), dump(t, shared.postgres.URL("temporal_visibility"))...)
	require.Empty(t, c.own.in(temporal), "in Temporal's databases")
	require.Empty(t, c.own.in([]byte(c.p.output.String())), "in the log")
}
