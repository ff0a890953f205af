package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/workflows"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata/histories")

// TestRecordHistories makes a delivery of each outcome, replays its history on
// this build as an operator would, and looks for what must never be in Temporal.
// With -record it also writes the histories that package workflows replays.
func TestRecordHistories(t *testing.T) {
	t.Parallel()
	s := sharedStack(t)
	const namespace = "histories"
	p := startServe(t, serveEnv(t, s.migrated(t), s.temporal(), namespace))
	temporal := temporalOf(t, s.temporal(), namespace)
	for name, o := range map[string]struct {
		want   string
		answer func(n int) int
	}{
		"success-at-once":           {"succeeded", func(int) int { return http.StatusOK }},
		"success-at-third-attempt":  {"succeeded", func(n int) int { return map[bool]int{true: 500, false: 200}[n < 3] }},
		"exhausted-and-deactivated": {"failed", func(int) int { return http.StatusInternalServerError }},
		"gone":                      {"failed", func(int) int { return http.StatusGone }},
		"cancelled-by-deletion":     {"cancelled", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newStage(t, p)
			d := c.carry(t, o.answer, o.want)
			workflow := d["workflow"].(map[string]any)["id"].(string)
			require.NoError(t, temporal.GetWorkflow(context.Background(), workflow, "").Get(context.Background(), nil))
			h, err := workflows.FetchHistory(context.Background(), temporal, workflow)
			require.NoError(t, err)
			var text bytes.Buffer
			require.NoError(t, workflows.WriteHistory(&text, h))
			require.NotContains(t, text.String(), "canary", "a payload, URL or secret is in Temporal")

			out, code := runCommand(t, p.env, "replay", "--delivery", d["id"].(string))
			require.Zero(t, code, out)
			require.Contains(t, out, "deterministic")
			if *record {
				save(t, name, text.Bytes())
			}
		})
	}
	require.NotContains(t, p.output.String(), "canary", "a payload, URL or secret is in the log")
}

// carry sends one event to a receiver that answers so; with answer nil the
// webhook is deleted while its second attempt is under way.
func (c *stageClient) carry(t testing.TB, answer func(n int) int, want string) map[string]any {
	t.Helper()
	second := make(chan struct{})
	r := newReceiver(t, func(n int, _ request) int {
		if answer != nil {
			return answer(n)
		}
		if n == 2 {
			close(second)
			return 0
		}
		return http.StatusInternalServerError
	})
	w := c.webhook(t, r.URL+"/canary", map[string]any{"headers": map[string]string{"X-Token": "canary"}})
	got := c.send(t, http.MethodPost, "/v1/events", map[string]any{
		"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"title": "canary"},
	}).json(t, http.StatusAccepted)
	if answer == nil {
		<-second
		require.Equal(t, http.StatusNoContent, c.send(t, http.MethodDelete, "/v1/webhooks/"+w["id"].(string), nil).status)
		r.letGo()
	}
	return c.delivery(t, got["id"].(string), status(want))
}

var identity = regexp.MustCompile(`"identity":\s*"[^"]*"`)

// save writes a history without the names of the machines that made it.
func save(t testing.TB, name string, text []byte) {
	t.Helper()
	text = identity.ReplaceAll(text, []byte(`"identity": "worker"`))
	require.True(t, json.Valid(text))
	dir := filepath.Join("..", "workflows", "testdata", "histories")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	f, err := os.Create(filepath.Join(dir, name+".json.gz"))
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
}

func TestReplayOfAFileTellsWhetherItFits(t *testing.T) {
	file := filepath.Join("..", "workflows", "testdata", "histories", "gone.json.gz")
	absolute, err := filepath.Abs(file)
	require.NoError(t, err)
	out, code := runCommand(t, nil, "replay", "--history", absolute)
	require.Zero(t, code, out)

	packed, err := os.Open(file)
	require.NoError(t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	text, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	other := filepath.Join(t.TempDir(), "other.json")
	changed := bytes.ReplaceAll(text, []byte(`"EVENT_TYPE_MARKER_RECORDED"`), []byte(`"EVENT_TYPE_TIMER_STARTED"`))
	require.NotEqual(t, string(text), string(changed))
	require.NoError(t, os.WriteFile(other, changed, 0o600))
	out, code = runCommand(t, nil, "replay", "--history", other)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "does not fit this build")

	_, code = runCommand(t, nil, "replay")
	require.Equal(t, 1, code)
	_, code = runCommand(t, nil, "replay", "--history", filepath.Join(t.TempDir(), "none.json"))
	require.Equal(t, 1, code)
}
