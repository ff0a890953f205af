package send

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// The pages that tell receivers what they get and how to verify it, and the
// examples of the OpenAPI document.
const (
	receivingPage = "../../docs/receiving.md"
	verifyPage    = "../../docs/verify.md"
	examples      = "../../api/reference/received/"
)

// shownBodies are the bodies that both show.
func shownBodies() map[string][]byte {
	at := time.Date(2026, 5, 4, 3, 2, 1, 120_000_000, time.UTC)
	m := Message{
		Webhook: hook.Webhook{ID: "wh_06f1v7q2m9s3k8d4h5j6n7p8r9", Name: "Warehouse", URL: "https://hooks.example.com/godwit", Status: hook.Healthy, Enabled: true,
			Rules: []hook.Rule{{Events: []string{"TODO_CREATED", "COMMENT_*"}, Projects: []string{"p1"}}}},
		Event: hook.Event{ID: "todo-9-created", Type: "TODO_CREATED", ProjectID: "p1", ProjectName: "Roadmap", CompanyID: "c1", CompanyName: "Acme", ActorID: "u1",
			OccurredAt: at, Sequence: 4711, Current: []byte(`{"id":"t9","title":"Ship it","priority":"high"}`)},
	}
	out := map[string][]byte{}
	for _, format := range []hook.PayloadFormat{hook.FormatStandard, hook.FormatBlue, hook.FormatCloudEvents} {
		_, body := formatted(m, format)
		out[string(format)] = []byte(body)
	}
	_, out["health-check"] = Probe(m.Webhook, "evt_06f1v7q2m9s3k8d4h5j6n7p8r9", nil, at).body("")
	return out
}

// shownMessages are the chat messages that the page shows.
func shownMessages() (out [][]byte) {
	for _, format := range []hook.PayloadFormat{hook.FormatSlack, hook.FormatDiscord, hook.FormatTeams} {
		m := Message{
			Webhook: hook.Webhook{PayloadFormat: format}, DeliveryID: "dlv_06f1v7q2m9s3k8d4h5j6n7p8r9", Chat: &hook.ChatWords{Language: hook.English, Title: "Record created"},
			Event: hook.Event{Type: "TODO_CREATED", ProjectName: "Roadmap", Current: []byte(`{"title":"Ship it"}`)},
		}
		_, body := m.body("https://godwit.example")
		out = append(out, body)
	}
	return out
}

// compact is JSON without what makes no difference.
func compact(t *testing.T, text []byte) string {
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return string(out)
}

// blocks gives the fenced blocks of a page by language, each with the heading
// above it.
func blocks(t *testing.T, name string) (out []struct{ heading, language, text string }) {
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	heading := ""
	parts := strings.Split("\n"+string(page), "\n```")
	for i, part := range parts {
		if i%2 == 0 {
			if at := strings.LastIndex(part, "\n#"); at >= 0 {
				heading, _, _ = strings.Cut(strings.TrimLeft(part[at+1:], "# "), "\n")
			}
			continue
		}
		language, text, _ := strings.Cut(part, "\n")
		out = append(out, struct{ heading, language, text string }{heading, language, text + "\n"})
	}
	return out
}

func TestReceivingPage_ShowsTheBodies(t *testing.T) {
	shown := map[string]bool{}
	for _, b := range blocks(t, receivingPage) {
		if b.language == "json" && b.heading != "`slack`, `discord`, `teams`" {
			var text bytes.Buffer
			require.NoError(t, json.Compact(&text, []byte(b.text)))
			shown[text.String()] = true
		}
	}
	messages := map[string]bool{}
	for _, b := range blocks(t, receivingPage) {
		if b.heading == "`slack`, `discord`, `teams`" {
			messages[compact(t, []byte(b.text))] = true
		}
	}
	for _, body := range shownMessages() {
		require.Contains(t, messages, compact(t, body))
	}
	want := map[string]bool{}
	for name, body := range shownBodies() {
		want[string(body)] = true
		example, err := os.ReadFile(examples + name + ".json")
		require.NoError(t, err)
		require.Equal(t, string(body), strings.TrimSpace(string(example)), name)
	}
	require.Equal(t, want, shown)
}

func TestReceivingPage_NamesEveryHeader(t *testing.T) {
	page, err := os.ReadFile(receivingPage)
	require.NoError(t, err)
	m := message("https://hooks.example/")
	sent, _ := m.headers(fixed{contentType: contentJSON, userAgent: "Godwit/1", signature: signature{plain: "x"}})
	for name := range sent {
		require.Contains(t, string(page), "`"+name+"`")
	}
}

// request is what a snippet has to judge.
type request struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"` // base64
}

// requests are good and bad ones, with what a snippet must say of them.
func requests(t *testing.T) (all []request, want string) {
	body := []byte("{\"name\":\"Grüße 👋\",\"a\":1.10,\"slash\":\"\\/\"}")
	for _, c := range []struct {
		secrets []string
		at      time.Duration // from now
		change  func(*request)
		good    bool
	}{
		{[]string{testSecret}, 0, nil, true},
		{[]string{testSecret}, -4 * time.Minute, nil, true},
		{[]string{oldSecret, testSecret}, 0, nil, true},
		{[]string{testSecret, oldSecret}, 0, nil, true},
		{[]string{oldSecret}, 0, nil, false},
		{[]string{testSecret}, -6 * time.Minute, nil, false},
		{[]string{testSecret}, 6 * time.Minute, nil, false},
		{[]string{testSecret}, 0, func(r *request) { r.Body = base64.StdEncoding.EncodeToString([]byte("{}")) }, false},
		{[]string{testSecret}, 0, func(r *request) { r.Headers["webhook-id"] = "evt_2" }, false},
		{[]string{testSecret}, 0, func(r *request) { r.Headers["webhook-signature"] = "v1," }, false},
		{[]string{testSecret}, 0, func(r *request) { r.Headers["webhook-signature"] = "" }, false},
		{[]string{testSecret}, 0, func(r *request) { r.Headers["webhook-timestamp"] = "0" }, false},
	} {
		at := time.Now().Add(c.at)
		sig, err := sign(c.secrets, "evt_1", at, body)
		require.NoError(t, err)
		r := request{Secret: testSecret, Body: base64.StdEncoding.EncodeToString(body), Headers: map[string]string{
			"webhook-id": "evt_1", "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": sig.standard,
		}}
		if c.change != nil {
			c.change(&r)
		}
		all, want = append(all, r), want+strconv.FormatBool(c.good)+"\n"
	}
	return all, want
}

// runner has a snippet judge the requests of the file requests.json, one line
// each: true or false.
type runner struct {
	file, more string   // the snippet's file and what is added to it
	main       string   // a second file; empty = none
	command    []string // in the folder of both
}

func runners() map[string]runner {
	return map[string]runner{
		"Go": {file: "verify.go", main: `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

func main() {
	raw, _ := os.ReadFile("requests.json")
	var all []struct {
		Secret  string
		Headers map[string]string
		Body    []byte
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		panic(err)
	}
	for _, r := range all {
		header := http.Header{}
		for name, value := range r.Headers {
			header.Set(name, value)
		}
		fmt.Println(verify(r.Secret, header, r.Body))
	}
}
`, command: []string{"go", "run", "verify.go", "main.go"}},
		"Node": {file: "verify.js", more: `
for (const r of JSON.parse(require('fs').readFileSync('requests.json'))) {
  console.log(verify(r.secret, r.headers, Buffer.from(r.body, 'base64')));
}
`, command: []string{"node", "verify.js"}},
		"Python": {file: "verify.py", more: `
import json
for r in json.load(open("requests.json")):
    print(str(verify(r["secret"], r["headers"], base64.b64decode(r["body"]))).lower())
`, command: []string{"python3", "verify.py"}},
		"PHP": {file: "verify.php", more: `
foreach (json_decode(file_get_contents('requests.json'), true) as $r) {
    echo verify($r['secret'], $r['headers'], base64_decode($r['body'])) ? "true\n" : "false\n";
}
`, command: []string{"php", "verify.php"}},
		"Ruby": {file: "verify.rb", more: `
require 'json'
JSON.parse(File.read('requests.json')).each { |r| puts verify(r['secret'], r['headers'], Base64.decode64(r['body'])) }
`, command: []string{"ruby", "verify.rb"}},
	}
}

// Each snippet of the page takes what Godwit sends and refuses all else.
func TestVerifyPage_SnippetsVerify(t *testing.T) {
	all, want := requests(t)
	raw, err := json.Marshal(all)
	require.NoError(t, err)
	languages := runners()
	for _, b := range blocks(t, verifyPage) {
		r, ok := languages[b.heading]
		if !ok {
			continue
		}
		delete(languages, b.heading)
		t.Run(b.heading, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"requests.json": string(raw), r.file: b.text + r.more, "main.go": r.main} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			run := exec.Command(r.command[0], r.command[1:]...)
			run.Dir = dir
			out, err := run.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, want, string(out))
		})
	}
	require.Empty(t, languages, "the page has no snippet for these")
}

// The shell's snippet calls openssl once for each request.
func TestVerifyPage_ShellVerifies(t *testing.T) {
	all, want := requests(t)
	dir := t.TempDir()
	script := ""
	for _, b := range blocks(t, verifyPage) {
		if b.heading == "Shell" {
			script = b.text
		}
	}
	require.NotEmpty(t, script)
	for i, r := range all {
		body, err := base64.StdEncoding.DecodeString(r.Body)
		require.NoError(t, err)
		name := filepath.Join(dir, strconv.Itoa(i))
		require.NoError(t, os.WriteFile(name, body, 0o600))
		script += "if verify '" + strings.Join([]string{r.Secret, r.Headers["webhook-id"], r.Headers["webhook-timestamp"], r.Headers["webhook-signature"], name}, "' '") +
			"'; then echo true; else echo false; fi\n"
	}
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, want, string(out))
}
