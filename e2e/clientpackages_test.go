package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/client"
)

// lossy leads to an API, and loses every other answer after the request was carried out.
func lossy(t *testing.T, to string) string {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	var answers atomic.Int64
	s := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(*http.Response) error {
			if answers.Add(1)%2 == 1 {
				return errors.New("lost")
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(s.Close)
	return s.URL
}

// TestClientPackages runs the examples of client/, and the tests of clients/typescript
// against a Godwit of which every other answer is lost.
func TestClientPackages(t *testing.T) {
	w := newWorkshop(t)
	t.Run("go", func(t *testing.T) {
		w.run(t, "../client", "go", "test", "-count=1", "-vet=off", "-run", "^Example", ".")
	})
	t.Run("typescript", func(t *testing.T) {
		const dir = "../clients/typescript"
		require.DirExists(t, dir+"/node_modules", "run `make clients/typescript/node_modules` first")
		bin, err := filepath.Abs(dir + "/node_modules/.bin")
		require.NoError(t, err)
		w.run(t, dir, filepath.Join(bin, "tsc"))
		w.run(t, dir, filepath.Join(bin, "tsc"), "-p", "tsconfig.check.json")
		w.env = append(w.env, "GODWIT_URL="+lossy(t, w.base))
		w.run(t, dir, "node", "--test", "test/")
	})
}

// TestClientPackages_GuideRuns runs what docs/clients.md shows, in both languages.
func TestClientPackages_GuideRuns(t *testing.T) {
	w := newWorkshop(t)
	w.env = append(w.env, "GODWIT_KEY="+w.value("GODWIT_USER_KEY"))
	page, err := os.ReadFile("../docs/clients.md")
	require.NoError(t, err)
	block := func(language string) string {
		m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
		require.NotNil(t, m, language)
		return strings.NewReplacer("http://127.0.0.1:8080", w.base, "http://127.0.0.1:3000/hook", w.receiver.URL).Replace(string(m[1]))
	}
	program := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(program, []byte("package main\n\nimport (\n\"context\"\n\"fmt\"\n\"os\"\n\n\"godwit/client\"\n)\n\nfunc main() {\nctx := context.Background()\n"+
		block("go")+"\nfmt.Println(webhook.ID, err)\n}\n"), 0o600))
	require.Regexp(t, `^wh_\w+ <nil>\n$`, string(w.run(t, "..", "go", "run", program)))

	const dir = "../clients/typescript" // whose name the program imports
	require.DirExists(t, dir+"/node_modules", "run `make clients/typescript/node_modules` first")
	bin, err := filepath.Abs(dir + "/node_modules/.bin")
	require.NoError(t, err)
	guide := dir + "/test/guide.mjs"
	require.NoError(t, os.WriteFile(guide, []byte(block("ts")+"console.log(webhook.id);\n"), 0o600))
	t.Cleanup(func() { _ = os.Remove(guide) })
	w.run(t, dir, filepath.Join(bin, "tsc"))
	w.run(t, dir, filepath.Join(bin, "tsc"), "-p", "tsconfig.check.json")
	require.Regexp(t, `^wh_\w+\n$`, string(w.run(t, dir, "node", "test/guide.mjs")))
}

// TestClientPackages_DoNothingTwice: what the Go client sends again because its answer was
// lost is carried out once.
func TestClientPackages_DoNothingTwice(t *testing.T) {
	w := newWorkshop(t)
	c := client.New(lossy(t, w.base), w.value("GODWIT_USER_KEY"))
	publisher := client.New(c.URL, w.value("GODWIT_PUBLISHER_KEY"))
	for _, one := range []*client.Client{c, publisher} {
		// Go itself repeats some requests on a connection that was used before.
		one.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	received := make(chan error, 10)
	var secret atomic.Value
	to := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, err := client.Receive(r, secret.Load().(string))
		var wrong *client.VerifyError
		if err == nil && (!errors.As(client.Verify(r.Header, append(body, ' '), secret.Load().(string)), &wrong) || wrong.Code != "body_changed") {
			err = errors.New("a changed body was taken")
		}
		received <- err
	}))
	t.Cleanup(to.Close)

	made, err := c.CreateWebhook(t.Context(), client.WebhookForm{Name: "one", URL: to.URL, Rules: []client.RuleForm{{Events: []string{"TODO_CREATED"}}}})
	require.NoError(t, err)
	secret.Store(*made.Secret)
	listed, err := c.ListWebhooks(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, listed.Data, 1)

	published, err := publisher.Publish(t.Context(), client.EventForm{Type: "TODO_CREATED", ProjectID: w.prefix + "p", Current: map[string]any{"n": 1}})
	require.NoError(t, err)
	require.True(t, published.Duplicate, "it was sent twice")
	require.NoError(t, <-received)
	deliveries, err := c.ListDeliveries(t.Context(), &client.ListDeliveriesParams{EventID: &published.ID})
	require.NoError(t, err)
	require.Len(t, deliveries.Data, 1)

	events := make([]client.EventForm, 501)
	for i := range events {
		events[i] = client.EventForm{Type: "TODO_MOVED", ProjectID: w.prefix + "p", Current: map[string]any{"n": i}}
	}
	results, err := publisher.PublishAll(t.Context(), events)
	require.NoError(t, err)
	require.Len(t, results, len(events))
	seen := map[string]bool{}
	for _, result := range results {
		require.Nil(t, result.Error)
		seen[*result.ID] = true
	}
	require.Len(t, seen, len(events))

	require.NoError(t, c.DeleteWebhook(t.Context(), made.ID, nil), "the first answer was lost, the second says that it is gone")
	_, err = c.GetWebhook(t.Context(), "wh_00000000000000000000000000")
	require.True(t, client.IsCode(err, client.ProblemCodeNotFound), err)
	require.ErrorContains(t, err, "request id")
}
