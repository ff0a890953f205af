package send

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// recorded gives the request as it went over the wire.
func recorded(t *testing.T, change func(*Message)) (wire string, result hook.Result) {
	var text bytes.Buffer
	done := make(chan struct{})
	r := listen(t, func(c net.Conn) {
		defer close(done)
		req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &text)))
		if err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	m := message(r.url)
	change(&m)
	result = attempt(t, newSender(t, Options{}), m)
	<-done
	return text.String(), result
}

func TestHeadersOnTheWire(t *testing.T) {
	before := time.Now().Unix()
	wire, result := recorded(t, func(m *Message) {
		m.Webhook.Headers = map[string]string{"Authorization": "Bearer s3cret", "x-api-key": "k3y"}
	})
	after := time.Now().Unix()
	require.Equal(t, hook.Success, result.Outcome)

	head, body, _ := strings.Cut(wire, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	require.Equal(t, "POST /hook HTTP/1.1", lines[0])
	got := map[string]string{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		got[name] = value
	}
	unix, err := strconv.ParseInt(got["webhook-timestamp"], 10, 64)
	require.NoError(t, err)
	require.GreaterOrEqual(t, unix, before)
	require.LessOrEqual(t, unix, after)
	sig, err := sign([]string{testSecret}, "evt_1", time.Unix(unix, 0), []byte(body))
	require.NoError(t, err)

	host := strings.TrimSuffix(strings.TrimPrefix(result.URL, "http://"), "/hook")
	// All of it: nothing that net/http would add by itself, Accept-Encoding above all.
	require.Equal(t, map[string]string{
		"Host":              host,
		"Content-Length":    strconv.Itoa(len(body)),
		"Content-Type":      "application/json",
		"Accept":            "*/*",
		"User-Agent":        "Godwit/1.2.3",
		"webhook-id":        "evt_1",
		"webhook-timestamp": got["webhook-timestamp"],
		"webhook-signature": sig.standard,
		"X-Signature":       sig.plain,
		"Godwit-Event":      "TODO_CREATED",
		"Godwit-Webhook":    "wh_1",
		"Godwit-Delivery":   "dlv_1",
		"Godwit-Attempt":    "2", "Godwit-Sequence": "42",
		"Authorization": "Bearer s3cret",
		"x-api-key":     "k3y",
	}, got)

	require.Equal(t, []hook.Header{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "Accept", Value: "*/*"},
		{Name: "User-Agent", Value: "Godwit/1.2.3"},
		{Name: "webhook-id", Value: "evt_1"},
		{Name: "webhook-timestamp", Value: got["webhook-timestamp"]},
		{Name: "webhook-signature", Value: sig.standard},
		{Name: "X-Signature", Value: sig.plain},
		{Name: "Godwit-Event", Value: "TODO_CREATED"},
		{Name: "Godwit-Webhook", Value: "wh_1"},
		{Name: "Godwit-Delivery", Value: "dlv_1"},
		{Name: "Godwit-Attempt", Value: "2"},
		{Name: "Godwit-Sequence", Value: "42"},
		{Name: "Authorization", Value: "[hidden]"},
		{Name: "x-api-key", Value: "[hidden]"},
	}, result.RequestHeaders)
}

func TestReservedHeadersOfAStoredWebhookAreDropped(t *testing.T) {
	wire, result := recorded(t, func(m *Message) {
		m.Webhook.Headers = map[string]string{
			"idempotency-key": "1", "WEBHOOK-ID": "forged", "host": "forged", "Connection": "close", "X-Fine": "yes",
		}
	})
	require.Equal(t, hook.Success, result.Outcome)
	require.NotContains(t, wire, "forged")
	require.NotContains(t, strings.ToLower(wire), "idempotency-key")
	require.NotContains(t, wire, "Connection")
	require.Contains(t, wire, "X-Fine: yes\r\n")
	require.Len(t, result.RequestHeaders, 13)
}

// A value that net/http refuses is our fault, since CheckHeader let it in.
func TestHeaderThatCannotBeSentIsInternal(t *testing.T) {
	r := listen(t, hang)
	m := message(r.url)
	m.Webhook.Headers = map[string]string{"X-Bad": "a\r\nb"}
	result := attempt(t, newSender(t, Options{}), m)
	require.Equal(t, hook.ReasonInternal, result.Reason)
	require.Zero(t, r.connections())
}
