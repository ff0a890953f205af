package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestQuery_NothingIsDroppedInSilence: a filter that is not understood is an error.
func TestQuery_NothingIsDroppedInSilence(t *testing.T) {
	c := newClient(t)
	for query, words := range map[string]string{
		"project_id=a&project_id=b":            "The query parameter project_id is given 2 times; give it once.",
		"status=failed&status=lost":            "The query parameter status",
		"status=failed,held":                   "The query parameter status",
		"reason=exhausted&reason=lost":         "The query parameter reason must be the reason of a delivery or of an attempt, such as exhausted or status_5xx.",
		"status_code=503&status_code=5XX":      "The query parameter status_code must be a status code of three digits, such as 503, or a class of them, such as 5xx.",
		"event_type=A&event_type=a%20b":        "The query parameter event_type must be the name of an event type",
		strings.Repeat("&status_code=503", 51): "The query parameter status_code",
		strings.Repeat("&reason=gone", 51):     "The query parameter reason",
		strings.Repeat("&event_type=A", 201):   "The query parameter event_type",
		strings.Repeat("&status=held", 7):      "The query parameter status",
		"limit=5&limit=5&limit=6":              "The query parameter limit is given 3 times; give it once.",
		"status=failed;limit=5":                "The query string holds a semicolon",
		"event_type=A%3BB;":                    "The query string holds a semicolon",
		"event_type=%zz":                       "The query string holds a percent sign",
		"stauts=failed":                        `There is no query parameter "stauts" here; there are cursor, event_id, event_type, kind, latest, limit, project_id, q, reason, redelivery_id, since, status, status_code, until, webhook_id.`,
		strings.Repeat("x", 500) + "=1":        "There is no query parameter \"" + strings.Repeat("x", 60) + "…\" here",
		"since=2026-01-01T00:00:00+02:00":      "The query parameter since must be a time by RFC 3339, such as 2026-05-04T09:30:00Z; in a URL the + of an offset is written %2B",
		"until=yesterday":                      "The query parameter until must be a time by RFC 3339",
		"since=2026-01-01T00:00:00%2B24:00":    "The query parameter since must be a time by RFC 3339",
		"limit=ten":                            "The query parameter limit must be a whole number",
		"limit=0":                              "The query parameter limit",
		"status=lost":                          "The query parameter status",
	} {
		problem := c.call("GET", "/v1/deliveries?"+query, "").is(422).json()
		require.Contains(t, problem["detail"], words, query)
		require.Len(t, problem["errors"], 1, query)
		fault := problem["errors"].([]any)[0].(map[string]any)
		require.Regexp(t, `^\?[a-z_]*`, fault["pointer"], query)
		require.NotEqual(t, "other", fault["code"], query)
		require.NotEmpty(t, fault["detail"], query)
		require.NotRegexp(t, goWords, problem["detail"], query)
	}
	for _, query := range []string{"since=2026-01-01T00:00:00%2B02:00", "since=2016-12-31t23:59:60z&until=2026-01-01T00:00:00Z", "event_type=A", "", "cursor=",
		"status=failed&status=held&status=failed", strings.Repeat("&event_type=A", 200), strings.Repeat("&status_code=5xx", 50), strings.Repeat("&reason=gone", 50)} {
		c.call("GET", "/v1/deliveries?"+query, "").is(200)
	}
	c.call("POST", "/v1/events?dry_run=1", goodEvent).is(422)
}

// TestQuery_NamesAllThatIsWrong: each parameter has a code and parameters beside the
// words, as the values of a body have.
func TestQuery_NamesAllThatIsWrong(t *testing.T) {
	c := newClient(t)
	for query, want := range map[string][]any{
		"limit=201&stauts=failed&since=now&status=lost&latest=1&project_id=a&project_id=b&nope=1": {
			"?latest", "not_a_choice", map[string]any{"expected": []any{"true"}},
			"?limit", "out_of_range", map[string]any{"min": 1.0, "max": 200.0},
			"?nope", "unknown_field", map[string]any{},
			"?project_id", "duplicate", map[string]any{},
			"?since", "wrong_form", map[string]any{"expected": "time"},
			"?status", "not_a_choice", map[string]any{"expected": []any{"pending", "retrying", "succeeded", "failed", "held", "cancelled"}},
			"?stauts", "unknown_field", map[string]any{},
		},
		"limit=ten&q=" + strings.Repeat("x", 129) + strings.Repeat("&status_code=503", 51): {
			"?limit", "wrong_type", map[string]any{"expected": "integer"},
			"?q", "too_long", map[string]any{"max": 128.0},
			"?status_code", "wrong_count", map[string]any{"min": 0.0, "max": 50.0},
		},
		"webhook_id=%20&event_type=a%20b&reason=lost&status_code=5": {
			"?event_type", "wrong_form", map[string]any{"expected": "event_type"},
			"?reason", "wrong_form", map[string]any{"expected": "reason"},
			"?status_code", "wrong_form", map[string]any{"expected": "status_code"},
			"?webhook_id", "wrong_form", map[string]any{"expected": "id"},
		},
		"a;b": {"?", "malformed", map[string]any{}},
	} {
		faults := c.call("GET", "/v1/deliveries?"+query, "").is(422).json()["errors"].([]any)
		slices.SortFunc(faults, func(a, b any) int {
			return strings.Compare(a.(map[string]any)["pointer"].(string), b.(map[string]any)["pointer"].(string))
		})
		var got []any
		for _, f := range faults {
			f := f.(map[string]any)
			got = append(got, f["pointer"], f["code"], f["params"])
		}
		require.Equal(t, want, got, query)
	}
	for path, pointer := range map[string]string{"/v1/companies/a%20b": "{id}", "/v1/event-types/a%20b": "{name}"} {
		problem := c.call("PUT", path, `{"name":"x"}`).is(422).json()
		require.Equal(t, pointer, problem["errors"].([]any)[0].(map[string]any)["pointer"])
	}
	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, "&x%d=1", i)
	}
	require.Len(t, c.call("GET", "/v1/deliveries?"+many.String(), "").is(422).json()["errors"], hook.MaxFaults+1)
}

// goWords are words of Go and of its libraries, which tell a caller nothing.
const goWords = `2006|Z07|types\.|interface|\bnil\b|strconv|reflect|jsontext|unmarshal|\bint64\b|\bstring to match\b|%!|runtime`

// anyRequestID may hold any digits.
var anyRequestID = regexp.MustCompile(`"request_id":"[^"]*"`)

// TestProblems_SpeakOfNoGo reads the words of every error about a malformed input.
func TestProblems_SpeakOfNoGo(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{
		``, `{`, `[]`, `1`, `null`, `"x"`, `{"a":nil}`, `{"a":1,}`, `{'a':1}`, `{"a":01}`, `{"a":1.}`, `{"a":NaN}`, `{"a":"\q"}`, `{"a":"\ud83d"}`, "{\"a\":\"\xff\"}", "\xef\xbb\xbf{}", `{"a":1}{}`, `{"a":1,"a":2}`,
		strings.Repeat(`{"a":`, 101), `{"id":7}`, `{"id":"a b"}`, `{"type":1,"project_id":1534233,"actor_id":true,"occurred_at":5,"current":[],"previous":"x"}`, `{"occurred_at":"2026-05-04T09:30:00+24:00"}`,
		`{"name":7,"url":{},"rules":{},"headers":[],"timeout_seconds":1.5,"enabled":"yes","metadata":1,"rate_limit_per_second":99999999999}`, `{"rules":[{"events":"x","filter":1}]}`, `{"events":[1,null,{}]}`, `{"events":{}}`,
		`{"group":1,"description":[],"schema":"x","example":3}`, `{"since":"x","until":7,"statuses":"failed"}`, `{"role":1,"name":null,"expires_at":"tomorrow"}`,
	} {
		for _, route := range []string{"POST /v1/events", "POST /v1/events/batch", "POST /v1/webhooks", "PATCH /v1/webhooks/wh_1", "POST /v1/webhooks/preview", "PUT /v1/event-types/T",
			"POST /v1/webhooks/wh_1/redeliver", "POST /v1/api-keys", "PUT /v1/companies/c1", "PUT /v1/users/u1"} {
			method, path, _ := strings.Cut(route, " ")
			words := anyRequestID.ReplaceAllString(c.call(method, path, body).Body.String(), "")
			require.NotRegexp(t, goWords, words, "%s %s", route, body)
		}
	}
	require.Contains(t, c.call("POST", "/v1/events", `{"type":"T","project_id":1534233,"current":{}}`).is(422).Body.String(), "must be a string, the id of a project")
	malformed := c.call("POST", "/v1/events", `{"type":"T","project_id":"p1","current":{"title":"\ud83d"}}`).is(400).json()
	require.Equal(t, "/current/title", at(malformed["errors"].([]any)[0], "pointer"))
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.String()
}

func TestBodies_MayBeCompressed(t *testing.T) {
	c := staged(t)
	put := func(body string, headers ...string) answerOf {
		return c.call("PUT", "/v1/companies/c1", body, headers...)
	}
	put(zipped(t, `{"name":"a"}`), "Content-Encoding", "gzip").is(200)
	put(zipped(t, `{"name":"b"}`), "Content-Encoding", "X-GZIP").is(200)
	put(`{"name":"c"}`, "Content-Encoding", "identity").is(200)
	for _, coding := range []string{"br", "deflate", "zstd", "gzip, gzip", "gzip, br"} {
		a := put(zipped(t, `{"name":"a"}`), "Content-Encoding", coding)
		a.problem(415, "unsupported_media_type")
		require.Equal(t, "gzip", a.Header().Get("Accept-Encoding"), coding)
		require.Contains(t, a.json()["detail"], "Content-Encoding")
	}
	whole := zipped(t, `{"name":"a"}`)
	for _, bad := range []string{`{"name":"a"}`, "", whole[:len(whole)-3], whole[:12] + "\xff\xff\xff\xff" + whole[16:]} {
		put(bad, "Content-Encoding", "gzip").problem(400, "malformed")
	}
	// A small body that becomes a large one is refused by its size when decoded.
	put(zipped(t, `{"name":"`+strings.Repeat("x", 50_000_000)+`"}`), "Content-Encoding", "gzip").problem(413, "too_large")
	// A keyed request reads its body twice, and decodes it once.
	key := []string{"Idempotency-Key", "k1", "Content-Encoding", "gzip"}
	c.call("POST", "/v1/events", zipped(t, goodEvent), key...).is(202)
}

// TestQuery_IsReadWholeEverywhere asks addresses that are no operations, too.
func TestQuery_IsReadWholeEverywhere(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/", "/docs", "/docs/style.css", "/openapi.json", "/portal", "/assets/none.js", "/v1/users", "/v1/session", "/nowhere"} {
		c.call("GET", path+"?a=1;b=2", "").problem(422, "invalid")
		c.call("GET", path+"?a=%zz", "").problem(422, "invalid")
	}
	c.call("POST", "/v1/session?x;y", `{"key":"`+testKey+`"}`).problem(422, "invalid")
	require.Zero(t, c.count("sessions"))
}
