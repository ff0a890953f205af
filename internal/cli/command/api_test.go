package command

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"godwit/internal/cli"
)

// answering has the commands call an API that answers so, and gives its client.
func answering(t *testing.T, answer http.HandlerFunc) *cli.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GODWIT_URL", server.URL)
	t.Setenv("GODWIT_KEY", "key")
	return &cli.Client{URL: server.URL, Key: "key"}
}

func problemAnswer(w http.ResponseWriter, status int, detail string) {
	w.WriteHeader(status)
	raw, _ := json.Marshal(map[string]any{"title": "No", "detail": detail})
	_, _ = w.Write(raw)
}

// TestImport_GoesOnAfterAnIDThatIsNone, and writes nothing that steers a terminal.
func TestImport_GoesOnAfterAnIDThatIsNone(t *testing.T) {
	answering(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut:
			_, _ = io.WriteString(w, `{"id":"wh_1","secret":"whsec_1"}`)
		case r.URL.Path == "/v1/webhooks/by-key/blue-good":
			problemAnswer(w, http.StatusNotFound, "")
		default:
			problemAnswer(w, http.StatusUnprocessableEntity, "not \x1b[31mthis")
		}
	})
	file := filepath.Join(t.TempDir(), "list.json")
	require.NoError(t, os.WriteFile(file, []byte(`[{"id":"a b\u001b[2J","url":"https://example.com"},{"id":"good","url":"https://example.com"}]`), 0o600))
	out, said, code := godwit("webhooks", "import", file)
	require.Equal(t, cli.ExitInvalid, code, said)
	require.Contains(t, out, "whsec_1")
	require.Contains(t, said, "blue-a b")
	require.NotContains(t, out+said, "\x1b")
}

// TestSend_SaysWhereToBeginAgain: sent again as a whole the file would be published
// twice.
func TestSend_SaysWhereToBeginAgain(t *testing.T) {
	calls := 0
	answering(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls > 1 {
			problemAnswer(w, http.StatusUnauthorized, "revoked")
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"results": make([]map[string]any, maxBatch)})
	})
	file := filepath.Join(t.TempDir(), "events")
	events := ""
	for range maxBatch + 2 {
		events += "{}\n"
	}
	require.NoError(t, os.WriteFile(file, []byte(events+"no object\n"), 0o600))
	_, said, code := godwit("events", "send", file)
	require.Equal(t, cli.ExitSignIn, code)
	require.Contains(t, said, "lines from 501 on were not sent")
	require.NotContains(t, said, "before it were sent")
	s := sending{lines: []int{501, 502}}
	require.ErrorContains(t, s.stopped(&cli.Failure{Code: cli.ExitUnreachable}), "it is not known for those up to 502")
}

// TestTail_ReadsSoManyAtMost: one delivery that is retried for an hour had each look
// read all that were made since.
func TestTail_ReadsSoManyAtMost(t *testing.T) {
	calls := 0
	api := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		rows := make([]map[string]any, maxPage)
		for i := range rows {
			rows[i] = map[string]any{"id": fmt.Sprintf("dlv_%d_%d", calls, i), "status": "retrying", "webhook_id": "wh_1", "created_at": "2026-05-04T09:30:00Z"}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": rows, "next_cursor": "more"})
	})
	c := &cobra.Command{}
	c.SetContext(t.Context())
	c.SetOut(io.Discard)
	c.SetErr(io.Discard)
	look := &tail{frame: &frame{json: true}, c: c, api: api, query: map[string][]string{}, seen: map[string]string{}, names: map[string]string{}}
	require.NoError(t, look.look())
	require.Equal(t, maxFollowed/maxPage, calls)
	require.True(t, look.cut)
}
