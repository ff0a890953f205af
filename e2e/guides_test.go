package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runGuide runs each block of commands of a guide, one after another in one
// shell, and gives the answers that they print, each a JSON document.
func runGuide(t *testing.T, name string, replace ...string) (answers []map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../docs/" + name + ".md")
	require.NoError(t, err)
	var script strings.Builder
	for _, m := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		script.WriteString(strings.NewReplacer(replace...).Replace(m[1]) + "\n")
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script.String())
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, complaints.String())
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var answer map[string]any
		require.NoError(t, decoder.Decode(&answer), string(out))
		answers = append(answers, answer)
	}
	return answers
}

// The reader of the guide has an event that the receiver refused with 410, which
// switched the webhook off, and one that was held since.
func TestGuides_Missed(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, func(n int, _ request) int {
		if n == 1 {
			return http.StatusGone
		}
		return http.StatusNoContent
	})
	w := c.webhook(t, r.URL, nil)
	refused := c.post(t)
	c.becomes(t, w, func(w map[string]any) bool { return w["disabled_reason"] == "gone" })
	held := c.post(t)
	c.delivery(t, held, status("held"))

	answers := runGuide(t, "missed", "http://127.0.0.1:8080", c.base, "$(cat .godwit/admin-key)", c.key, "wh_…", w["id"].(string), "todo-1-created", held)
	require.Len(t, answers, 6, answers)
	ledger, why, enabled, counted, redelivered, list := answers[0], answers[1], answers[2], answers[3], answers[4], answers[5]
	require.Equal(t, []any{2.0, 1.0, 1.0, true}, []any{ledger["matched"], ledger["failed"], ledger["held"], ledger["balanced"]}, ledger)
	require.Equal(t, true, why["matched"])
	require.Equal(t, true, enabled["enabled"])
	require.Equal(t, 1.0, counted["count"])
	require.Equal(t, 1.0, redelivered["count"])
	require.Equal(t, redelivered["redelivery_id"], list["data"].([]any)[0].(map[string]any)["id"])
	eventually(t, func() (bool, string) {
		got := r.ids()
		return got[refused] == 2 && got[held] == 1, "not everything has arrived"
	})
}

func TestGuides_Trouble(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	w := c.filtered(t, r.URL, "current.priority == 'high'")
	event := c.post(t)
	answers := runGuide(t, "trouble", "http://127.0.0.1:8080", c.base, "$(cat .godwit/admin-key)", c.key, "wh_…", w, "todo-1-created", event)
	require.Len(t, answers, 2)
	require.Equal(t, event, answers[0]["id"])
	require.Equal(t, false, answers[1]["matched"])
}

// The application's commands, for ids that nobody else has here.
func TestGuides_Host(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	w := c.webhook(t, r.URL, map[string]any{"rules": []any{c.rule(map[string]any{"events": []string{"TODO_MOVED"}})}})
	answers := runGuide(t, "host", "http://127.0.0.1:8080", c.base, "$(cat .godwit/admin-key)", adminKey,
		"acme", c.prefix+"c", "website", c.prefix+"p", `"una"`, `"`+c.prefix+`u"`, "users/una", "users/"+c.prefix+"u",
		"members/una", "members/"+c.prefix+"u", "todo-1-moved-7", c.prefix+"moved")
	var key, link string
	for _, answer := range answers {
		if text, ok := answer["key"].(string); ok {
			key = text
		}
		if text, ok := answer["url"].(string); ok {
			link = text
		}
	}
	require.Contains(t, link, "/portal?next=%2Fwebhooks#")
	require.Equal(t, c.prefix+"moved", r.newest().header.Get("webhook-id"))
	publisher := c.as(key, sharedStack(t).standalone)
	require.Equal(t, http.StatusForbidden, publisher.send(t, http.MethodGet, "/v1/webhooks/"+w["id"].(string), nil).status)
}

// The guide's request makes one webhook, however often it is sent.
func TestGuides_Idempotency(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	file := filepath.Join(t.TempDir(), "webhook.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"owner_id":"`+c.prefix+`u","name":"N","url":"https://example.com/","rules":[{"events":["*"]}]}`), 0o600))
	var ids []any
	for range 2 {
		answers := runGuide(t, "idempotency", "$API", c.base+"/v1", "$AUTH", "Authorization: Bearer "+c.key, "@webhook.json", "@"+file)
		require.Len(t, answers, 1)
		ids = append(ids, answers[0]["id"])
	}
	require.NotNil(t, ids[0])
	require.Equal(t, ids[0], ids[1])
}

// The commands that ask for a play address by curl, and its answer.
func TestGuides_Play(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	page, err := os.ReadFile("../docs/local.md")
	require.NoError(t, err)
	var asked []string
	for _, m := range shellBlock.FindAllStringSubmatch(string(page), -1) {
		if strings.HasPrefix(m[1], "curl ") {
			asked = append(asked, m[1])
		}
	}
	require.Len(t, asked, 2)
	ask := func(command, id string) (answer map[string]any) {
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", command)
		cmd.Env = append(os.Environ(), "GODWIT_URL="+c.base, "GODWIT_KEY="+c.userKey(t), "PLAY_ID="+id)
		out, err := cmd.Output()
		require.NoError(t, err, command)
		require.NoError(t, json.Unmarshal(out, &answer), string(out))
		return answer
	}
	id := ask(asked[0], "")["id"].(string)
	require.Equal(t, []any{}, ask(asked[1], id)["data"])
}

// The headers of limits.md are those of a user's key.
func TestDocs_ShowRateLimitsAsTheyAre(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```text\nRateLimit-Policy: (.*?)\nRateLimit: (.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, shown, 2)
	stage := newStage(t, sharedStack(t).standalone)
	c := stage.as(stage.userKey(t), sharedStack(t).standalone)
	made := c.send(t, http.MethodPost, "/v1/webhooks", map[string]any{"name": "N", "url": "https://example.com/", "rules": []any{map[string]any{"events": []string{"*"}}}})
	require.Equal(t, http.StatusCreated, made.status)
	digits := regexp.MustCompile(`\d+`)
	for _, one := range shown {
		require.Contains(t, strings.Join(made.header.Values("RateLimit-Policy"), ", "), one[1])
		require.Regexp(t, digits.ReplaceAllString(regexp.QuoteMeta(one[2]), `\d+`), strings.Join(made.header.Values("RateLimit"), ", "))
	}
}

// What godwit listen writes has the form that the guide shows.
func TestListen_WritesAsTheGuideShows(t *testing.T) {
	page, err := os.ReadFile("../docs/local.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```text\n(Listening as .*?)```").FindSubmatch(page)
	require.NotNil(t, shown)
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	answers := make(chan int, 2)
	answers <- http.StatusOK
	answers <- http.StatusInternalServerError
	to := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if code := <-answers; code != http.StatusOK {
			http.Error(w, "TypeError: x is undefined", code)
		}
	}))
	defer to.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(to.URL, "http://"), ":")
	listening := commands(t, p, stage.userKey(t)).start(t, "listen", port, "--path", "/hook", "--events", "TODO_*", "--name", "laptop")
	listening.waitFor(t, func(line string) bool { return line == "Ready." })
	for i, name := range []string{"TODO_CREATED", "TODO_MOVED"} {
		stage.send(t, http.MethodPost, "/v1/events", map[string]any{"id": fmt.Sprint(stage.prefix, "todo-1-", i), "type": name, "project_id": stage.prefix + "p", "current": map[string]any{"id": "1"}}).json(t, http.StatusAccepted)
		listening.waitFor(t, func(line string) bool { return strings.Contains(line, " "+name+" ") })
	}
	require.NoError(t, listening.cmd.Process.Signal(os.Interrupt))
	<-listening.exited
	<-listening.output.ended
	variable := strings.NewReplacer("3000", port, "whsec_…", `whsec_\S+`, "todo-1-created", `\S+`, "todo-1-moved", `\S+`)
	for line := range strings.Lines(string(shown[1])) {
		if strings.Contains(line, "connection lost") || strings.Contains(line, "back after") || strings.HasPrefix(line, "^C") {
			continue // TestListen_LosesNothing cuts the connection
		}
		form := variable.Replace(regexp.QuoteMeta(strings.TrimSpace(line)))
		form = regexp.MustCompile(`\d\d:\d\d:\d\d\\\.\d+|\d+ ms`).ReplaceAllStringFunc(form, func(text string) string {
			return map[bool]string{true: `\d+ ms`, false: `[0-9:.]+`}[strings.HasSuffix(text, "ms")]
		})
		require.Regexp(t, regexp.MustCompile(` +`).ReplaceAllString(form, ` +`), listening.output.String())
	}
}
