package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page's request makes a webhook that a receiver of Blue's understands: its body
// and X-Signature are checked as Blue's documentation says, and as often as the request
// is sent there is one webhook.
func TestFromBlue_MovesAWebhook(t *testing.T) {
	page, err := os.ReadFile("../docs/from-blue.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?s)-d '(\{.*?\})'\n`).FindSubmatch(page)
	require.NotNil(t, found)
	c := newStage(t, sharedStack(t).standalone)
	r := newReceiver(t, nil)
	body := strings.NewReplacer("https://hooks.example.com/blue", r.URL, `"website"`, `"`+c.prefix+`p"`, `"una"`, `"`+c.prefix+`u"`).Replace(string(found[1]))
	path := "/v1/webhooks/by-key/warehouse"
	w := c.send(t, http.MethodPut, path, []byte(body)).json(t, http.StatusCreated)
	require.Equal(t, w["id"], c.send(t, http.MethodPut, path, []byte(body)).json(t, http.StatusOK)["id"])
	secret, id := w["secret"].(string), w["id"].(string)

	held := c.prefix + "held"
	c.send(t, http.MethodPost, "/v1/events", map[string]any{"id": held, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"title": "Crate 18"}}).json(t, http.StatusAccepted)
	c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/test", map[string]any{"type": "TODO_MOVED"}).json(t, http.StatusAccepted)
	r.wait(t, 1) // the test alone: the webhook is off
	c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/enable", map[string]any{"drain": false}).json(t, http.StatusOK)
	c.send(t, http.MethodPost, "/v1/webhooks/"+id+"/cancel", map[string]any{"since": "2020-01-01T00:00:00Z"}).json(t, http.StatusAccepted)
	c.delivery(t, held, status("cancelled"))
	c.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"title": "Crate 19"}}).json(t, http.StatusAccepted)
	events := map[string]bool{}
	for _, arrived := range r.wait(t, 3) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(arrived.body)
		require.Equal(t, hex.EncodeToString(mac.Sum(nil)), arrived.header.Get("X-Signature"))
		var got map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(arrived.body, &got))
		events[string(got["event"])] = true
		require.Contains(t, string(got["webhook"]), `"metadata":{"events":["TODO_CREATED","TODO_MOVED"],"projectIds":["`+c.prefix+`p"]}`)
		require.Len(t, got, 4)
		require.NotContains(t, string(arrived.body), "Crate 18", "Blue has sent it")
	}
	require.Equal(t, map[string]bool{`"TODO_MOVED"`: true, `"WEBHOOK_HEALTH_CHECK"`: true, `"TODO_CREATED"`: true}, events)
}

// The command of the page imports what Blue lists, in each shape in which it may be
// kept, and imports nothing twice.
func TestFromBlue_ImportsAListing(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	one := func(id, rest string) string {
		return `{"id":"` + c.prefix + id + `","url":"http://127.0.0.1:1/` + id + `"` + rest + `}`
	}
	project := `["` + c.prefix + `p"]`
	admin := commands(t, sharedStack(t).standalone, adminKey)
	for shape, wrap := range map[string]string{"a list": "[%]", "a page": `{"items":[%]}`, "an answer": `{"data":{"webhooks":{"items":[%],"pageInfo":{}}}}`} {
		admin.stdin = strings.Replace(wrap, "%", one("a-"+shape[len(shape)-1:], `,"name":"Warehouse","events":["TODO_CREATED"],"projectIds":`+project+`,"enabled":true,"secret":null,"status":"HEALTHY"`)+","+
			one("b-"+shape[len(shape)-1:], `,"name":null,"events":[],"projectIds":[],"metadata":{"events":["TODO_MOVED"],"projectIds":`+project+`}`)+","+one("c-"+shape[len(shape)-1:], `,"events":[],"metadata":null`), 1)
		require.Len(t, admin.objects(t, "webhooks", "import", "-", "--owner", c.prefix+"u", "--dry-run"), 3)
		made := admin.objects(t, "webhooks", "import", "-", "--owner", c.prefix+"u")
		require.Len(t, made, 3)
		for _, row := range made {
			require.Equal(t, "created", row["result"], shape)
			require.Regexp(t, "^whsec_", row["secret"])
		}
		var rules []any
		for _, row := range made {
			w := c.get(t, "/v1/webhooks/"+row["id"].(string))
			require.Equal(t, []any{"blue", false, row["key"]}, []any{w["payload_format"], w["enabled"], w["key"]})
			for _, rule := range w["rules"].([]any) {
				rule := rule.(map[string]any)
				rules = append(rules, rule["events"], rule["projects"])
			}
		}
		all := []any{c.prefix + "p"}
		require.Equal(t, []any{[]any{"TODO_CREATED"}, all, []any{"TODO_MOVED"}, all, []any{"*"}, nil}, rules)
		for _, row := range admin.objects(t, "webhooks", "import", "-", "--owner", c.prefix+"u") {
			require.Equal(t, "was there", row["result"])
			require.Nil(t, row["secret"])
		}
	}

	admin.stdin = "[" + one("d", `,"events":["NOPE"]`) + "," + one("e", `,"events":["TODO_MOVED"]`) + "]"
	for _, flags := range [][]string{{"--dry-run"}, nil} {
		out, said, code := admin.run(t, append([]string{"webhooks", "import", "-", "--owner", c.prefix + "u"}, flags...)...)
		require.Equal(t, 6, code)
		require.Contains(t, said, "NOPE")
		require.Contains(t, out, "refused")
		require.Contains(t, out, "created")
	}
	_, said, code := admin.run(t, "webhooks", "import", "-")
	require.Equal(t, 6, code)
	require.Contains(t, said, "owner_id")
	for _, bad := range []string{"", "{}", "[]", `[{"id":"x"}]`, `{"data":null}`, "<html>"} {
		admin.stdin = bad
		admin.fails(t, 6, "webhook", "webhooks", "import", "-", "--owner", c.prefix+"u")
	}
	admin.fails(t, 2, "no such file", "webhooks", "import", "none.json")
}
