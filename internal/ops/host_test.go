package ops_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"godwit/internal/ops"
)

func TestHandler_RefusesSemicolons(t *testing.T) {
	w := httptest.NewRecorder()
	ops.NewHandler(prometheus.NewRegistry(), nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/cmdline?seconds=1;debug=1", nil))
	require.Equal(t, http.StatusBadRequest, w.Code)
}

func TestCheckHost_RefusesNamesOfOthers(t *testing.T) {
	own, err := os.Hostname()
	require.NoError(t, err)
	handler := ops.CheckHost(ops.NewHandler(prometheus.NewRegistry(), nil), []string{"ops.example.com", "*.svc.cluster.local"})
	for host, want := range map[string]int{
		"127.0.0.1:9464": 200, "127.0.0.1": 200, "[::1]:9464": 200, "[::1]": 200, "10.1.2.3:9464": 200, "localhost:9464": 200, "LOCALHOST": 200,
		"godwit.localhost:9464": 200, "worker:9464": 200, own: 200, "": 200,
		"ops.example.com": 200, "OPS.example.com:9464": 200, "ops.example.com.": 200, "worker.godwit.svc.cluster.local:9464": 200,
		"evil.example": 403, "evil.example:9464": 403, "127.0.0.1.evil.example:9464": 403, "localhost.evil.example": 403, "example.com": 403,
		"xops.example.com": 403, "evilsvc.cluster.local": 403, "2130706433.evil.example": 403, "127.1.": 403, "evil.example:9464:80": 403,
	} {
		for _, path := range []string{"/metrics", "/readyz", "/debug/pprof/cmdline"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, want, w.Code, "%q %s", host, path)
			if want == http.StatusForbidden {
				require.NotContains(t, w.Body.String(), "evil")
			}
		}
	}
}
