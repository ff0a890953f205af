package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCLI_Webhooks follows a webhook from its making to its end, as its owner.
func TestCLI_Webhooks(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	r := newReceiver(t, nil)
	c := commands(t, p, stage.userKey(t))

	made := c.object(t, "webhooks", "create", "--name", "CRM", "--url", r.URL, "--events", "TODO_CREATED,TODO_MOVED", "--projects", stage.prefix+"p", "--header", "X-Team=a,b=c")
	id := made["id"].(string)
	require.Contains(t, made["secret"], "whsec_")
	out := c.ok(t, "webhooks", "list")
	require.Contains(t, out, "ID")
	require.Contains(t, out, id)
	require.Contains(t, out, "TODO_CREATED, TODO_MOVED")
	require.NotContains(t, out, "\x1b", "no colors where no terminal is")
	shown := c.object(t, "webhooks", "show", id)
	require.Contains(t, shown["headers"], "X-Team")
	require.NotContains(t, shown, "secret")
	require.Contains(t, c.ok(t, "webhooks", "show", id), "HEALTHY")

	changed := c.object(t, "webhooks", "update", id, "--name", "New", "--events", "TODO_*", "--without-header", "X-Team", "--header", "X-Other=a,b=c")
	require.Equal(t, "New", changed["name"])
	require.NotContains(t, changed["headers"], "X-Team")
	c.fails(t, 6, "/url", "webhooks", "update", id, "--url", "ftp://example.com")
	c.fails(t, 2, "say what to change", "webhooks", "update", id)
	c.fails(t, 6, "/rules/0/filter", "webhooks", "update", id, "--events", "TODO_*", "--filter", "current.")

	require.Equal(t, false, c.object(t, "webhooks", "disable", id, "--reason", "rest")["enabled"])
	require.Equal(t, true, c.object(t, "webhooks", "enable", id, "--no-drain")["enabled"])
	tested := c.object(t, "webhooks", "test", id, "--type", "TODO_CREATED", "--set", "current.title=Paint", "--wait")
	require.Equal(t, "succeeded", tested["delivery"].(map[string]any)["status"])
	arrived := r.newest()
	require.Contains(t, string(arrived.body), "Paint")
	require.Equal(t, "a,b=c", arrived.header.Get("X-Other"))
	require.Contains(t, c.ok(t, "webhooks", "health", id, "--since", "1h"), "owner_enabled")
	require.Contains(t, c.ok(t, "webhooks", "preview", "--events", "*"), "events match")

	file := filepath.Join(t.TempDir(), "secret")
	require.NotContains(t, c.object(t, "webhooks", "rotate-secret", id, "--secret-file", file, "--overlap", "1h"), "secret")
	secret, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(secret), "whsec_")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	c.fails(t, 2, "file exists", "webhooks", "rotate-secret", id, "--secret-file", file)

	c.fails(t, 2, "give --yes", "webhooks", "delete", id)
	require.Empty(t, c.ok(t, "webhooks", "delete", id, "--yes"))
	c.fails(t, 4, "request id", "webhooks", "show", id)
	out, said, code := c.run(t, "webhooks", "list")
	require.Zero(t, code)
	require.Empty(t, out)
	require.Contains(t, said, "There are no webhooks")
	_, said, _ = c.run(t, "webhooks", "list", "--quiet")
	require.Empty(t, said)
}

// TestCLI_WritesJSONForWhatHasNoAnswer: a program reads one object, whatever it has asked
// for.
func TestCLI_WritesJSONForWhatHasNoAnswer(t *testing.T) {
	p := sharedStack(t).standalone
	c := commands(t, p, newStage(t, p).userKey(t))
	webhook := c.object(t, "webhooks", "create", "--name", "N", "--url", "http://127.0.0.1:1/", "--events", "TODO_CREATED")["id"].(string)
	require.Equal(t, map[string]any{"id": webhook, "deleted": true}, c.object(t, "webhooks", "delete", webhook, "--yes"))
	key := c.object(t, "keys", "create", "--name", "n")["id"].(string)
	require.Equal(t, map[string]any{"id": key, "revoked": true}, c.object(t, "keys", "revoke", key, "--yes"))
	address := c.object(t, "play", "new")["id"].(string)
	require.Equal(t, map[string]any{"id": address, "deleted": true}, c.object(t, "play", "delete", address, "--yes"))
}

// TestCLI_ExitCodes: each tells what kind of failure it is.
func TestCLI_ExitCodes(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	dead := newReceiver(t, func(int, request) int { return http.StatusServiceUnavailable })
	off := stage.webhook(t, dead.URL, map[string]any{"enabled": false})["id"].(string)
	user, publisher, nobody := commands(t, p, stage.userKey(t)), commands(t, p, stage.keyOf(t, map[string]any{"name": "p", "role": "publisher"})), commands(t, p, "")
	closed := commands(t, p, "key")
	closed.env[2] = "GODWIT_URL=http://" + freePorts(t, 1)[0]
	for _, one := range []struct {
		who  *commandLine
		code int
		said string
		args []string
	}{
		{user, 1, "did not answer the probe", []string{"webhooks", "enable", off}},
		{user, 2, "unknown flag", []string{"webhooks", "list", "--limt", "3"}},
		{user, 2, "has no command", []string{"webhooks", "lst"}},
		{user, 2, "were all set", []string{"webhooks", "list", "--limit", "3", "--all"}},
		{user, 2, "--since must be", []string{"events", "list", "--since", "yesterday"}},
		{user, 2, "it needs EVENT", []string{"explain", off}},
		{user, 2, `required flag(s) "name"`, []string{"keys", "create"}},
		{nobody, 3, "there is no API key", []string{"webhooks", "list"}},
		{commands(t, p, "wrong-key-of-nobody"), 3, "next: check the key", []string{"whoami"}},
		{user, 3, "another role", []string{"audit"}},
		{publisher, 3, "another role", []string{"webhooks", "list"}},
		{user, 4, "request id", []string{"deliveries", "show", "dlv_00000000000000000000000000"}},
		{user, 4, "did you mean TODO_CREATED", []string{"event-types", "show", "TODO_CREATD"}},
		{user, 6, "/name", []string{"webhooks", "create", "--events", "TODO_*"}},
		{user, 6, "status", []string{"webhooks", "list", "--status", "FINE"}},
		{closed, 7, "can't be reached", []string{"webhooks", "list"}},
	} {
		one.who.fails(t, one.code, one.said, one.args...)
	}
	_, said, code := user.run(t, "deliveries", "show", "dlv_00000000000000000000000000", "--json")
	require.Equal(t, 4, code)
	var problem struct{ Error map[string]any }
	require.NoError(t, json.Unmarshal([]byte(said), &problem), said)
	require.EqualValues(t, 404, problem.Error["status"])
	require.NotEmpty(t, problem.Error["request_id"])
}

// TestCLI_Events makes something happen, as a user, as an admin and as a publisher, and
// follows it.
func TestCLI_Events(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	r := newReceiver(t, nil)
	id := stage.webhook(t, r.URL, nil)["id"].(string)
	user, admin := commands(t, p, stage.userKey(t)), commands(t, p, adminKey)
	publisher := commands(t, p, stage.keyOf(t, map[string]any{"name": "p", "role": "publisher"}))
	project := stage.prefix + "p"

	test := user.object(t, "trigger", "TODO_CREATED", "--set", "current.title=Paint", "--wait")
	require.Equal(t, id, test["webhook_id"])
	require.Contains(t, string(r.newest().body), "Paint")
	user.fails(t, 2, "there is no current.titel in the example; did you mean title?", "trigger", "TODO_CREATED", "--set", "current.titel=x")
	user.fails(t, 2, "it is a test", "trigger", "TODO_CREATED", "--project", project)
	user.fails(t, 4, "no listener of yours is about COMMENT_CREATED", "trigger", "COMMENT_CREATED")

	sent := admin.objects(t, "trigger", "TODO_CREATED", "--project", project, "--count", "2", "--every", "1ms", "--wait")
	require.Len(t, sent, 2)
	event := sent[0]["id"].(string)
	require.EqualValues(t, 1, sent[0]["matched"])
	require.Len(t, sent[0]["deliveries"], 1)
	again := admin.object(t, "trigger", "TODO_MOVED", "--project", project, "--from", event)
	require.EqualValues(t, 1, publisher.object(t, "trigger", "TODO_CREATED", "--project", project, "--set", "current.any=1")["matched"])
	publisher.fails(t, 2, "can't see deliveries", "trigger", "TODO_CREATED", "--project", project, "--wait")
	publisher.fails(t, 2, "--project is required", "trigger", "TODO_CREATED")

	require.Contains(t, user.ok(t, "events", "show", event), "succeeded")
	require.Len(t, user.objects(t, "events", "list", "--kind", "published", "--project", project), 4)
	out, said, _ := user.run(t, "events", "list", "--kind", "published", "--limit", "1")
	require.Equal(t, 2, strings.Count(out, "\n"), "a head and one row")
	require.Contains(t, said, "--all")
	require.Len(t, user.objects(t, "events", "search", "--filter", "type == 'TODO_MOVED'"), 1)
	user.fails(t, 2, "give a condition", "events", "search")

	require.Contains(t, user.ok(t, "explain", id, event), "Sent, as dlv_")
	comment := stage.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "COMMENT_CREATED", "project_id": project, "current": map[string]any{"id": "c"}}).json(t, http.StatusAccepted)["id"].(string)
	out, _, code := user.run(t, "explain", id, comment)
	require.Equal(t, 1, code)
	require.Contains(t, out, "Not sent")
	require.Contains(t, out, "✗ rule 1: This rule is not about COMMENT_CREATED.")
	require.NotEmpty(t, again["id"])
}

// TestCLI_Deliveries lists, shows, repeats and follows them.
func TestCLI_Deliveries(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	r := newReceiver(t, nil)
	id := stage.webhook(t, r.URL, nil)["id"].(string)
	user := commands(t, p, stage.userKey(t))
	tail := user.start(t, "deliveries", "tail", "--since", "1h")
	event := stage.post(t)
	d := stage.delivery(t, event, status("succeeded"))["id"].(string)
	tail.waitFor(t, func(line string) bool {
		return strings.Contains(line, d) && strings.Contains(line, "→ feed") && strings.Contains(line, "✓  succeeded  204")
	})
	require.NoError(t, tail.cmd.Process.Signal(os.Interrupt))
	<-tail.exited
	require.Equal(t, 130, tail.cmd.ProcessState.ExitCode())

	require.Len(t, user.objects(t, "deliveries", "list", "--webhook", id, "--status", "succeeded", "--since", "1h"), 1)
	require.Contains(t, user.ok(t, "deliveries", "show", d), "OUTCOME")
	require.Equal(t, "succeeded", user.object(t, "deliveries", "redeliver", d, "--wait")["status"])
	user.fails(t, 5, "request id", "deliveries", "retry-now", d)
	user.fails(t, 2, "give --yes", "deliveries", "cancel", d)
	user.fails(t, 5, "request id", "deliveries", "cancel", d, "--yes")
	r.newest()
	r.newest()
	curl := exec.CommandContext(t.Context(), "sh", "-c", user.ok(t, "deliveries", "curl", d, "--sign"))
	require.NoError(t, curl.Run(), "curl is needed")
	require.Equal(t, event, r.newest().header.Get("webhook-id"))

	require.Contains(t, user.ok(t, "redeliver", id, "--since", "1h", "--dry-run"), "0 deliveries")
	stage.send(t, http.MethodPost, "/v1/webhooks/"+id+"/disable", nil).json(t, http.StatusOK)
	stage.delivery(t, stage.post(t), status("held"))
	user.fails(t, 2, "give --yes", "redeliver", id, "--since", "1h", "--status", "held")
	user.fails(t, 2, "say since when", "redeliver", id, "--yes")
	stage.send(t, http.MethodPost, "/v1/webhooks/"+id+"/enable", map[string]any{"drain": false}).json(t, http.StatusOK)
	done := user.object(t, "redeliver", id, "--since", "1h", "--status", "held", "--yes", "--wait")
	require.Equal(t, "completed", done["status"])
	require.EqualValues(t, 1, done["succeeded"])
}

// TestCLI_SendsEventsOnce: a file may be sent again, and one bad line stops no other.
func TestCLI_SendsEventsOnce(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	c := commands(t, p, stage.keyOf(t, map[string]any{"name": "p", "role": "publisher"}))
	line := func(id, project string) string {
		return `{` + id + `"type":"TODO_CREATED", "project_id":"` + stage.prefix + project + `","current":{"n":1.0}}` + "\n"
	}
	c.stdin = line(`"id":"`+stage.prefix+`a",`, "p") + "\n" + line("", "p") + line("", "none") + line("", "p")
	for _, before := range []string{"Sent: 3, deliveries: 0, sent before: 0, refused: 1.", "Sent: 2, deliveries: 0, sent before: 1, refused: 1."} {
		out, said, code := c.run(t, "events", "send", "-", "--json")
		require.Equal(t, 6, code, said)
		require.Contains(t, said, before)
		require.Contains(t, said, "line 4: /project_id")
		for line := range strings.Lines(said) {
			require.True(t, json.Valid([]byte(line)), line)
		}
		require.Equal(t, 4, strings.Count(out, "\n"))
	}
	c.stdin = line("", "p") + "no event\n"
	c.fails(t, 6, "line 2 is no JSON object", "events", "send", "-")
	c.stdin = line(`"id":null,`, "p")
	c.fails(t, 6, "line 1 has an id that is null", "events", "send", "-")
	c.fails(t, 2, "no such file", "events", "send", filepath.Join(t.TempDir(), "none"))
}

// TestCLI_SignsIn keeps a key in a profile, and forgets it.
func TestCLI_SignsIn(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	c := commands(t, p, "")
	c.env = c.env[:2] // without GODWIT_URL
	c.stdin = stage.userKey(t) + "\n"
	who := c.object(t, "login", "--url", p.url(), "--key", "-", "--profile", "work")
	require.Equal(t, stage.prefix+"u", who["user_id"])
	file := filepath.Join(strings.TrimPrefix(c.env[1], "HOME="), ".config", "godwit", "config.toml")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Contains(t, c.ok(t, "whoami", "--profile", "work"), "una@example.com")
	require.Equal(t, p.url()+"/webhooks/wh_1\n", c.ok(t, "open", "webhook", "wh_1", "--profile", "work"))
	require.Equal(t, p.url()+"/deliveries/dlv_1\n", c.ok(t, "open", "dlv_1", "--profile", "work"))
	c.fails(t, 3, "no API key", "whoami", "--profile", "work", "--url", "http://127.0.0.1:9")
	c.stdin = "wrong-key-of-nobody"
	c.fails(t, 3, "request id", "login", "--url", p.url(), "--key", "-", "--profile", "bad")
	c.stdin = ""
	c.fails(t, 2, "give an API key", "login", "--key", "-")
	require.Equal(t, map[string]any{"profile": "work", "forgotten": true}, c.object(t, "logout", "--profile", "work"))
	c.fails(t, 2, "there is no profile", "whoami", "--profile", "work")
	c.fails(t, 4, "there is no profile", "logout", "--profile", "work")
	require.Equal(t, "publisher", commands(t, p, stage.keyOf(t, map[string]any{"name": "p", "role": "publisher"})).object(t, "whoami")["role"])
}

// TestCLI_SignsInByTheWebApp: the person compares the code and lets the command line in,
// which has its own key then, and gives it back.
func TestCLI_SignsInByTheWebApp(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	user := stage.as(stage.userKey(t), p)
	c := commands(t, p, "")
	answer := func(approve bool) *process {
		login := c.start(t, "login", "--json")
		code := regexp.MustCompile(`/connect\?code=([A-Z-]{9})`)
		login.waitFor(t, func(line string) bool { return code.MatchString(line) })
		shown := code.FindStringSubmatch(login.output.String())[1]
		asked := user.send(t, http.MethodPost, "/v1/device/answer", map[string]any{"code": shown}).json(t, http.StatusOK)
		require.Contains(t, asked["name"], "godwit")
		user.send(t, http.MethodPost, "/v1/device/answer", map[string]any{"code": shown, "approve": approve}).json(t, http.StatusOK)
		<-login.exited
		<-login.output.ended
		return login
	}
	refused := answer(false)
	require.Equal(t, 3, refused.cmd.ProcessState.ExitCode(), refused.output.String())
	require.Contains(t, refused.output.String(), "was refused")
	let := answer(true)
	require.Zero(t, let.cmd.ProcessState.ExitCode(), let.output.String())
	require.Equal(t, stage.prefix+"u", c.object(t, "whoami")["user_id"])
	require.Len(t, c.objects(t, "keys", "list"), 2)
	own := c.object(t, "keys", "create", "--name", "own")
	require.Equal(t, stage.prefix+"u", own["user_id"])
	require.Empty(t, c.ok(t, "keys", "revoke", own["id"].(string), "--yes"))
	c.ok(t, "logout")
	require.Len(t, user.get(t, "/v1/api-keys")["data"], 1, "the key of the login is revoked")
}

// TestCLI_Administers: keys, the catalogue, numbers, the audit log, the document.
func TestCLI_Administers(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	admin := commands(t, p, adminKey)
	key := admin.object(t, "keys", "create", "--name", "laptop", "--user", stage.prefix+"u", "--expires-in", "1h")
	require.Contains(t, key["key"], "gw_")
	id := key["id"].(string)
	require.Contains(t, admin.ok(t, "keys", "list"), id)
	require.Empty(t, admin.ok(t, "keys", "revoke", id, "--yes"))
	admin.fails(t, 4, "request id", "keys", "revoke", id, "--yes")
	require.NotEmpty(t, admin.objects(t, "audit", "--action", "api_key.revoked", "--object", id))
	require.Contains(t, admin.ok(t, "audit", "--object", id), "api_key.created")
	require.Contains(t, admin.ok(t, "stats", "--since", "1h"), "Waiting: new")
	require.GreaterOrEqual(t, len(admin.objects(t, "event-types", "list", "--all")), 37)
	admin.stdin = `{"example":{"current":{"id":"x"}}}`
	made := admin.object(t, "event-types", "put", strings.ToUpper(strings.ReplaceAll(stage.prefix, "-", "_"))+"PAID", "--file", "-", "--group", "Invoices", "--title", "Paid", "--description", "Somebody has paid")
	require.Equal(t, "Paid", made["title"])
	require.Contains(t, admin.ok(t, "event-types", "show", "TODO_CREATED"), "Example of current")

	var own, served any
	require.NoError(t, json.Unmarshal([]byte(admin.ok(t, "openapi")), &own))
	resp, err := http.Get(p.url() + "/openapi.json")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&served))
	require.Equal(t, served, own)
}

// TestCLI_CompletesWhatThereIs: ids with names, and names of types, also while Godwit
// can't be asked for a moment.
func TestCLI_CompletesWhatThereIs(t *testing.T) {
	p := sharedStack(t).standalone
	stage := newStage(t, p)
	id := stage.webhook(t, "https://example.com/hook", nil)["id"].(string)
	c := commands(t, p, stage.userKey(t))
	require.Contains(t, c.ok(t, "__complete", "webhooks", "show", ""), id+"\tfeed")
	require.Contains(t, c.ok(t, "__complete", "trigger", ""), "TODO_CREATED\t")
	require.Contains(t, c.ok(t, "__complete", "webhooks", "create", "--projects", ""), stage.prefix+"p\tWebsite")
	stage.send(t, http.MethodDelete, "/v1/webhooks/"+id, nil)
	require.Contains(t, c.ok(t, "__complete", "webhooks", "delete", ""), id, "it was read a moment ago")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, c.ok(t, "completion", shell), "godwit")
	}
	require.NotContains(t, commands(t, p, "").ok(t, "__complete", "webhooks", "show", ""), "wh_")
}
