package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// TestCLIDoc_EveryExampleRuns types each command line of docs/cli.md, and those of two
// other guides, into a shell, with the ids of things that are there.
func TestCLIDoc_EveryExampleRuns(t *testing.T) {
	var lines []string
	for _, page := range []string{"cli", "local", "verify"} {
		text, err := os.ReadFile("../docs/" + page + ".md")
		require.NoError(t, err)
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(block[1]) {
				if line = strings.TrimSpace(line); ofTheProgram.MatchString(line) {
					lines = append(lines, line)
				}
			}
		}
	}
	require.Greater(t, len(lines), 60)
	p := sharedStack(t).standalone
	for i, line := range lines {
		t.Run(strconv.Itoa(i)+" "+strings.Join(strings.Fields(line)[:2], " "), func(t *testing.T) {
			t.Parallel()
			newTypist(t, p, line).types(line)
		})
	}
}

// ofTheProgram is a line that runs the program. Lines of cli.md that don't are none.
var ofTheProgram = regexp.MustCompile(`^(godwit|echo .* \| godwit|\w+=\$\(godwit) `)

// stays are the examples that go on until they are interrupted, and what they print once
// they work.
var stays = map[string]string{
	"godwit listen 3000":                              "Ready.",
	"godwit listen --forward-to":                      "Ready.",
	"godwit play --":                                  "ready",
	"godwit deliveries tail":                          "TODO_CREATED",
	"godwit play requests --follow":                   "TODO_CREATED",
	"godwit login --url https://godwit.example.com\n": "/connect?code=",
}

// ofAdmins are the examples that a user's key may not run.
var ofAdmins = []string{
	"godwit audit", "godwit event-types put", "godwit keys create --name crm", "godwit keys create --name laptop --user", "godwit events send", "echo ", "godwit webhooks import", "godwit trigger TODO_CREATED --project",
}

// typist is someone who tries an example, in a directory with the files that it names.
type typist struct {
	t             *testing.T
	stage         *stageClient
	dir           string
	env           []string
	replace       *strings.Replacer
	event, played string
}

func newTypist(t *testing.T, p *process, line string) *typist {
	stage := newStage(t, p)
	user := stage.userKey(t)
	w := &typist{t: t, stage: stage, dir: t.TempDir()}
	secret := "whsec_" + strings.Repeat("A", 43) + "="
	r := newReceiver(t, nil)
	webhook := stage.webhook(t, r.URL, map[string]any{"secret": secret})["id"].(string)
	stage.webhook(t, w.play(), nil)
	w.event = stage.post(t)
	until := status("succeeded")
	if strings.HasPrefix(line, "godwit deliveries cancel") {
		stage.send(t, http.MethodPost, "/v1/webhooks/"+webhook+"/disable", nil).json(t, http.StatusOK)
		w.event, until = stage.post(t), status("held")
	}
	if strings.HasPrefix(line, "godwit deliveries retry-now") {
		w.busy(webhook)
		w.event, until = stage.post(t), func(d map[string]any) bool { return d["next_attempt_at"] != nil }
	}
	delivery := stage.deliveryTo(t, webhook, w.event, until)
	key := stage.send(t, http.MethodPost, "/v1/api-keys", map[string]any{"name": "n", "role": "user", "user_id": stage.prefix + "u"}).json(t, http.StatusCreated)["id"].(string)
	w.files(line, user, secret)
	who := user
	if slices.ContainsFunc(ofAdmins, func(one string) bool { return strings.HasPrefix(line, one) }) {
		who = adminKey
	}
	w.env = append(w.env, "GODWIT_URL="+p.url(), "GODWIT_KEY="+who, "PLAY_ID="+w.played)
	if strings.Contains(line, "logout") || strings.Contains(line, "login") || strings.Contains(line, "--profile") {
		w.env = w.env[:len(w.env)-2] // without its key
		w.signIn(line, user, p.url())
	}
	ports := freePorts(t, 2)
	_, playPort, _ := strings.Cut(ports[0], ":")
	w.replace = strings.NewReplacer(
		"wh_0c4q1h7k2m3n5p6r8s9t0v1w2x", webhook, "dlv_0c4q1h7k2m3n5p6r8s9t0v1w2x", delivery, "evt_0c4q1h7k2m3n5p6r8s9t0v1w2x", w.event, "key_0c4q1h7k2m3n5p6r8s9t0v1w2x", key,
		"play_0c4q1h7k2m3n5p6r8s9t0v1w2x", w.played, "https://godwit.example.com", p.url(), "http://127.0.0.1:8080", p.url(), "whsec_…", secret,
		"--project website", "--project "+stage.prefix+"p", "--projects website", "--projects "+stage.prefix+"p", `"website"`, `"`+stage.prefix+`p"`, "--user una", "--user "+stage.prefix+"u", "--owner una", "--owner "+stage.prefix+"u",
		"INVOICE_PAID", "INVOICE_PAID_"+strings.ToUpper(strings.TrimSuffix(stage.prefix, "-")), "9000", playPort, "9001", playPort, "play --s", "play --port "+playPort+" --s", "play --f", "play --port "+playPort+" --f",
	)
	return w
}

// play makes an address, at which requests are shown.
func (w *typist) play() (url string) {
	w.played, url = w.stage.playAddress(w.t)
	return url
}

// busy has the webhook's receiver ask for a pause.
func (w *typist) busy(webhook string) {
	url := w.play() + "?status=503&retry_after=60"
	w.stage.send(w.t, http.MethodPatch, "/v1/webhooks/"+webhook, map[string]any{"url": url}).json(w.t, http.StatusOK)
}

// deliveryTo waits for the delivery of an event to one of the stage's webhooks.
func (c *stageClient) deliveryTo(t testing.TB, webhook, event string, until func(map[string]any) bool) (id string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		for _, one := range c.get(t, "/v1/deliveries?webhook_id="+webhook+"&event_id="+event)["data"].([]any) {
			d := one.(map[string]any)
			id = d["id"].(string)
			return until(d), fmt.Sprint(d)
		}
		return false, "no delivery"
	})
	return id
}

// files writes what the examples name, and what they expect on a machine.
func (w *typist) files(line, key, secret string) {
	at := time.Now()
	if strings.Contains(line, "--at ") {
		at = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	}
	signer, err := standardwebhooks.NewWebhook(secret)
	require.NoError(w.t, err)
	signature, err := signer.Sign("evt_1", at, []byte("{}"))
	require.NoError(w.t, err)
	headers := fmt.Sprintf("webhook-id: evt_1\nwebhook-timestamp: %d\nwebhook-signature: %s\n", at.Unix(), signature)
	event := `{"type":"TODO_CREATED","project_id":"` + w.stage.prefix + `p","current":{"id":"1"}}` + "\n"
	for name, text := range map[string]string{
		"events.ndjson": event + event, "rules.json": `[{"events":["TODO_*"]}]`, "key.txt": key + "\n", "request.txt": headers + "\n{}", "headers.txt": headers, "body.json": "{}",
		"blue-webhooks.json": `[{"id":"b1","name":"Blue","url":"https://example.com/blue","enabled":true,"metadata":{"events":["TODO_CREATED"],"projectIds":[]}}]`,
		"webhook.json":       `{}`,
		"bin/npm":            "#!/bin/sh\ncase $WEBHOOK_SECRET in whsec_*) ;; *) exit 1 ;; esac\n",
		"bin/xdg-open":       "#!/bin/sh\n",
		".local/share/bash-completion/completions/.keep": "",
	} {
		file := filepath.Join(w.dir, name)
		require.NoError(w.t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(w.t, os.WriteFile(file, []byte(text), 0o700))
	}
	if !strings.Contains(line, "create") && !strings.Contains(line, "rotate") { // those write it
		require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, "secret.txt"), []byte(secret+"\n"), 0o600))
	}
	require.NoError(w.t, os.Symlink(built(w.t, "godwit"), filepath.Join(w.dir, "bin", "godwit")))
	w.env = []string{"PATH=" + filepath.Join(w.dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + w.dir}
}

// signIn keeps a key in the profile that the line uses.
func (w *typist) signIn(line, key, url string) {
	args := []string{"login", "--url", url, "--key", "-"}
	if strings.Contains(line, "--profile test") {
		args = append(args, "--profile", "test")
	}
	(&commandLine{env: w.env, stdin: key}).ok(w.t, args...)
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, "stdin"), []byte(key), 0o600))
}

// types runs the line until it ends, or does what it goes on to do.
func (w *typist) types(line string) {
	w.t.Helper()
	for begin, shows := range stays {
		if strings.HasPrefix(line+"\n", begin) {
			w.watches(line, shows)
			return
		}
	}
	if strings.HasPrefix(line, "godwit play requests play_") {
		w.sendToPlay()
	}
	cmd := w.shell(line)
	if stdin, err := os.Open(filepath.Join(w.dir, "stdin")); err == nil {
		defer stdin.Close()
		cmd.Stdin = stdin
	}
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s\n%s", w.replace.Replace(line), out)
}

func (w *typist) shell(line string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), "bash", "-euo", "pipefail", "-c", w.replace.Replace(line))
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// watches waits for what the line shows, while things happen, and interrupts it.
func (w *typist) watches(line, shows string) {
	cmd := w.shell("exec " + line)
	p := &process{cmd: cmd, output: newOutput(), exited: make(chan struct{})}
	reader, writer, err := os.Pipe()
	require.NoError(w.t, err)
	cmd.Stdout, cmd.Stderr = writer, writer
	require.NoError(w.t, cmd.Start())
	require.NoError(w.t, writer.Close())
	go p.output.read(reader)
	go func() {
		_ = cmd.Wait() // the exit code is read from ProcessState
		close(p.exited)
	}()
	eventually(w.t, func() (bool, string) {
		w.stage.post(w.t)
		return strings.Contains(strings.ToLower(p.output.String()), strings.ToLower(shows)), p.output.String()
	})
	require.NoError(w.t, cmd.Process.Signal(syscall.SIGINT))
	<-p.exited
	require.Contains(w.t, []int{0, 130}, cmd.ProcessState.ExitCode(), p.output.String())
}

// sendToPlay sends a request to the address.
func (w *typist) sendToPlay() {
	answer, err := http.Post(w.stage.base+"/play/"+w.played, "application/json", strings.NewReader("{}"))
	require.NoError(w.t, err)
	require.NoError(w.t, answer.Body.Close())
}
