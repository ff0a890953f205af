package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErase_OfAnEventAndOfAUser(t *testing.T) {
	c := staged(t)
	for _, id := range []string{"una", "ben"} {
		c.call("PUT", "/v1/users/"+id, `{"name":"n","email":"`+id+`@example.com"}`).is(201)
	}
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed)
	c.attempt("dlv_1", 1, "")
	require.Equal(t, map[string]any{}, c.call("GET", "/v1/events/e1", "").is(200).json()["current"])
	c.call("DELETE", "/v1/events/e1/payload", "").is(204)
	got := c.call("GET", "/v1/events/e1", "").is(200).json()
	require.NotNil(t, got["expunged_at"])
	require.Nil(t, got["previous"])
	require.Nil(t, got["current"])
	c.call("DELETE", "/v1/users/una?erase=true", "").is(204)
	c.call("DELETE", "/v1/users/ben?erase=false", "").is(204)
	require.Contains(t, c.call("GET", "/v1/users/una", "").is(404).json()["detail"], "was erased at 2")
	for _, id := range []string{"ben", "nobody"} { // the first was deleted as ever
		require.NotContains(t, c.call("GET", "/v1/users/"+id, "").is(404).json()["detail"], "erased")
	}
	c.call("DELETE", "/v1/users/una?erase=maybe", "").problem(422, "invalid")
	c.call("DELETE", "/v1/events/"+"%20"+"/payload", "").problem(404, "not_found")
}

func TestErase_IsToldOfAttempts(t *testing.T) {
	c := staged(t)
	c.webhook("wh_1", "")
	c.delivery("dlv_1", isFailed)
	c.attempt("dlv_1", 1, `expunged_at = $1`, now())
	attempts := c.call("GET", "/v1/deliveries/dlv_1", "").is(200).json()["attempts"].([]any)
	require.Equal(t, nowText, at(attempts[0], "expunged_at"))
}
