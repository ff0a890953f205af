package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/e2e/attacks"
)

// answerLimit bounds the answer to anything that a stranger sends, on a machine that
// is busy with other tests; crowdLimit the processor time that many of the worst bodies
// at once take together, so that a machine with nothing else to do has answered by then.
const (
	answerLimit = 20 * time.Second
	crowdLimit  = 5 * time.Second
)

// target is a Godwit with the addresses that production permits, and without rate
// limits, so that every attack reaches what it is meant for.
type target struct {
	*stageClient
	*process
	client *http.Client
	// asked counts the requests that were answered as they should be.
	asked atomic.Int64
}

// TestAttacks tries the lists of package attacks on one server. Each prints what it
// counts; docs/security.md quotes that.
func TestAttacks(t *testing.T) {
	a := newTarget(t)
	t.Run("addresses", a.addresses)
	t.Run("names", a.names)
	t.Run("bodies", a.bodies)
	t.Run("memory", a.heaviest)
}

func newTarget(t *testing.T) *target {
	t.Helper()
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "attacks")
	delete(env, "GODWIT_EGRESS_ALLOW")
	env["GODWIT_MANAGEMENT_RATE"], env["GODWIT_PUBLISH_RATE"] = "0", "0"
	p := startServe(t, env)
	return &target{stageClient: newStage(t, p), process: p,
		client: &http.Client{Timeout: answerLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// try sends a request as it is and gives its answer; none in time fails the test.
func (a *target) try(t *testing.T, method, path string, body attacks.Body) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, a.base+path, bytes.NewReader(body.Content))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "application/json")
	if body.Encoding != "" {
		req.Header.Set("Content-Encoding", body.Encoding)
	}
	resp, err := a.client.Do(req)
	require.NoError(t, err, "%s %s: %s", method, path, body.Name)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%s %s: %s", method, path, body.Name)
	a.asked.Add(1)
	return resp.StatusCode, raw
}

// atOnce calls f n times at the same moment.
func atOnce(n int, f func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() { <-start; f(i) })
	}
	close(start)
	group.Wait()
}

// requireRefusedAt requires a 422 that names a field.
func requireRefusedAt(t *testing.T, pointer, what string, status int, raw []byte) {
	t.Helper()
	require.Equal(t, http.StatusUnprocessableEntity, status, "%s: %s", what, raw)
	var problem struct{ Errors []struct{ Pointer string } }
	require.NoError(t, json.Unmarshal(raw, &problem), what)
	require.NotEmpty(t, problem.Errors, what)
	require.Equal(t, pointer, problem.Errors[0].Pointer, what)
}

// addresses tries every spelling of every forbidden address where a URL can be set.
// None is kept.
func (a *target) addresses(t *testing.T) {
	urls := attacks.URLs()
	for i, host := range attacks.Hosts() {
		urls = append(urls, []string{"http://", "https://"}[i%2]+host+[]string{"/", ":8443/a?b=c", ""}[i%3])
	}
	kept := a.webhook(t, "https://receiver.invalid/", nil)["id"].(string)
	before, asked := a.get(t, "/v1/webhooks/"+kept), a.asked.Load()
	var next atomic.Int64
	atOnce(8, func(int) {
		for i := next.Add(1) - 1; i < int64(len(urls)); i = next.Add(1) - 1 {
			url := urls[i]
			form, err := json.Marshal(map[string]any{"owner_id": a.prefix + "u", "name": "n", "url": url, "rules": []any{map[string]any{"events": []string{"*"}}}})
			require.NoError(t, err)
			status, raw := a.try(t, http.MethodPost, "/v1/webhooks", attacks.Body{Name: url, Content: form})
			requireRefusedAt(t, "/url", url, status, raw)
			if i%4 != 0 { // the same judge
				continue
			}
			patch, err := json.Marshal(map[string]any{"url": url})
			require.NoError(t, err)
			status, raw = a.try(t, http.MethodPatch, "/v1/webhooks/"+kept, attacks.Body{Name: url, Content: patch})
			requireRefusedAt(t, "/url", url, status, raw)
		}
	})
	require.Equal(t, before, a.get(t, "/v1/webhooks/"+kept), "nothing has changed")
	require.Len(t, a.get(t, "/v1/webhooks")["data"], 1)
	t.Logf("attacks: addresses: %d URLs, %d requests, all refused", len(urls), a.asked.Load()-asked)
}

// names tries names that lead to this machine. What counts is that nothing arrives
// there, whatever the API answers.
func (a *target) names(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // where the names lead
	require.NoError(t, err)
	r := receiveOn(t, l, nil)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	names := []string{"localhost", "localhost.", "LOCALHOST", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ip6-localhost", "localhost.localdomain"}
	for _, name := range names {
		form, err := json.Marshal(map[string]any{"owner_id": a.prefix + "u", "name": "n", "url": "http://" + name + ":" + port, "rules": []any{map[string]any{"events": []string{"*"}}}})
		require.NoError(t, err)
		status, raw := a.try(t, http.MethodPost, "/v1/webhooks", attacks.Body{Name: name, Content: form})
		if status != http.StatusCreated {
			requireRefusedAt(t, "/url", name, status, raw)
			continue
		}
		var made map[string]any
		require.NoError(t, json.Unmarshal(raw, &made))
		sent := a.send(t, http.MethodPost, "/v1/webhooks/"+made["id"].(string)+"/test", nil).json(t, http.StatusAccepted)
		eventually(t, func() (bool, string) {
			d := a.get(t, "/v1/deliveries/"+sent["delivery_id"].(string))
			return len(d["attempts"].([]any)) > 0 && d["attempts"].([]any)[0].(map[string]any)["outcome"] == "failure", "no attempt has failed"
		})
	}
	require.Empty(t, r.all(), "nothing arrives")
	t.Logf("attacks: names: %d that lead here, nothing arrived", len(names))
}

// TestAttacks_Redirects has a permitted receiver send Godwit elsewhere.
func TestAttacks_Redirects(t *testing.T) {
	c := newStage(t, sharedStack(t).standalone)
	elsewhere := newReceiver(t, nil)
	statuses := []string{"300 Multiple Choices", "301 Moved Permanently", "302 Found", "303 See Other", "305 Use Proxy", "307 Temporary Redirect", "308 Permanent Redirect", "200 OK", "401 Unauthorized"}
	var hooks []string
	for _, status := range statuses {
		url := raw(t, closes("HTTP/1.1 "+status+"\r\nLocation: "+elsewhere.URL+"\r\nRefresh: 0; url="+elsewhere.URL+
			"\r\nContent-Location: "+elsewhere.URL+"\r\nAlt-Svc: h2=\""+elsewhere.URL[len("http://"):]+"\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
		hooks = append(hooks, c.webhook(t, url, nil)["id"].(string))
	}
	event := c.post(t)
	eventually(t, func() (bool, string) {
		list := c.get(t, "/v1/deliveries?status=succeeded&limit=200&event_id="+event)["data"].([]any)
		return len(list) == len(hooks), "not every delivery has ended" // each receiver is well after its first answer
	})
	require.Empty(t, elsewhere.all(), "nobody followed")
	t.Logf("attacks: redirects: %d answers, none followed", len(statuses))
}
