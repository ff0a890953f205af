package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpguts"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// numeric reads a host as the C library does (inet_aton): one to four parts,
// each decimal, octal or hexadecimal, the last one filling what is left.
func numeric(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 64)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		// Go knows 0b1, 0o1 and 1_0 besides.
		if err != nil || strings.ContainsAny(part[min(1, len(part)):], "_oO") || strings.ContainsAny(part[:min(2, len(part))], "bB") || n >= 1<<bits {
			return netip.Addr{}, false
		}
		sum = sum<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// inner are the ranges that matter most, said without the guard's own tables.
func inner(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	return !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() ||
		addr.Is6() && addr.As16()[0]>>5 != 1
}

// A URL that CheckURL lets in is kept in one form, is plain to its reader, and
// holds no address in disguise: what is dialled for it is what it says, and
// the guard lets nothing through that is not public.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range append(refusedHosts(), "example.com", "bücher.example:8443", "1::3:4", "8.8.8.8", "[2606:4700::1111]:8443", `a\@b`, "u:p@h", "h:25", "h:080", "0.0.0B0", "0.0.0o7", "1_0", "h?a#b") {
		f.Add("https://" + seed + "/a?b=c")
	}
	s := New(Options{})
	f.Cleanup(s.Close)
	s.dialer.Resolver.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no DNS here") }
	d := watch(s)
	d.nothingLeaves = true
	f.Fuzz(func(t *testing.T, raw string) {
		kept, err := CheckURL(raw, true)
		if err != nil {
			require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
			return
		}
		again, err := CheckURL(kept, true)
		require.NoError(t, err)
		require.Equal(t, kept, again)
		u, err := url.Parse(kept)
		require.NoError(t, err)
		host := u.Hostname()
		require.True(t, isASCII(kept) && host != "" && u.User == nil && u.Fragment == "" && !strings.ContainsAny(u.Host, "%\\ @"))
		if addr, ok := numeric(host); ok {
			require.Equal(t, addr.String(), host, "an address in disguise")
		}
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return
		}
		_, _ = s.dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(host, "8443"))
		let, refused := d.take()
		require.Positive(t, let+refused) // [::] stands for both kinds of loopback
		require.False(t, let > 0 && inner(addr), "%v was let through", addr)
		require.Equal(t, refused == 0, s.CheckHost(kept) == nil)
	})
}

// What CheckHeader lets in, net/http can send, and it takes nobody else's place.
func FuzzCheckHeader(f *testing.F) {
	f.Add("X-Api-Key", "v")
	f.Add("\xff/~", "\r\n\x00")
	f.Add("idempotency-KEY", "k")
	f.Add("webhook-id", " v")
	f.Fuzz(func(t *testing.T, name, value string) {
		if CheckHeader(name, value) != nil {
			return
		}
		require.True(t, httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value), "%q: %q", name, value)
		require.Equal(t, strings.TrimSpace(value), value)
		m := message("https://example.com/")
		own := len(m.sentNames())
		m.Webhook.Headers = map[string]string{name: value}
		require.Len(t, m.sentNames(), own+1)
	})
}

// sentNames are the names of a message's headers, as HTTP takes them for the same.
func (m Message) sentNames() map[string]bool {
	names := map[string]bool{"idempotency-key": true, "x-idempotency-key": true, "host": true, "content-length": true, "transfer-encoding": true}
	header, _ := m.headers(fixed{})
	for name := range header {
		names[strings.ToLower(name)] = true
	}
	return names
}

// Whatever JSON a producer sends, its receiver gets those very bytes: numbers
// as they were written and keys in their order, in every format.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{oddBytes, `{"b":1.10,"a":1e400,"a ":-0}`, `[9007199254740993, 0.1e-7]`, `"\u003c\ud83d\ude00\\u0000"`, ` null `, "true"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		if strict.Check(state) != nil || len(state) > 64<<10 || !json.Valid(state) {
			return
		}
		m := message("https://example.com/")
		m.Event.Current, m.Event.Previous = state, nil
		for format, path := range map[hook.PayloadFormat][]string{
			hook.FormatStandard: {"data", "current"}, hook.FormatCloudEvents: {"data", "current"}, hook.FormatBlue: {"currentValue"},
		} {
			m.Webhook.PayloadFormat = format
			_, body := m.body("")
			require.NoError(t, strict.Check(body))
			require.Equal(t, string(bytes.TrimSpace(state)), string(bytes.TrimSpace(below(t, body, path))))
		}
	})
}

// below gives the bytes at a path, as another JSON library reads them.
func below(t *testing.T, body []byte, path []string) json.RawMessage {
	for _, name := range path {
		var object map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &object))
		body = object[name]
	}
	return body
}
