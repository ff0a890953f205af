package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// crm is what examples/python/crm.py writes to: it keeps the last that was put to
// each path.
type crm struct {
	*httptest.Server
	mu    sync.Mutex
	tasks map[string]map[string]any
}

func newCRM(t *testing.T) *crm {
	c := &crm{tasks: map[string]map[string]any{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var task map[string]any
		raw, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPut || json.Unmarshal(raw, &task) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.tasks[strings.TrimPrefix(r.URL.Path, "/tasks/")] = task
	}))
	t.Cleanup(c.Close)
	return c
}

// records are the newest states of the feed's records, by their ids, as Godwit has them.
func (c *stageClient) records(t testing.TB, run string) map[string]map[string]any {
	t.Helper()
	newest, read := map[string]map[string]any{}, 0
	for _, e := range c.get(t, "/v1/events?limit=200")["data"].([]any) {
		id := e.(map[string]any)["id"].(string)
		if !strings.HasPrefix(id, "feed-"+run+"-") || !strings.HasPrefix(e.(map[string]any)["type"].(string), "TODO_") {
			continue
		}
		current := c.get(t, "/v1/events/"+id)["current"].(map[string]any)
		read++
		if newest[current["id"].(string)] == nil { // the list has the newest first
			newest[current["id"].(string)] = current
		}
	}
	require.Greater(t, read, len(newest), "records change")
	return newest
}

// python runs a program of examples/python that receives what a new webhook sends.
func (c *stageClient) python(t *testing.T, program string, env map[string]string) *process {
	t.Helper()
	at := freePorts(t, 1)[0]
	w := c.webhook(t, "http://"+at+"/", map[string]any{"owner_id": "example-ada", "rules": []any{map[string]any{"events": []string{"TODO_*"}}}})
	env["PORT"], env["WEBHOOK_SECRET"] = at[strings.LastIndex(at, ":")+1:], w["secret"].(string)
	cmd := exec.Command("python3", program)
	cmd.Dir = filepath.Join("..", "examples", "python")
	p := run(t, cmd, env)
	t.Cleanup(func() { p.kill(t) })
	p.waitFor(t, func(line string) bool { return strings.HasPrefix(line, "listening on") })
	return p
}

// requirePlot draws a chart of what was loaded into an SQLite database.
func requirePlot(t *testing.T, inbox string, records int) {
	t.Helper()
	chart := filepath.Join(t.TempDir(), "chart.svg")
	eventually(t, func() (bool, string) {
		plot := exec.Command("python3", "../examples/python/plot.py", chart)
		plot.Env = append(os.Environ(), "INBOX="+inbox)
		out, err := plot.CombinedOutput()
		require.NoError(t, err, string(out))
		n := 0
		for line := range strings.Lines(string(out)) {
			var here int
			_, err := fmt.Sscanf(line[strings.Index(line, "\t")+1:], "%d", &here)
			require.NoError(t, err)
			n += here
		}
		return n == records || n == records-1, string(out) // nothing more may have happened to the first record
	})
	svg, err := os.ReadFile(chart)
	require.NoError(t, err)
	require.Contains(t, string(svg), ">In progress</text>")
}

// TestExamples_DoSomethingWithTheFeed runs the small programs on what examples/feed
// publishes: each ends with what Godwit knows of the records.
func TestExamples_DoSomethingWithTheFeed(t *testing.T) {
	p := sharedStack(t).standalone
	c := &stageClient{base: p.url(), key: p.env["GODWIT_ADMIN_KEY"]}
	feed := filepath.Join(t.TempDir(), "feed")
	out, err := exec.Command("go", "build", "-o", feed, "../examples/feed").CombinedOutput()
	require.NoError(t, err, string(out))
	const story = "e2e"
	tells := func(args ...string) {
		cmd := exec.Command(feed, append([]string{"-rate", "500", "-seed", "7", "-run", story}, args...)...)
		cmd.Env = append(os.Environ(), "GODWIT_URL="+p.url(), "GODWIT_KEY="+c.key)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	tells("-count", "1")

	into, inbox := newCRM(t), filepath.Join(t.TempDir(), "inbox.sqlite")
	c.python(t, "crm.py", map[string]string{"CRM_URL": into.URL, "INBOX": filepath.Join(t.TempDir(), "crm.sqlite")})
	c.python(t, "receiver.py", map[string]string{"INBOX": inbox})
	chat := newReceiver(t, nil)
	alert := exec.Command("../examples/chat/alert.sh", "--json")
	alert.Env = append(os.Environ(), "GODWIT="+built(t, "godwit"), "GODWIT_URL="+p.url(), "GODWIT_KEY="+c.key, "OWNER=example-ada", "CHAT_URL="+chat.URL)
	out, err = alert.Output()
	require.NoError(t, err)
	var alerting map[string]any
	require.NoError(t, json.Unmarshal(out, &alerting))
	tells("-count", "80") // the first of them is there already

	want := c.records(t, story)
	eventually(t, func() (bool, string) {
		into.mu.Lock()
		defer into.mu.Unlock()
		for id, record := range want {
			stage := record["list"].(map[string]any)["title"]
			if task := into.tasks[id]; id != "rec_"+story+"_1" && (task["title"] != record["title"] || task["stage"] != stage || task["done"] != record["done"]) {
				return false, fmt.Sprint(id, task, record)
			}
		}
		return true, ""
	})

	requirePlot(t, inbox, len(want))
	deliveries := c.get(t, "/v1/deliveries?"+url.Values{"webhook_id": {alerting["id"].(string)}, "limit": {"200"}}.Encode())["data"].([]any)
	require.NotEmpty(t, deliveries)
	eventually(t, func() (bool, string) { return len(chat.all()) >= len(deliveries), fmt.Sprint(len(chat.all())) })
	for _, message := range chat.all() {
		require.Regexp(t, `^\{"text":"`, string(message.body))
	}
	for _, d := range deliveries {
		require.Equal(t, "high", c.get(t, "/v1/events/"+d.(map[string]any)["event_id"].(string))["current"].(map[string]any)["priority"])
	}
}
