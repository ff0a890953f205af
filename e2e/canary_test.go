package e2e_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/id"
)

// canaryRun is a Godwit whose every secret, URL and payload is a canary.
type canaryRun struct {
	*stageClient
	p     *process
	mark  string   // begins every canary of the test's own
	never canaries // must be nowhere
	own   canaries // may be in Godwit's own tables, and nowhere else
}

// secret makes a canary that must be nowhere.
func (c *canaryRun) secret(name string) string { return c.hide(name, c.mark+"-"+name) }

// hide adds a canary that must be nowhere.
func (c *canaryRun) hide(name, value string) string {
	c.never[name] = []byte(value)
	return value
}

// private makes a canary that only Godwit's own tables may hold.
func (c *canaryRun) private(name string) string {
	c.own[name] = []byte(c.mark + "-" + name)
	return c.mark + "-" + name
}

func startCanaryRun(t *testing.T) *canaryRun {
	t.Helper()
	s := sharedStack(t)
	m := newMailServer(t)
	c := &canaryRun{mark: id.New("cnry"), never: canaries{}, own: canaries{}}
	var key [32]byte
	_, _ = rand.Read(key[:])
	c.never["encryption key, raw"] = key[:]
	env := serveEnv(t, s.migrated(t), s.temporal(), "canary")
	env["GODWIT_LOG_LEVEL"], env["GODWIT_RECOVERY_SCHEDULE"], env["GODWIT_MANAGEMENT_RATE"] = "debug", "200ms,500ms", "0"
	env["GODWIT_ADMIN_KEY"] = c.secret("admin-key")
	env["GODWIT_ENCRYPTION_KEY"] = c.hide("encryption key", base64.StdEncoding.EncodeToString(key[:]))
	env["GODWIT_SMTP_URL"], env["GODWIT_MAIL_FROM"] = "smtp://godwit:"+c.secret("smtp-password")+"@"+m.address, "godwit@mail.test"
	c.p = startServe(t, env)
	c.stageClient = newStage(t, c.p)
	return c
}

// subscribe makes a webhook with canaries in its URL and headers, and keeps its secret.
func (c *canaryRun) subscribe(t *testing.T, name, base string, fields map[string]any) map[string]any {
	t.Helper()
	all := map[string]any{"name": name, "headers": map[string]any{"Authorization": "Bearer " + c.secret(name+"-header"), "X-Other": c.secret(name + "-other")}}
	for field, value := range fields {
		all[field] = value
	}
	w := c.webhook(t, base+"/"+c.private(name+"-path")+"?token="+c.private(name+"-query"), all)
	c.keepSecret(t, name, w)
	return w
}

func (c *canaryRun) keepSecret(t *testing.T, name string, answer map[string]any) {
	t.Helper()
	secret, ok := answer["secret"].(string)
	if !ok {
		return // ed25519
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	c.never[name+" secret, raw "+fmt.Sprint(len(c.never))] = key
	c.hide(name+" secret "+fmt.Sprint(len(c.never)), strings.TrimPrefix(secret, "whsec_"))
}

// publish posts an event with canaries in both of its states.
func (c *canaryRun) publish(t *testing.T, eventType string) string {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/events", map[string]any{
		"type": eventType, "project_id": c.prefix + "p", "actor_id": "actor",
		"previous": map[string]any{"id": c.private("payload-id"), "title": c.private("payload-previous")},
		"current":  map[string]any{"id": c.private("payload-id"), "title": c.private("payload-current"), c.private("payload-name"): 1},
	}).json(t, http.StatusAccepted)["id"].(string)
}

// TestNoCanaryIsFound runs all that Godwit does with canaries as its secrets,
// URLs and payloads, and looks for them where they must not be.
func TestNoCanaryIsFound(t *testing.T) {
	c := startCanaryRun(t)
	known := c.deliverAll(t)
	c.failAndRecover(t)
	c.useKeys(t)
	c.makeErrors(t)

	database := c.p.env["GODWIT_DATABASE_URL"]
	metrics := c.metrics(t)
	c.p.stop(t)
	godwit := dump(t, database)
	require.Empty(t, c.never.in(godwit), "in Godwit's database")
	all := canaries{}
	for _, some := range []canaries{c.never, c.own} {
		for name, canary := range some {
			all[name] = canary
		}
	}
	temporal := append(dump(t, shared.postgres.URL("temporal")), dump(t, shared.postgres.URL("temporal_visibility"))...)
	require.Empty(t, all.in(temporal), "in Temporal's databases")
	require.Empty(t, all.in([]byte(c.p.output.String())), "in the log")
	require.Empty(t, all.in(metrics), "in the metrics")
	require.Empty(t, all.in(shared.logs(t)), "in the logs of Temporal and Postgres")

	// What is looked for would have been found.
	for name, text := range map[string][]byte{"Godwit's database": godwit, "Temporal's": temporal, "the log": []byte(c.p.output.String())} {
		require.NotEmpty(t, known.in(text), "%s is not what was looked through", name)
	}
	for name := range c.own {
		require.Contains(t, c.own.in(godwit), name, "it was never used")
	}
}

// deliverAll has everything delivered, in every way and format, and gives ids
// that must be found everywhere.
func (c *canaryRun) deliverAll(t *testing.T) canaries {
	r := newReceiver(t, nil)
	w := c.subscribe(t, "good", r.URL, nil)
	c.subscribe(t, "blue", r.URL, map[string]any{"payload_format": "blue"})
	c.subscribe(t, "keyed", r.URL, map[string]any{"signature": "ed25519", "payload_format": "cloudevents"})
	combination := map[string]any{"all_of": []any{part("TODO_CREATED"), part("TODO_DELETED")}, "within": "10m", "same": "current.id", "projects": []string{c.prefix + "p"}}
	c.subscribe(t, "combining", r.URL, map[string]any{"rules": []any{combination}})
	for range 2 {
		c.keepSecret(t, "good", c.rotate(t, w, nil))
	}
	c.send(t, http.MethodPatch, "/v1/webhooks/"+w["id"].(string), map[string]any{"headers": map[string]any{"X-New": c.secret("patched-header")}}).json(t, http.StatusOK)
	c.publish(t, "TODO_CREATED")
	c.publish(t, "TODO_DELETED")
	r.wait(t, 7)
	c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/test",
		map[string]any{"type": "TODO_CREATED", "current": map[string]any{"id": c.private("test-payload")}}).json(t, http.StatusAccepted)
	r.wait(t, 8)
	for _, got := range r.all() {
		require.Contains(t, string(got.body), c.mark)
	}
	list := c.get(t, "/v1/deliveries?webhook_id="+w["id"].(string))["data"].([]any)
	delivery := list[0].(map[string]any)["id"].(string)
	shown := c.send(t, http.MethodGet, "/v1/deliveries/"+delivery, nil)
	require.Empty(t, c.never.in(shown.raw), "an attempt shows a secret")
	return canaries{"webhook": []byte(w["id"].(string)), "delivery": []byte(delivery)}
}

// failAndRecover has a webhook fail, be deactivated, recover and be sent all of
// it again, and others fail in ways whose errors name addresses.
func (c *canaryRun) failAndRecover(t *testing.T) {
	down := newPatient(t, false)
	w := c.subscribe(t, "down", down.URL, nil)
	gone := newReceiver(t, func(int, request) int { return http.StatusGone })
	c.subscribe(t, "gone", gone.URL, nil)
	c.subscribe(t, "closed", "http://127.0.0.1:1", nil)
	c.subscribe(t, "no-tls", strings.Replace(gone.URL, "http:", "https:", 1), nil)
	c.subscribe(t, "no-name", "http://nowhere.invalid", nil)
	c.publish(t, "TODO_CREATED")
	path := "/v1/webhooks/" + w["id"].(string)
	c.becomes(t, w, disabledBy("health"))
	refused := c.send(t, http.MethodPost, path+"/enable", nil)
	require.Equal(t, http.StatusConflict, refused.status)
	require.Empty(t, c.never.in(refused.raw))
	down.up.Store(true)
	c.becomes(t, w, func(w map[string]any) bool { return w["status"] == "HEALTHY" })
	got := c.send(t, http.MethodPost, path+"/redeliver", map[string]any{"since": "2026-01-01T00:00:00Z"}).json(t, http.StatusAccepted)
	c.finished(t, path+"/redeliveries/"+got["redelivery_id"].(string))
	database := c.p.env["GODWIT_DATABASE_URL"]
	eventually(t, func() (bool, string) {
		return query(t, database, `SELECT count(*) FROM notices WHERE tries > 0`) > 0, "no mail was tried"
	})
}

func (c *canaryRun) finished(t *testing.T, path string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		got := c.get(t, path)
		return got["status"] == "completed", fmt.Sprint(got)
	})
}

// useKeys makes API keys and calls with them, and with some that are none.
func (c *canaryRun) useKeys(t *testing.T) {
	for _, fields := range []map[string]any{
		{"name": "a", "role": "admin"}, {"name": "p", "role": "publisher"}, {"name": "u", "role": "user", "user_id": c.prefix + "u"},
	} {
		key, _ := c.newKey(t, fields)
		c.hide("key "+fields["name"].(string), key[strings.LastIndex(key, "_")+1:])
		c.as(key, c.p).send(t, http.MethodGet, "/v1/webhooks", nil)
		c.as(key+"x", c.p).send(t, http.MethodGet, "/v1/webhooks", nil).json(t, http.StatusUnauthorized)
	}
	c.as(c.secret("wrong-key"), c.p).send(t, http.MethodGet, "/v1/webhooks", nil).json(t, http.StatusUnauthorized)
	for range 2 { // the second answer is the kept one
		req, err := http.NewRequest(http.MethodPost, c.base+"/v1/webhooks", strings.NewReader(fmt.Sprintf(
			`{"owner_id":"%su","name":"once","url":"http://127.0.0.1:1/","headers":{"X-Once":%q},"rules":[{"events":["LIST_*"]}]}`, c.prefix, c.secret("once-header"))))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+c.key)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "canary")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		c.keepSecret(t, "once", reply{resp.StatusCode, resp.Header, raw}.json(t, http.StatusCreated))
	}
}

// makeErrors sends what is refused, with canaries in it, and makes Godwit itself
// fail over a webhook.
func (c *canaryRun) makeErrors(t *testing.T) {
	webhook := func(url, header string) []byte {
		return []byte(fmt.Sprintf(`{"owner_id":"%su","name":"n","url":%q,"rules":[{"events":["TODO_*"]}],"headers":{"X-A":%q},"%s":1}`,
			c.prefix, url, header, c.secret("unknown-field")))
	}
	for _, body := range [][]byte{
		webhook("http://u:"+c.secret("userinfo")+"@127.0.0.1/", "a"), webhook("http://127.0.0.1/"+c.secret("refused-path")+"#x", "a"),
		webhook("gopher://"+c.secret("refused-host")+"/", c.secret("refused-header")+"\n"), []byte(`{"url":"` + c.secret("malformed")),
	} {
		require.GreaterOrEqual(t, c.send(t, http.MethodPost, "/v1/webhooks", body).status, 400)
		require.GreaterOrEqual(t, c.send(t, http.MethodPost, "/v1/events", body).status, 400)
		require.GreaterOrEqual(t, c.send(t, http.MethodPost, "/v1/events/batch", body).status, 400)
	}
	require.GreaterOrEqual(t, c.send(t, http.MethodGet, "/v1/webhooks/unknown?token="+c.secret("query"), nil).status, 400)

	r := newReceiver(t, nil)
	broken := c.subscribe(t, "broken", r.URL, nil)["id"].(string)
	swap := `WITH s AS (UPDATE webhooks w SET secret = o.secret FROM webhooks o WHERE w.id = '%s' AND o.name = 'good' RETURNING w.id) SELECT count(*) FROM s`
	require.Equal(t, 1, query(t, c.p.env["GODWIT_DATABASE_URL"], fmt.Sprintf(swap, broken)))
	c.publish(t, "TODO_CREATED")
	shown := c.send(t, http.MethodGet, "/v1/webhooks/"+broken, nil)
	require.Equal(t, http.StatusOK, shown.status)
	require.Contains(t, string(shown.raw), `"unreadable":`)
	eventually(t, func() (bool, string) {
		failed := c.send(t, http.MethodGet, "/v1/deliveries?status=failed&webhook_id="+broken, nil)
		return strings.Contains(string(failed.raw), `"reason":"internal"`), string(failed.raw)
	})
}

func (c *canaryRun) metrics(t *testing.T) []byte {
	resp, err := http.Get(c.p.opsURL() + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "godwit_")
	return text
}

// logs is what the servers that the tests share have written.
func (s *stack) logs(t testing.TB) []byte {
	t.Helper()
	text := []byte(s.standalone.output.String())
	files := 0
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" {
			return err
		}
		content, err := os.ReadFile(path)
		text = append(text, content...)
		files++
		return err
	}))
	require.GreaterOrEqual(t, files, 2)
	return text
}
