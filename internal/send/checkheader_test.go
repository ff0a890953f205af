package send

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestCheckHeader(t *testing.T) {
	tests := []struct {
		name, value string
		ok          bool
	}{
		{"Authorization", "Bearer abc", true},
		{"X-Api-Key", "", true},
		{"x", "a\tb  c ~!", true},
		{"Cookie", "a=b", true},
		{"!#$%&'*+-.^_`|~09azAZ", "v", true},
		{"X-Long", strings.Repeat("a", 8<<10-6), true},
		{"X-Long", strings.Repeat("a", 8<<10-5), false},

		{"", "v", false},
		{"X Y", "v", false},
		{"X:Y", "v", false},
		{"X\r\nY", "v", false},
		{"Grüße", "v", false},
		{":path", "v", false},
		{"X\x00", "v", false},
		{"X(1)", "v", false},

		{"X", "a\r\nb", false},
		{"X", "a\nb", false},
		{"X", "a\rb", false},
		{"X", "a\x00b", false},
		{"X", "a\x7fb", false},
		{"X", "grün", false},
		{"X", "\xff", false},
		{"X", " a", false},
		{"X", "a ", false},
		{"X", "\ta", false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%.40q %.20q", tt.name, tt.value), func(t *testing.T) {
			err := CheckHeader(tt.name, tt.value)
			require.Equal(t, tt.ok, err == nil, "%v", err)
			if err != nil {
				require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
			}
		})
	}
}

func TestCheckHeaderReserves(t *testing.T) {
	for _, name := range []string{
		"Content-Type", "Accept", "User-Agent", "X-Signature", "webhook-id", "webhook-timestamp", "webhook-signature", "webhook-new",
		"Godwit-Event", "Godwit-Webhook", "Godwit-Delivery", "Godwit-Attempt", "Godwit-New",
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "HTTP2-Settings", "TE", "Trailer", "Expect",
		"Proxy-Authorization", "Proxy-Connection", "Accept-Encoding", "Idempotency-Key", "X-Idempotency-Key",
	} {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			require.Error(t, CheckHeader(spelled, "v"), spelled)
		}
	}
}

func TestCheckHeaders(t *testing.T) {
	require.NoError(t, CheckHeaders(nil))
	many := map[string]string{}
	for i := range MaxHeaders {
		many[fmt.Sprintf("X-%d", i)] = "v"
	}
	require.NoError(t, CheckHeaders(many))
	many["X-More"] = "v"
	require.ErrorContains(t, CheckHeaders(many), "at most 32 headers")

	err := CheckHeaders(map[string]string{"X-Fine": "v", "Host": "s3cret", "a~/b": "s3cret", "X-A": "1", "x-a": "2"})
	var invalid *hook.Error
	require.ErrorAs(t, err, &invalid)
	require.NotContains(t, err.Error(), "s3cret")
	var pointers []string
	for _, f := range invalid.Fields {
		pointers = append(pointers, f.Pointer)
		require.NotContains(t, f.Detail, "s3cret")
	}
	require.Equal(t, []string{"/headers/Host", "/headers/a~0~1b", "/headers/x-a"}, pointers)
}
