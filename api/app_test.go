package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/api/access"
)

// browse asks a handler as a browser that opens a page does.
func browse(h http.Handler, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestApp_IsEveryPageThatIsNothingElse(t *testing.T) {
	h := New(Options{Log: zap.NewNop()})
	for _, path := range []string{"/", "/webhooks", "/webhooks/wh_1/settings", "/sign-in", "/admin/keys", "/webhooks/new?step=2", "/v1.html"} {
		for _, method := range []string{"GET", "HEAD"} {
			w := browse(h, method, path)
			require.Equal(t, 200, w.Code, "%s %s", method, path)
			require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), path)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"), path)
			require.Contains(t, w.Header().Get("Content-Security-Policy"), "style-src 'self' 'nonce-", path)
		}
	}
	require.NotEqual(t, browse(h, "GET", "/").Header().Get("Content-Security-Policy"), browse(h, "GET", "/").Header().Get("Content-Security-Policy"))
	for path, media := range map[string]string{
		"/v1/nothing": access.MediaProblem, "/v1": access.MediaProblem, "/v1/webhooks": access.MediaProblem, "/docs/nothing": access.MediaProblem,
		"/openapi.json": access.MediaJSON, "/openapi.json/x": access.MediaProblem, "/play/x": access.MediaProblem, "/assets/none.js": access.MediaProblem,
	} {
		require.Equal(t, media, browse(h, "GET", path).Header().Get("Content-Type"), path)
	}
	require.Equal(t, 404, browse(h, "POST", "/webhooks").Code)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/webhooks", nil))
	require.Equal(t, access.MediaProblem, w.Header().Get("Content-Type"), "a program gets a problem")
}

func TestApp_IsFoundBelowThePathOfThePublicAddress(t *testing.T) {
	for _, public := range []string{"https://godwit.example.org/base", "https://godwit.example.org/base/"} {
		h := New(Options{Log: zap.NewNop(), PublicURL: public})
		for _, path := range []string{"/base/webhooks/wh_1", "/webhooks/wh_1", "/base/"} { // with the path, and with it taken away
			w := browse(h, "GET", path)
			require.Equal(t, 200, w.Code, path)
			require.Regexp(t, `(href|content)="/base/`, w.Body.String(), path)
		}
		require.Equal(t, "/base/", browse(h, "GET", "/base").Header().Get("Location"))
		for _, path := range []string{"/base/v1/session", "/v1/session"} {
			require.Equal(t, 401, browse(h, "GET", path).Code, path)
		}
		require.Equal(t, 404, browse(h, "GET", "/base/v1/nothing").Code)
		require.Equal(t, 200, browse(h, "GET", "/base/openapi.json").Code)
	}
}

func TestDocument_IsTheServedOne(t *testing.T) {
	document, err := Document("1.2.3")
	require.NoError(t, err)
	w := browse(New(Options{Log: zap.NewNop(), Version: "1.2.3"}), "GET", "/openapi.json")
	require.JSONEq(t, w.Body.String(), string(document))
	require.True(t, strings.HasPrefix(string(document), "{"))
}
