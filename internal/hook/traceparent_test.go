package hook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestTraceParent_TakesWhatTheStandardDoes(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for header, taken := range map[string]bool{
		good: true, strings.Replace(good, "-01", "-00", 1): true,
		"": false, "x": false, good + "-more": false, good + "\n": false, strings.ToUpper(good): false, "ff" + good[2:]: false, "01" + good[2:]: false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": false, "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": false,
		"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01": false, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\x00-01": false,
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": false, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0é"[:55]: false,
	} {
		want := ""
		if taken {
			want = header
		}
		require.Equal(t, want, hook.TraceParent(header), "%q", header)
	}
}

func TestHostOf_ShowsNothingElse(t *testing.T) {
	for raw, want := range map[string]string{
		"https://hooks.example.com/in/secret?token=canary": "hooks.example.com", "http://127.0.0.1:8080/x": "127.0.0.1:8080",
		"https://user:canary@hooks.example.com/": "hooks.example.com", "": "", "https://[::1]:9/": "[::1]:9", "://canary": "",
	} {
		require.Equal(t, want, hook.HostOf(raw), raw)
	}
}
