package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
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
