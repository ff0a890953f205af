package eventschema_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFormats_OfRealPayloads has values that receivers send, beside the official
// suite: a format must refuse none of these, and take none of the others.
func TestFormats_OfRealPayloads(t *testing.T) {
	for format, values := range map[string]struct{ right, wrong []string }{
		"uri-template": {
			[]string{
				"https://api.example.com/repos/o/r/keys{/key_id}", "https://api.example.com/repos/o/r/branches{/branch}", "/repos/o/r/compare/{base}...{head}",
				"https://api.example.com/repos/o/r/git/refs{/sha}", "https://uploads.example.com/assets{?name,label}", "{#section}", "{+path}/here", "{&more*}", "{;v:1000}",
				"{var:3}", "{a.b}", "{%20x}", "{=reserved}", "it's", "", "https://example.com/ü", "50%25",
			},
			[]string{"{}", "{a", "a}", "{{a}}", "{a,}", "{a,,b}", "{a..b}", "{a:0}", "{a:10000}", "{a b}", "a b", `a"b`, "<a>", "{-x}", "50%", "{var=def}"},
		},
		"uri": {
			[]string{"https://example.com", "http://[::1]:8080/a?b#c", "http://[V1.fe]", "urn:isbn:0451450523", "mailto:una@example.com", "gid://shop/Product/1", "a:", "http://a//b", "file:///etc/x", "http://u:p@h:/", "data:,x%20y"},
			[]string{"", "//example.com", "/path", "example.com", "http://a b", `http://a\b`, "http://a/{b}", "http://a/|", "http://[::1", "http://[]/", "http://[1.2.3.4]", "http://a/%zz", "http://a/ü", "1a:b", ":a", "http://a@b@c/"},
		},
		"iri":           {[]string{"https://example.com/ü?名=前#部", "http://例え.テスト/"}, []string{"/ü", "http://a b/ü"}},
		"uri-reference": {[]string{"", "#a", "?a", "a/b:c", "//h/p", "../x", "."}, []string{`\x`, "a b", "1:2", ":", "#a#b", "/[::1]", "ü"}},
		"iri-reference": {[]string{"ü", "#ü"}, []string{`ü\x`}},
		"duration":      {[]string{"P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P4W", "PT0S", "P1M", "PT36H"}, []string{"P", "PT", "P1Y2D", "PT1H2S", "1D", "P1W1D", "P1DT", "P-1D", "PT1.5S", "p1d", "P٢Y"}},
		"email":         {[]string{"una@example.com", `"a b"@example.com`, `"a\"b"@example.com`, "o'brien+x@a.b", "x@[127.0.0.1]", "x@[IPv6:::1]"}, []string{"@example.com", "una@", "a..b@c", ".a@b", "una", "a b@c", "x@[1.2.3]", "x@-a.b"}},
		"hostname":      {[]string{"example.com", "r3---sn-x.example.com", "xn--nxasmq6b", "1.2.3.4", "a"}, []string{"", ".", "a.", "-a", "a-", "a_b", "a..b", "ü.de"}},
		"ipv4":          {[]string{"127.0.0.1", "0.0.0.0"}, []string{"+1.2.3.4", "1.2.3", "01.2.3.4", "256.1.1.1", "::1"}},
		"ipv6":          {[]string{"::1", "fe80::1", "::ffff:1.2.3.4"}, []string{"fe80::1%eth0", "1.2.3.4", ":::", "12345::"}},
		"date-time":     {[]string{"2026-05-04t09:30:00z", "2016-12-31T23:59:60Z"}, []string{"2026-05-04T09:30:00+24:00", "2026-05-04T1:00:33Z", "2026-05-04T09:30:33,5Z", "1998-12-30T23:59:60Z"}},
		"time":          {[]string{"23:59:60Z", "08:30:06.283185z", "01:29:60+01:30"}, []string{"23:59:60+01:00", "8:30:06Z", "08:30:06", "08:30:06+24:00"}},
		"date":          {[]string{"2024-02-29"}, []string{"2026-02-29", "2026-2-1", "20260504"}},
	} {
		schema := compile(t, fmt.Sprintf(`{"properties":{"v":{"format":%q}}}`, format))
		check := func(value string) []string {
			state, err := json.Marshal(map[string]string{"v": value})
			require.NoError(t, err)
			return lines(schema.Check(context.Background(), "/current", state))
		}
		for _, value := range values.right {
			require.Empty(t, check(value), "%s %q", format, value)
		}
		for _, value := range values.wrong {
			require.Len(t, check(value), 1, "%s %q", format, value)
		}
	}
}

// TestCheck_EndsWithItsContext: nothing is taken for checked that was not.
func TestCheck_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := lines(compile(t, hostile()["recursive anyOf"][0]).Check(ctx, "/current", json.RawMessage(hostile()["recursive anyOf"][1])))
	require.Equal(t, []string{"/current could not be checked in time; send it again"}, got)
}
