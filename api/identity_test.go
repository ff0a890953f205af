package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A webhook's certificates are shown, its key never is.
func TestWebhookCertificates_KeyIsHidden(t *testing.T) {
	c := staged(t)
	path := c.made(`{"client_certificate":"cert","client_key":"hush","ca_certificate":"ca",` + leastWebhook[1:])
	require.Equal(t, "hush", c.stored(path).ClientKey)
	shown := func(a answerOf) []any {
		require.NotContains(t, a.Body.String(), "hush")
		got := a.is(200).json()
		return []any{got["client_certificate"], got["client_key"], got["ca_certificate"]}
	}
	require.Equal(t, []any{"cert", "[hidden]", "ca"}, shown(c.call("GET", path, "")))
	require.Equal(t, []any{"cert", "[hidden]", "ca"}, shown(c.call("PATCH", path, `{"name":"M"}`)))
	require.Equal(t, []any{"other", "[hidden]", nil}, shown(c.call("PATCH", path, `{"client_certificate":"other","client_key":"[hidden]","ca_certificate":null}`)))
	require.Equal(t, "hush", c.stored(path).ClientKey)
	require.Equal(t, []any{"other", "[hidden]", nil}, shown(c.call("PATCH", path, `{"client_key":"hush hush"}`)))
	require.Equal(t, "hush hush", c.stored(path).ClientKey)
	require.Equal(t, []any{nil, nil, nil}, shown(c.call("PATCH", path, `{"client_certificate":null,"client_key":null}`)))
}

func TestWebhookCertificates_AreChecked(t *testing.T) {
	c := staged(t)
	path := c.made(leastWebhook)
	for _, a := range []answerOf{
		c.call("POST", "/v1/webhooks", `{"client_certificate":"cert",`+leastWebhook[1:]),
		c.call("POST", "/v1/webhooks", `{"client_key":"[hidden]",`+leastWebhook[1:]),
		c.call("PATCH", path, `{"client_certificate":"cert"}`),
		c.call("PATCH", path, `{"client_certificate":"cert","client_key":"[hidden]"}`),
	} {
		errors := a.is(422).json()["errors"].([]any)
		require.Len(t, errors, 1)
		require.Equal(t, "/client_key", errors[0].(map[string]any)["pointer"])
	}
}
