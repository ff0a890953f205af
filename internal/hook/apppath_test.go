package hook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestValidAppPath_LeadsNowhereElse(t *testing.T) {
	for _, good := range []string{
		"/", "/webhooks", "/webhooks/wh_06f1v7q2m9s3k8d4h5j6n7p8r9/settings", "/deliveries?status=failed&since=2026-05-04T09:30:00Z", "/webhooks#rules",
		"/events/gid:%2F%2Fshop%2FProduct%2F1", "/events/a%7Cb", "/events/gid://shop", "/events/100%25", "/webhooks?q=//a", "/webhooks?q=%5C", "/events/..a", "/portals", "/sign-ins",
		"/" + strings.Repeat("a", hook.MaxAppPath-1),
	} {
		require.True(t, hook.ValidAppPath(good), good)
	}
	for _, bad := range []string{
		"", "webhooks", "?a=b", "#a", ".", "..", "./webhooks", " /webhooks", "/web hooks", "/webhooks ",
		"//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/a\\b",
		"https://evil.example", "HTTPS://evil.example", "https:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,a", "//evil.example@good.example",
		"/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r\n/evil.example", "/webhooks\r\nSet-Cookie: a=b", "/a\x00b", "/a\x7fb", "/\u2028", "/ä", "/\uff0fevil.example",
		"/%2f/evil.example", "/%2Fevil.example", "/%2fevil.example", "/%5Cevil.example", "/%5cevil.example", "/%09/evil.example", "/%0a/evil.example", "/a%0d%0ab", "/%00",
		"/%252Fevil.example", "/%25252Fevil.example", "/%255cevil.example", "/a%255cb", "%2F%2Fevil.example", "%2Fwebhooks",
		"/.", "/..", "/./", "/.//evil.example", "/..//evil.example", "/a/..//evil.example", "/a/%2e%2e//evil.example", "/%2e//evil.example", "/%252e%252e//evil.example", "/a/../b",
		"/sign-in", "/sign-in?next=/webhooks", "/sign-in/", "/portal", "/portal#ABC", "/portal?token=ABC", "/%70ortal", "/sign%2Din",
		"/%", "/%zz", "/" + strings.Repeat("a", hook.MaxAppPath),
	} {
		require.False(t, hook.ValidAppPath(bad), "%q", bad)
	}
}
