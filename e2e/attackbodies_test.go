package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/e2e/attacks"
)

// bodyLimits are those of docs/limits.md, by operation; all others have smallBody.
var bodyLimits = map[string]int{
	"publish-event": 256 << 10, "create-webhook": 256 << 10, "put-webhook": 256 << 10, "patch-webhook": 256 << 10, "check-webhook": 256 << 10, "preview-rules": 256 << 10, "search-events": 256 << 10, "test-webhook": 256 << 10,
	"put-event-type": 128 << 10, "redeliver-deliveries": 64 << 10, "cancel-deliveries": 64 << 10, "publish-batch": 8 << 20,
	"open-listener": 256 << 10, "post-results": 256 << 10, "verify-request": 3 << 18,
}

const smallBody = 16 << 10

// mostTried bounds what is tried on the one endpoint that takes megabytes.
const mostTried = 1 << 20

// mostGrowth is how much more memory the worst bodies may take, many at once.
const mostGrowth = 256 << 20

// endpoint is an operation that takes a body.
type endpoint struct {
	id, method, path string
	limit            int
	field            string // a name that the body may have
}

// endpoints reads the OpenAPI document. Ids in paths are those of things that are
// there, or the body would not be looked at.
func (a *target) endpoints(t *testing.T) []endpoint {
	t.Helper()
	webhook := a.webhook(t, "https://receiver.invalid/", nil)["id"].(string)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(documentOf(t, a.base), &doc))
	ids := regexp.MustCompile(`\{\w+\}`)
	var out []endpoint
	for path, methods := range doc["paths"].(map[string]any) {
		for method, value := range methods.(map[string]any) {
			op := value.(map[string]any)
			body, ok := op["requestBody"].(map[string]any)
			if !ok {
				continue
			}
			id := op["operationId"].(string)
			ref := body["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)["$ref"].(string)
			form := doc["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
			name := "ATTACKED"
			if strings.HasPrefix(path, "/v1/webhooks/") {
				name = webhook
			}
			limit, known := bodyLimits[id]
			if !known {
				limit = smallBody
			}
			out = append(out, endpoint{id, strings.ToUpper(method), ids.ReplaceAllString(path, name), limit, worstField(form["properties"].(map[string]any))})
		}
	}
	slices.SortFunc(out, func(a, b endpoint) int { return strings.Compare(a.id, b.id) })
	require.Greater(t, len(out), 15, "the document lists what takes a body")
	return out
}

// worstField is the field that may hold most.
func worstField(properties map[string]any) string {
	for _, name := range []string{"rules", "events", "results", "current", "schema", "event_types", "metadata", "headers"} {
		if _, ok := properties[name]; ok {
			return name
		}
	}
	return slices.Min(slices.Collect(maps.Keys(properties)))
}

// bodies sends each endpoint the worst bodies of its limit. Every one is answered in
// time, and none by an error of ours.
func (a *target) bodies(t *testing.T) {
	endpoints, asked := a.endpoints(t), a.asked.Load()
	var slowest time.Duration
	for _, e := range endpoints {
		bodies := attacks.Bodies(min(e.limit, mostTried), e.field)
		for _, body := range bodies {
			began := time.Now()
			status, raw := a.try(t, e.method, e.path, body)
			slowest = max(slowest, time.Since(began))
			require.Less(t, status, http.StatusInternalServerError, "%s: %s: %s", e.id, body.Name, raw)
		}
		over := attacks.Body{Name: "one byte too many", Content: bytes.Repeat([]byte(" "), e.limit+1)}
		status, raw := a.try(t, e.method, e.path, over)
		require.Equal(t, http.StatusRequestEntityTooLarge, status, "%s: %s", e.id, raw)
	}
	t.Logf("attacks: bodies: %d endpoints, %d requests, all answered, the slowest in %s", len(endpoints), a.asked.Load()-asked, slowest.Round(time.Millisecond))
}

// heavy are the bodies that cost most memory, by name.
var heavy = []string{
	"unknown fields", "values below a known field", "a list of nothing", "a text of escapes", "1000 times as much, compressed",
}

// heaviestOf gives the bodies of an endpoint's limit that cost most memory or time.
func (a *target) heaviestOf(e endpoint) (out []attacks.Body) {
	for _, body := range attacks.Bodies(e.limit, e.field) {
		if slices.Contains(heavy, body.Name) {
			out = append(out, body)
		}
	}
	owned := fmt.Sprintf(`{"owner_id":%q,"rules":%s`, a.prefix+"u", attacks.Filters())
	switch e.id {
	case "put-event-type":
		out = append(out, attacks.Schemas(64<<10)...)
	case "create-webhook":
		out = append(out, attacks.Body{Name: "filters", Content: []byte(owned + `,"name":"W","url":"https://receiver.invalid/"}`)})
	case "preview-rules":
		out = append(out, attacks.Body{Name: "filters", Content: []byte(owned + `}`)})
	case "patch-webhook":
		out = append(out, attacks.Body{Name: "filters", Content: []byte(`{"rules":` + attacks.Filters() + `}`)})
	}
	return out
}

// heaviest sends each endpoint its heaviest bodies, 32 at once, with four keys: one has
// only a share of the memory.
func (a *target) heaviest(t *testing.T) {
	const many = 32
	endpoints := a.endpoints(t)
	keys := make([]string, 4)
	for i := range keys {
		keys[i] = a.send(t, http.MethodPost, "/v1/api-keys", map[string]any{"name": "attack", "role": "admin"}).json(t, http.StatusCreated)["key"].(string)
	}
	took, slowest := make([]time.Duration, many), time.Duration(0)
	before := a.memory(t, "VmRSS")
	require.NoError(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", a.cmd.Process.Pid), []byte("5"), 0o200), "forget the peak")
	asked := a.asked.Load()
	held := a.promise(t, endpoints, many)
	for _, e := range endpoints {
		for _, body := range a.heaviestOf(e) {
			busy := a.busy(t)
			atOnce(many, func(i int) {
				began := time.Now()
				a.tryHeavy(t, e, body, keys[i%len(keys)])
				took[i] = time.Since(began)
			})
			busy = a.busy(t) - busy
			require.Less(t, busy, crowdLimit, "%s: %s", e.id, body.Name)
			slowest = max(slowest, slices.Max(took))
			t.Logf("%s: %s: %s, %s of CPU, peak %d MiB", e.id, body.Name, slices.Max(took).Round(time.Millisecond), busy, (a.memory(t, "VmHWM")-before)>>20)
		}
	}
	grown := a.memory(t, "VmHWM") - before
	require.Less(t, grown, mostGrowth)
	t.Logf("attacks: memory: %d endpoints, %d requests, %d at once, beside %d that promise a body and send one byte: %d MiB more at most, the slowest answered in %s",
		len(endpoints), a.asked.Load()-asked, many, held, grown>>20, slowest.Round(time.Millisecond))
}

// tryHeavy is try for a body that may be refused before it has arrived: then the
// connection ends, perhaps while it is being sent.
func (a *target) tryHeavy(t *testing.T, e endpoint, body attacks.Body, key string) {
	req, err := http.NewRequest(e.method, a.base+e.path, bytes.NewReader(body.Content))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	if body.Encoding != "" {
		req.Header.Set("Content-Encoding", body.Encoding)
	}
	resp, err := a.client.Do(req)
	if len(body.Content) > 256<<10 && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		a.asked.Add(1)
		return
	}
	require.NoError(t, err, "%s: %s", e.id, body.Name)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err, "%s: %s", e.id, body.Name)
	a.asked.Add(1)
	require.True(t, resp.StatusCode < http.StatusInternalServerError || resp.StatusCode == http.StatusServiceUnavailable, "%s: %s: %d", e.id, body.Name, resp.StatusCode)
}

// promise opens connections that say how large their body is and send one byte of
// it, each endpoint n times. They stay until the test ends.
func (a *target) promise(t *testing.T, endpoints []endpoint, n int) (held int) {
	t.Helper()
	host := strings.TrimPrefix(a.base, "http://")
	for _, e := range endpoints {
		for range n {
			conn, err := net.DialTimeout("tcp", host, answerLimit)
			require.NoError(t, err)
			t.Cleanup(func() { conn.Close() })
			_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{",
				e.method, e.path, host, a.key, e.limit)
			require.NoError(t, err)
			held++
		}
	}
	return held
}

// busy is how much CPU time the process has had. Unlike the time that passes it does not
// grow with what else the machine does.
func (a *target) busy(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(t, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond // the kernel's clock has 100 ticks a second
}

// memory reads a figure of the process, in bytes.
func (a *target) memory(t *testing.T, figure string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	require.NoError(t, err)
	found := regexp.MustCompile(figure + `:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, found, figure)
	kib, err := json.Number(found[1]).Int64()
	require.NoError(t, err)
	return int(kib) << 10
}
