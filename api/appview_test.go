package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestApp_IsShownToEverybody: before anyone has signed in, and whatever is sent along.
func TestApp_IsShownToEverybody(t *testing.T) {
	c := newClientWith(t, func(o *Options) {
		o.Look = Look{Name: `Acme "Hooks" <b>`, Logo: "https://cdn.example.com/logo.svg", Accent: "#7a1fa2", SignInURL: "https://app.example.com/in?x=1", TemporalLinks: "all"}
		o.Mail, o.Play, o.Version = true, false, "1.2.3"
	})
	want := map[string]any{
		"name": `Acme "Hooks" <b>`, "logo": "https://cdn.example.com/logo.svg", "accent": "#7a1fa2", "sign_in_url": "https://app.example.com/in?x=1",
		"languages": []any{"en", "de", "pl"}, "version": "1.2.3",
		"features": map[string]any{"mail": true, "play": false, "temporal_links": "all", "chat_formats": []any{"slack", "discord", "teams"}},
	}
	for _, credential := range []string{"", "Bearer " + testKey, "Bearer wrong"} {
		require.Equal(t, want, c.call("GET", "/v1/app", "", "Authorization", credential).is(200).json())
	}
	page := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/sign-in", nil)
	r.Header.Set("Accept", "text/html")
	c.handler.ServeHTTP(page, r)
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "img-src 'self' data: https://cdn.example.com;")
	require.NotContains(t, page.Body.String(), "<b>")

	bare := newClient(t).call("GET", "/v1/app", "", "Authorization", "").is(200).json()
	require.Equal(t, []any{"Godwit", nil, nil, nil}, []any{bare["name"], bare["logo"], bare["accent"], bare["sign_in_url"]})
	require.Equal(t, map[string]any{"mail": false, "play": true, "temporal_links": "admins", "chat_formats": []any{"slack", "discord", "teams"}}, bare["features"])
}
