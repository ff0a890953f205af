package send

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"godwit/internal/hook"
)

func TestCheckURLAccepts(t *testing.T) {
	for _, raw := range []string{
		"https://example.com",
		"https://example.com/",
		"https://example.com./a/b?c=d&e=%20",
		"https://example.com?x",
		"HTTPS://EXAMPLE.COM/A",
		"https://example.com:1/",
		"https://example.com:65535/",
		"https://xn--bcher-kva.example/",
		"https://under_score.example/",
		"https://localhost/",
		"https://a.0xg/",
		"https://192.0.2.1/",
		"https://127.0.0.1:8443/", // CheckHost judges addresses
		"https://[2606:4700::1111]:8443/",
		"https://[::ffff:192.0.2.1]/",
		"https://example.com/" + strings.Repeat("a", 2028),
	} {
		for _, allowHTTP := range []bool{false, true} {
			kept, err := CheckURL(raw, allowHTTP)
			require.NoError(t, err, raw)
			require.Equal(t, raw, kept)
		}
	}
	_, err := CheckURL("http://example.com/", true)
	require.NoError(t, err)
	_, err = CheckURL("http://example.com/", false)
	require.ErrorContains(t, err, "must start with https://")
}

// An international host is kept as DNS has it, and shown so: letters that look
// alike can be told apart.
func TestCheckURLKeepsInternationalHosts(t *testing.T) {
	for raw, want := range map[string]string{
		"https://bücher.example/":                          "https://xn--bcher-kva.example/",
		"https://BÜCHER.Example:8443/A?b=%C3":              "https://xn--bcher-kva.example:8443/A?b=%C3",
		"https://bücher。example":                           "https://xn--bcher-kva.example",
		"https://ｅｘａｍｐｌｅ.com?x=/ü":                         "",
		"https://ｅｘａｍｐｌｅ.com/":                             "https://example.com/",
		"https://pаypal.example/":                          "https://xn--pypal-4ve.example/", // a Cyrillic а
		"https://exam\u00adple.com/":                       "https://example.com/",
		"https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/":                               "https://localhost/", // CheckHost judges it
		"https://日本語.example./":                            "https://xn--wgv71a119e.example./",
		"https://ex／ample.com/":                            "", // a full-width slash
		"https://ex＠ample.com/":                            "",
		"https://example.com：25/":                          "",
		"https://bücher.example:25/":                       "",
		"https://ü@example.com/":                           "",
		"https://\u202eexample.com/":                       "",
		"https://" + strings.Repeat("ü", 64) + ".example/": "",
	} {
		kept, err := CheckURL(raw, false)
		require.Equal(t, want == "", err != nil, "%s: %v", raw, err)
		require.Equal(t, want, kept)
		if want != "" {
			again, err := CheckURL(kept, false)
			require.NoError(t, err)
			require.Equal(t, kept, again)
		}
	}
}

func TestCheckURLRefusesSpellings(t *testing.T) {
	requireRefused(t,
		"", "/relative", "//example.com/", "example.com/",
		"https:", "https:/x", "https:example.com", "https://", "https:///path", "https://:443/",
		"ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "unix:///run/docker.sock", "javascript:alert(1)",
		"https://user@example.com/", "https://user:pass@example.com/", "https://@example.com/",
		"https://example.com/#a", "https://example.com/#",
		"https://example.com:/", "https://example.com:0/", "https://example.com:65536/",
		"https://example.com:99999999999999999999/", "https://example.com:x/", "https://example.com:-1/",
		" https://example.com/", "https://example.com/ ", "https://example.com/a b",
		"https://example.com/\n", "https://example.com/\x00", "https://example.com/\x7f", "https://example.com/\xff",
		`https://example.com\@127.0.0.1/`, `https:\\example.com/`,
		"https://example.com/%zz", "https://example.com/grün",
		"https://example.com/"+strings.Repeat("a", 2029),
	)
}

func TestCheckURLRefusesHosts(t *testing.T) {
	requireRefused(t,
		"https://exa mple.com/",
		"https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://１２７.0.0.1/", "https://%E2%91%A0.example/", "https://ex%61mple.com/",
		"https://a..example/", "https://.example/", "https://./", "https://a,b/", "https://a*b/",
		"https://"+strings.Repeat("a", 64)+".example/", "https://"+strings.Repeat("a.", 130)+"example/",
		"https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7F.1/", "https://127.1/", "https://127.0.0.1./",
		"https://0177.0.0.1/", "https://0/", "https://0x/", "https://example.0x7f/", "https://256.1.1.1/",
		"https://[::1/", "https://[::1%25lo]/", "https://[127.0.0.1]:x/", "https://[example.com]/", "https://[127.0.0.1]/", "https://1::3:4/",
	)
}

// Someone who mends what an answer names is not told of something else then.
func TestCheckURL_NamesAllThatIsWrong(t *testing.T) {
	long := strings.Repeat("a", 2048)
	for raw, want := range map[string][]hook.FieldCode{
		"":                                       {hook.FieldEmpty},
		"example.com/hook":                       {hook.FieldURLScheme},
		"http://u:p@example.com:25/a b#c":        {hook.FieldURLFragment, hook.FieldURLCharacters, hook.FieldURLScheme, hook.FieldURLUser, hook.FieldURLPort},
		"ftp://user@127.1:0/":                    {hook.FieldURLScheme, hook.FieldURLUser, hook.FieldURLPort, hook.FieldURLHost},
		"https://①②⑦.⓪.⓪.①:25/#x":                {hook.FieldURLHost, hook.FieldURLFragment, hook.FieldURLPort},
		"https://example.com/ü\\b":               {hook.FieldURLCharacters, hook.FieldURLCharacters},
		"http://example.com/%zz#":                {hook.FieldURLFragment, hook.FieldURLScheme, hook.FieldURLUnreadable},
		"http://u@example.com/" + long + "#frag": {hook.FieldTooLong, hook.FieldURLFragment, hook.FieldURLScheme, hook.FieldURLUser},
		"https://":                               {hook.FieldURLHost},
		"ftp:///etc":                             {hook.FieldURLScheme, hook.FieldURLHost},
	} {
		var bad *hook.Error
		_, err := CheckURL(raw, false)
		require.ErrorAs(t, err, &bad, raw)
		var got []hook.FieldCode
		for _, f := range bad.Fields {
			got = append(got, f.Code)
			require.Equal(t, "/url", f.Pointer)
			require.Contains(t, bad.Message, f.Detail)
		}
		require.Equal(t, want, got, raw)
		require.NotContains(t, bad.Message, "u:p@")
	}
}

// requireRefused requires a 422 that points at the URL and doesn't repeat it.
func requireRefused(t *testing.T, urls ...string) {
	for _, raw := range urls {
		for _, allowHTTP := range []bool{false, true} {
			var invalid *hook.Error
			_, err := CheckURL(raw, allowHTTP)
			require.ErrorAs(t, err, &invalid, raw)
			require.Equal(t, hook.CodeInvalid, invalid.Code)
			require.Equal(t, "/url", invalid.Fields[0].Pointer)
			require.NotContains(t, invalid.Error(), "pass@")
		}
	}
}

func TestCheckHost(t *testing.T) {
	public := New(Options{})
	local := newSender(t, Options{})
	tests := []struct {
		raw           string
		public, local bool
	}{
		{"https://127.0.0.1/", false, true},
		{"https://[::1]:8443/", false, true},
		{"https://[::ffff:127.0.0.1]/", false, true},
		{"https://localhost/", false, true},
		{"https://10.0.0.1/", false, false},
		{"https://169.254.169.254/latest/meta-data", false, false},
		{"https://168.63.129.16/", false, false},
		{"https://[64:ff9b::7f00:1]/", false, false},
		{"https://8.8.8.8/", true, true},
		{"https://[2606:4700::1111]/", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			for s, want := range map[*Sender]bool{public: tt.public, local: tt.local} {
				err := s.CheckHost(tt.raw)
				require.Equal(t, want, err == nil, "%v", err)
				if err != nil {
					require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
					require.NotContains(t, err.Error(), "127.0")
				}
			}
		})
	}
}

// Nothing that an owner sees tells a name of the operator's network from one that
// there is not: neither at creation nor in an attempt.
func TestNames_OfTheNetworkAreNotTold(t *testing.T) {
	var answers []hook.Result
	for name, answer := range map[string]look{
		"private":          turns([]string{"10.1.2.3"}),
		"metadata":         turns([]string{"169.254.169.254", "fd00:ec2::254"}),
		"a port of Godwit": turns([]string{"127.0.0.1"}),
		"no such name":     func(int) ([]string, dnsmessage.RCode) { return nil, dnsmessage.RCodeNameError },
	} {
		s := New(Options{EgressAllow: prefixes("127.0.0.1/32")})
		t.Cleanup(s.Close)
		s.Spare("127.0.0.1:8443")
		resolveWith(t, s, answer)
		require.NoError(t, s.CheckHost("https://jenkins.corp.test:8443/"), name)
		result := attempt(t, s, message("https://jenkins.corp.test:8443/"))
		result.Duration = 0
		answers = append(answers, result)
		require.Equal(t, hook.ReasonDNS, result.Reason, name)
		require.False(t, result.Own, name)
	}
	for _, one := range answers {
		require.Equal(t, answers[0], one)
	}
	s := New(Options{})
	t.Cleanup(s.Close)
	require.Error(t, s.CheckHost("://"))
	require.Error(t, s.CheckHost("https://LOCALHOST./"))
	require.Error(t, s.CheckHost("https://godwit.localhost/"))
}
