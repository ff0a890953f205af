package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRequest_IsForWhoSeesTheDeliveryAndItsEvent: who leaves the project goes on
// seeing the delivery, but not what it carries. Signatures are in the audit log.
func TestRequest_IsForWhoSeesTheDeliveryAndItsEvent(t *testing.T) {
	s := newTenants(t)
	p := s.first
	list := s.must(p.key, "GET", p.fill("/v1/deliveries?event_id={event}&webhook_id={webhook}"), "")["data"].([]any)
	p.objects["sent"] = list[0].(map[string]any)["id"].(string)
	path := p.fill("/v1/deliveries/{sent}/request")
	signed := func() []any {
		return s.must(bootstrap, "GET", "/v1/audit-log?action=delivery.signed", "")["data"].([]any)
	}

	got := s.must(p.key, "GET", path, "")
	require.Equal(t, p.fill("http://127.0.0.1:1/{user}"), got["url"])
	require.NotContains(t, got["headers"], "webhook-signature")
	require.NotContains(t, got["headers"], "X-Signature")
	var body struct {
		Data struct {
			ID      string
			Project struct{ Name string }
			Current map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got["body"].(string)), &body))
	require.Equal(t, p.objects["event"], body.Data.ID)
	require.Equal(t, p.fill("{project} name"), body.Data.Project.Name)
	require.Equal(t, map[string]string{"id": p.objects["user"]}, body.Data.Current)
	require.Empty(t, signed())

	for key, actor := range map[string]string{p.key: p.objects["signing"], bootstrap: "bootstrap"} {
		got := s.must(key, "GET", path+"?sign=true", "")
		require.Regexp(t, `^v1,`, got["headers"].(map[string]any)["webhook-signature"])
		require.Regexp(t, `^[0-9a-f]{64}$`, got["headers"].(map[string]any)["X-Signature"])
		newest := signed()[0].(map[string]any)
		require.Equal(t, actor, newest["actor"].(map[string]any)["key_id"])
		require.Equal(t, map[string]any{"kind": "delivery", "id": p.objects["sent"]}, newest["object"])
	}
	require.Equal(t, http.StatusNotFound, s.call(s.second.key, "GET", path+"?sign=true", "").Code)
	require.Len(t, signed(), 2)

	s.must(bootstrap, "DELETE", p.fill("/v1/projects/{project}/members/{user}"), "")
	require.Equal(t, http.StatusOK, s.call(p.key, "GET", p.fill("/v1/deliveries/{sent}"), "").Code)
	require.Equal(t, http.StatusNotFound, s.call(p.key, "GET", path, "").Code)
	require.Equal(t, http.StatusOK, s.call(bootstrap, "GET", path, "").Code)
	s.must(bootstrap, "DELETE", p.fill("/v1/events/{event}/payload"), "")
	require.Equal(t, http.StatusConflict, s.call(bootstrap, "GET", path, "").Code, "its states are gone")
}
