package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/internal/pgtest"
)

// skewed is a process that does everything, on a machine with a wrong clock.
type skewed struct {
	app.Addresses
	logs *observer.ObservedLogs
}

func newSkewed(t *testing.T, ahead time.Duration) skewed {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	at, run, err := app.BuildAll(config.Config{
		ListenAddr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", DatabaseURL: pgtest.URL(t), TemporalAddress: "127.0.0.1:1", TemporalNamespace: "none",
		AdminKey: bootstrap, EncryptionKeys: config.Keyring{bytes.Repeat([]byte{7}, 32)}, EgressAllow: loopback(t), AllowHTTP: true,
		DeliveryTimeout: 5 * time.Second, RetrySchedule: config.Waits{1e9, 1e9, 1e9, 1e9}, RecoverySchedule: config.Waits{1e9}, RecoveryWindow: time.Hour,
	}, zap.New(core), app.Options{Role: app.RoleAll, Version: "test", StopTimeout: time.Second, Now: func() time.Time { return time.Now().Add(ahead) }})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return skewed{at, logs}
}

func (s skewed) get(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + s.Ops + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func (s skewed) must(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+s.API+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, string(raw))
	var out map[string]any
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &out), string(raw))
	}
	return out
}

// tolerance is how far what a receiver sees may be from its own clock: Standard
// Webhooks has five minutes, a busy machine takes some seconds.
const tolerance = 20 * time.Second

// TestClock_ReceiversSeeTheDatabasesTime sends an event, a test and a probe from
// a machine whose clock is ten minutes off.
func TestClock_ReceiversSeeTheDatabasesTime(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			type request struct {
				signed time.Time
				body   struct{ Timestamp time.Time }
			}
			arrived := make(chan request, 10)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var got request
				seconds, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
				got.signed = time.Unix(seconds, 0)
				_ = json.NewDecoder(r.Body).Decode(&got.body)
				arrived <- got
			}))
			t.Cleanup(receiver.Close)
			s := newSkewed(t, ahead)
			s.must(t, "PUT", "/v1/companies/c", `{"name":"C"}`)
			s.must(t, "PUT", "/v1/projects/p", `{"company_id":"c","name":"P"}`)
			s.must(t, "PUT", "/v1/users/u", `{"name":"U","email":"u@example.com"}`)
			s.must(t, "PUT", "/v1/projects/p/members/u", "")
			webhook := s.must(t, "POST", "/v1/webhooks", fmt.Sprintf(`{"owner_id":"u","name":"W","url":%q,"rules":[{"events":["*"]}]}`, receiver.URL))["id"].(string)

			seen := func() {
				t.Helper()
				select {
				case got := <-arrived:
					require.WithinDuration(t, time.Now(), got.signed, tolerance)
					require.WithinDuration(t, time.Now(), got.body.Timestamp, tolerance)
				case <-time.After(time.Minute):
					require.Fail(t, "nothing arrived")
				}
			}
			event := s.must(t, "POST", "/v1/events", `{"type":"TODO_CREATED","project_id":"p","current":{"id":"1"}}`)["id"].(string)
			require.WithinDuration(t, time.Now(), parsed(t, s.must(t, "GET", "/v1/events/"+event, "")["occurred_at"]), tolerance)
			seen()
			s.must(t, "POST", "/v1/webhooks/"+webhook+"/test", "")
			seen()
			s.must(t, "POST", "/v1/webhooks/"+webhook+"/disable", "")
			s.must(t, "POST", "/v1/webhooks/"+webhook+"/enable", "")
			seen() // the probe
			s.must(t, "POST", "/v1/webhooks/"+webhook+"/rotate-secret", `{"overlap_seconds":300}`)
			old := s.must(t, "GET", "/v1/webhooks/"+webhook, "")["old_secrets"].([]any)
			if ahead < 0 { // the list itself is made by this machine's clock
				require.WithinDuration(t, time.Now().Add(5*time.Minute), parsed(t, old[0].(map[string]any)["expires_at"]), tolerance)
			}
			link := s.must(t, "POST", "/v1/portal-sessions", `{"user_id":"u"}`)
			require.True(t, parsed(t, link["expires_at"]).After(time.Now()), "it can be used")

			const about = `(59[5-9]|60[0-5])(\.\d+)?` // ten minutes, and what a busy machine adds
			require.Regexp(t, `(?m)^clock: `+about+`s `+name, s.get(t, "/readyz"))
			require.Regexp(t, map[bool]string{true: `godwit_clock_offset_seconds `, false: `godwit_clock_offset_seconds -`}[ahead > 0]+about, s.get(t, "/metrics"))
			require.Eventually(t, func() bool { return s.logs.FilterMessageSnippet("clock differs").Len() == 1 }, time.Minute, 20*time.Millisecond, "it warns once")
		})
	}
}

func parsed(t *testing.T, value any) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, value.(string))
	require.NoError(t, err)
	return at
}
