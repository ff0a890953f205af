package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newHanging gives the URL of a receiver that answers nobody before the test ends.
func newHanging(t testing.TB) string {
	t.Helper()
	ended := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ended }))
	t.Cleanup(func() {
		close(ended)
		s.Close()
	})
	return s.URL
}

// TestShares_AQuietTenantIsServedBesideReceiversThatHang: however the webhooks of
// another owner use up what a process can have under way at one moment, which is
// 2,048 attempts, a delivery of the quiet tenant arrives at once. Without shares it
// waits until attempts end, for up to half a minute.
func TestShares_AQuietTenantIsServedBesideReceiversThatHang(t *testing.T) {
	for shape, roles := range map[string][]string{"one process": {"all"}, "API and worker apart": {"api", "worker"}} {
		t.Run(shape, func(t *testing.T) {
			s := sharedStack(t)
			database, namespace := s.migrated(t), fmt.Sprint("shares", len(roles))
			var p *process
			for _, role := range slices.Backward(roles) { // the API last
				env := serveEnv(t, database, s.temporal(), namespace)
				env["GODWIT_DELIVERY_TIMEOUT"], env["GODWIT_MANAGEMENT_RATE"] = "30s", "0"
				p = startServe(t, env, "--role", role)
			}
			quiet := newStage(t, p)
			r := newReceiver(t, func(int, request) int { return http.StatusOK })
			quiet.webhook(t, r.URL, nil)
			quiet.delivery(t, quiet.post(t), status("succeeded"))
			for _, attack := range []struct{ webhooks, events int }{{120, 20}, {10, 240}} {
				noisy := newStage(t, p)
				url := newHanging(t)
				for range attack.webhooks {
					noisy.webhook(t, url, nil)
				}
				for range attack.events {
					noisy.post(t)
				}
				var took []time.Duration
				for range 20 {
					began, n := time.Now(), len(r.all())
					quiet.post(t)
					r.wait(t, n+1)
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				t.Logf("%d webhooks of another owner hang with %d events: p50 %s, p95 %s, max %s", attack.webhooks, attack.events, took[10], took[18], took[19])
				require.Less(t, took[19], 5*time.Second)
				require.Less(t, took[10], time.Second)
			}
		})
	}
}
