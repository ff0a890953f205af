package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A URL is kept as the check gave it back, and nothing else of the request
// changes on the way.
func TestURLIsKeptAsChecked(t *testing.T) {
	c := staged(t)
	path := c.made(strings.Replace(fullWebhook, "https://a.example/", "https://ü.example/", 1))
	require.Equal(t, "https://xn--.example/x?y=1", c.stored(path).URL)
	require.Equal(t, "https://xn--.example/x?y=1", c.call("GET", path, "").is(200).json()["url"])

	before := c.stored(path)
	c.call("PATCH", path, `{"url":"https://b.ü.example/\u0041","metadata":{"a":{"n":1.100}}}`).is(200)
	after := c.stored(path)
	require.Equal(t, "https://b.xn--.example/A", after.URL)
	require.JSONEq(t, `{"a":{"n":1.100,"b":"<&>"}}`, string(after.Metadata))
	require.Contains(t, string(after.Metadata), "1.100")
	require.Equal(t, before.Headers, after.Headers)

	bad := c.call("PATCH", path, `{"url":"http://ü.example"}`).problem(422, "invalid")
	require.NotEmpty(t, bad["/url"])
	require.Equal(t, "https://b.xn--.example/A", c.stored(path).URL)
}
