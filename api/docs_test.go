package api

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/api/reference"
)

func TestDocsNeedNoKeyAndNoOtherHost(t *testing.T) {
	c := newClient(t)
	require.Equal(t, "/docs", c.call("GET", "/", "", "Authorization", "").is(303).Header().Get("Location"))
	a := c.call("GET", "/docs", "", "Authorization", "").is(200)
	require.Contains(t, a.Header().Get("Content-Type"), "text/html")
	require.Equal(t, pagePolicy, a.Header().Get("Content-Security-Policy"))
	page := a.Body.String()
	for _, r := range (&server{}).routes() {
		require.Contains(t, page, r.method+" "+r.path)
	}
	for _, k := range access.Kinds() {
		require.Contains(t, page, `id="`+k.Code+`"`)
	}
	for _, foreign := range []string{"<script", "<style", " style=", " src=", `href="http`} {
		require.NotContains(t, page, foreign)
	}
	require.Contains(t, c.call("GET", "/docs/style.css", "", "Authorization", "").is(200).Header().Get("Content-Type"), "text/css")
}

func TestDocsServeTheGuides(t *testing.T) {
	c := newClient(t)
	for path, media := range map[string]string{
		"/docs/verify": reference.MediaPage, "/docs/people.pl": reference.MediaPage, "/docs/search?q=signature": reference.MediaPage, "/docs/verify.md": reference.MediaMarkdown,
		"/docs/img/webhooks.png": "image/png", "/llms.txt": reference.MediaText,
	} {
		a := c.call("GET", path, "", "Authorization", "").is(200)
		require.Equal(t, media, a.Header().Get("Content-Type"), path)
		tag := a.Header().Get("ETag")
		require.NotEmpty(t, tag, path)
		require.Empty(t, c.call("GET", path, "", "Authorization", "", "If-None-Match", tag).is(304).Body.String(), path)
		zipped := c.call("GET", path, "", "Authorization", "", "Accept-Encoding", "gzip").is(200)
		if media == "image/png" {
			require.Empty(t, zipped.Header().Get("Content-Encoding"))
			continue
		}
		plain, err := gzip.NewReader(zipped.Body)
		require.NoError(t, err, path)
		text, err := io.ReadAll(plain)
		require.NoError(t, err, path)
		require.Equal(t, a.Body.String(), string(text), path)
	}
	require.Contains(t, c.call("GET", "/docs/search?q=%3Cscript%3E", "", "Authorization", "").is(200).Body.String(), "&lt;script&gt;")
	for _, path := range []string{"/docs/none", "/docs/../go.mod", "/docs/docs.go", "/docs/page.html", "/docs/img/none.png", "/docs/verify.md.md"} {
		require.Equal(t, access.MediaProblem, c.call("GET", path, "", "Authorization", "").is(404).Header().Get("Content-Type"), path)
	}
}

// TestDocs_ASearchIsBounded: it needs no key, and reads all guides.
func TestDocs_ASearchIsBounded(t *testing.T) {
	c := newClient(t)
	found := 0
	search := func() *httptest.ResponseRecorder {
		return c.call("GET", "/docs/search?q=signature", "", "Authorization", "").ResponseRecorder
	}
	last := search()
	for ; last.Code == http.StatusOK && found < 10*docsSearches.Burst; last = search() { // more are allowed while it asks
		found++
	}
	require.Equal(t, http.StatusTooManyRequests, last.Code)
	require.NotEmpty(t, last.Header().Get("Retry-After"))
	require.GreaterOrEqual(t, found, docsSearches.Burst)
	c.call("GET", "/docs/verify", "", "Authorization", "").is(200)
}

func TestEveryAnswerHasThePosture(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/v1/companies", "/v1/companies/none", "/nowhere", "/openapi.json", "/docs", "/docs/style.css", "/"} {
		header := c.call("GET", path, "").Header()
		for name, value := range posture {
			if path == "/docs" && name == "Content-Security-Policy" {
				value = pagePolicy
			}
			if name == "Cache-Control" && (path == "/openapi.json" || strings.HasPrefix(path, "/docs")) {
				value = "no-cache" // the same for everybody: kept, and asked for again by its ETag
			}
			require.Equal(t, value, header.Get(name), "%s of %s", name, path)
		}
		require.Empty(t, header.Get("Strict-Transport-Security"))
	}
}

// TestDocsInABrowser opens the page in Chromium, all of whose requests go
// through a proxy that serves the API under its own name. What else a page
// asks for, here or elsewhere, its policy forbids, and Chromium complains.
func TestDocsInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	require.NoError(t, err, "make test installs it")
	c := newClient(t)
	var mu sync.Mutex
	asked := map[string]bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "godwit.test" { // the browser's own makers
			http.Error(w, "there is no other host", http.StatusBadGateway)
			return
		}
		mu.Lock()
		asked[r.URL.Path] = true
		mu.Unlock()
		c.handler.ServeHTTP(w, r)
	}))
	defer proxy.Close()

	command := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--user-data-dir="+t.TempDir(), "--proxy-server="+proxy.URL, "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--dump-dom", "http://godwit.test/docs")
	command.Env = append(os.Environ(), "HOME="+t.TempDir())
	command.WaitDelay = 10 * time.Second
	var complaints strings.Builder
	command.Stderr = &complaints
	page, err := command.Output()
	require.NoError(t, err, complaints.String())
	require.Contains(t, string(page), `id="create-webhook"`)
	require.Contains(t, string(page), "POST /v1/webhooks")
	require.NotContains(t, complaints.String(), "Content Security Policy")
	mu.Lock()
	defer mu.Unlock()
	delete(asked, "/favicon.ico")
	require.Equal(t, map[string]bool{"/docs": true, "/docs/style.css": true}, asked)
}
