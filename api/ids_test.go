package api

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIDs_MayBeWhatHostsHave puts ids of real applications into every path that
// holds an id of the caller's, however a client escapes them.
func TestIDs_MayBeWhatHostsHave(t *testing.T) {
	every := func(id string) (out string) {
		for _, b := range []byte(id) {
			out += "%" + strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))
		}
		return out
	}
	c := staged(t)
	for _, id := range []string{"auth0|123", "una+1@example.com", "gid://shop/Product/1", "YWI=", "a/../b", "a+b/c", "$&'()*;,!~=", "%2F"[1:], "arn:aws:x:y:table/z"} {
		for _, escape := range []func(string) string{url.PathEscape, every, func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "/", "%2f"), "|", "%7c") }} {
			path := escape(id)
			require.Equal(t, id, c.call("PUT", "/v1/companies/"+path, `{"name":"a"}`).is(201).json()["id"], path)
			require.Equal(t, id, c.call("GET", "/v1/companies/"+path, "").is(200).json()["id"], path)
			c.call("PUT", "/v1/projects/"+path, `{"name":"a","company_id":"`+id+`"}`).is(201)
			c.call("PUT", "/v1/users/"+path, `{"name":"a","email":"a@example.com"}`).is(201)
			require.Equal(t, id, c.call("PUT", "/v1/projects/"+path+"/members/"+path, "").is(201).json()["user_id"], path)
			c.call("DELETE", "/v1/users/"+path, "").is(204)
			c.call("GET", "/v1/projects?company_id="+url.QueryEscape(id), "").is(200)
			c.call("DELETE", "/v1/companies/"+path, "").is(204)
			problem := c.call("GET", "/v1/companies/"+path, "").is(404).json()
			_, err := url.Parse(problem["instance"].(string))
			require.NoError(t, err)
		}
	}
	location := c.call("POST", "/v1/events", `{"id":"gid://shop/Order/7","type":"T","project_id":"p1","current":{}}`).is(202).Header().Get("Location")
	require.Equal(t, "/v1/events/gid:%2F%2Fshop%2FOrder%2F7", location)
	for _, bad := range []string{"a b", "a?b", "a#b", "a%b", `a"b`, "a\\b", "<a>", "ü", "a\x00"} {
		require.Contains(t, c.call("PUT", "/v1/companies/"+url.PathEscape(bad), `{"name":"a"}`).is(422).json()["detail"], "must have 1 to 128 characters out of")
	}
	c.call("GET", "/v1/%63ompanies?limit=1", "").is(200)
}
