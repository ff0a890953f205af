package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestErase_OfAnEventAndOfAUser(t *testing.T) {
	c := newClient(t)
	for _, id := range []string{"una", "ben"} {
		c.call("PUT", "/v1/users/"+id, `{"name":"n","email":"`+id+`@example.com"}`).is(201)
	}
	c.call("DELETE", "/v1/events/e1/payload", "").is(204)
	c.call("DELETE", "/v1/users/una?erase=true", "").is(204)
	c.call("DELETE", "/v1/users/ben?erase=false", "").is(204)
	require.Equal(t, []string{"event e1", "user una"}, c.store.erased, "ben was deleted as ever")
	c.call("DELETE", "/v1/users/una?erase=maybe", "").problem(422, "invalid")
	c.call("DELETE", "/v1/events/"+"%20"+"/payload", "").problem(404, "not_found")
}

func TestErase_IsToldAfterwards(t *testing.T) {
	c := newClient(t)
	c.store.events = []hook.Event{{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", ExpungedAt: now()}}
	const at = "2026-05-04T09:30:00.123456Z"
	got := c.call("GET", "/v1/events/e1", "").is(200).json()
	require.Equal(t, at, got["expunged_at"])
	require.Nil(t, got["previous"])
	require.Nil(t, got["current"])
	c.store.deliveries = []hook.Delivery{{ID: "dlv_1"}}
	c.store.attempts = []hook.Attempt{{DeliveryID: "dlv_1", Number: 1, ExpungedAt: now()}}
	attempts := c.call("GET", "/v1/deliveries/dlv_1", "").is(200).json()["attempts"].([]any)
	require.Equal(t, at, attempts[0].(map[string]any)["expunged_at"])
	require.Contains(t, c.call("GET", "/v1/users/erased", "").is(404).json()["detail"], "was erased at 2026-05-04T09:30:00Z")
	require.NotContains(t, c.call("GET", "/v1/users/nobody", "").is(404).json()["detail"], "erased")
}
