package web

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

var built = fstest.MapFS{
	"dist/index.html":       {Data: []byte(`<base href="%BASE%"><meta name="nonce" content="%NONCE%"><title>%NAME%</title><meta name="app" content="%APP%">`)},
	"dist/secret.txt":       {Data: []byte("not an asset")},
	"dist/assets/a-1.js":    {Data: []byte("plain")},
	"dist/assets/a-1.js.br": {Data: []byte("brotli")},
	"dist/assets/a-1.js.gz": {Data: []byte("gzip")},
	"dist/assets/b-1.css":   {Data: []byte("small")},
}

func TestAsset_ComesInTheSmallestEncodingThatIsAccepted(t *testing.T) {
	for _, tc := range []struct{ accept, encoding, content string }{
		{"", "", "plain"},
		{"gzip, deflate, br, zstd", "br", "brotli"},
		{"gzip", "gzip", "gzip"},
		{"GZIP;q=0.5", "gzip", "gzip"},
		{"br;q=0, gzip", "gzip", "gzip"},
		{"br;q=0.000,gzip;q=0", "", "plain"},
		{"br;q=nonsense", "", "plain"},
		{"brotli", "", "plain"},
	} {
		got, ok := asset(built, "a-1.js", tc.accept)
		require.True(t, ok, tc.accept)
		require.Equal(t, File{"text/javascript; charset=utf-8", tc.encoding, []byte(tc.content)}, got, tc.accept)
	}
	got, ok := asset(built, "/b-1.css", "br, gzip")
	require.True(t, ok)
	require.Equal(t, File{"text/css; charset=utf-8", "", []byte("small")}, got)
}

func TestAsset_IsNothingElse(t *testing.T) {
	for _, name := range []string{"", "none.js", "../secret.txt", "/../secret.txt", "a-1.js.br", "a-1.js.gz", "../index.html"} {
		_, ok := asset(built, name, "")
		require.False(t, ok, name)
	}
}

func TestPage(t *testing.T) {
	require.Equal(t, `<base href="/a&amp;b/"><meta name="nonce" content="n1"><title>A &lt;b&gt; &amp; %NONCE%</title><meta name="app" content="{&#34;name&#34;:&#34;&lt;&#34;}">`,
		string(page(built, Shown{Base: "/a&b/", Nonce: "n1", Name: "A <b> & %NONCE%", App: `{"name":"<"}`})))
	missing := string(page(fstest.MapFS{}, Shown{Base: "/base/", Nonce: "n1"}))
	require.Contains(t, missing, "make build")
	require.Contains(t, missing, `href="/base/docs"`)
	require.NotContains(t, missing, "%")
}

func TestPolicy_AllowsNothingInlineAndNoOtherHost(t *testing.T) {
	policy := Policy("n1", "")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "style-src 'self' 'nonce-n1';")
	for _, word := range []string{"unsafe", "http", "*", "eval"} {
		require.NotContains(t, policy, word)
	}
	require.NotEqual(t, Nonce(), Nonce())
	require.Contains(t, Policy("n1", "https://cdn.example.com:8443/a/logo.svg?x"), "img-src 'self' data: https://cdn.example.com:8443; font-src")
}
