package config_test

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

func TestDefaults(t *testing.T) {
	c, err := config.Parse([]string{"PATH=/bin", "GODWIT_TEST_REQUIRE=1"})
	require.NoError(t, err)
	require.Equal(t, config.Config{
		ListenAddr: "127.0.0.1:8080", OpsAddr: "127.0.0.1:9464", TemporalAddress: "127.0.0.1:7233", TemporalNamespace: "godwit",
		PublishRate: 1000, ManagementRate: 50,
		DatabaseConnections: 40, ShareWorkflows: true, UserWebhooks: 2000, UserRules: 10_000, UserTestRate: 60, UserStoredBytes: 256 << 20, CompanyEventRate: 10_000, CompanyByteRate: 100 << 20,
		RetrySchedule:    config.Waits{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute},
		RecoverySchedule: config.Waits{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, RecoveryWindow: 72 * time.Hour,
		DeliveryTimeout: 10 * time.Second, LogLevel: "info", AppName: "Godwit", TemporalLinks: "admins", Retention: config.Days(30 * 24 * time.Hour), AuditRetention: config.Days(365 * 24 * time.Hour),
	}, c)
	s, rest, err := config.ParseStandalone([]string{"PATH=/bin", "GODWIT_DATA_DIR="})
	require.NoError(t, err)
	require.Equal(t, []string{"PATH=/bin"}, rest)
	require.Equal(t, config.Standalone{DataDir: ".godwit", TemporalAddr: "127.0.0.1:7233", UIAddr: "127.0.0.1:8233"}, s)
}

func TestValues(t *testing.T) {
	key := strings.Repeat("A", 43) + "="
	c, err := config.Parse([]string{
		"GODWIT_ENCRYPTION_KEY=" + key + ", " + key, "GODWIT_EGRESS_ALLOW=10.1.2.3/8,::1/128", "GODWIT_ALLOW_HTTP=true",
		"GODWIT_RETRY_SCHEDULE=1s, 2s,3s,4s", "GODWIT_RETENTION=72h", "GODWIT_AUDIT_RETENTION=90d", "GODWIT_DATABASE_URL=postgres://u:p@h/d",
		"GODWIT_TRUSTED_PROXIES=10.9.0.0/16", "GODWIT_PLAY=true", "GODWIT_PUBLISH_RATE=0", "GODWIT_MANAGEMENT_RATE=200",
		"GODWIT_USER_WEBHOOKS=0", "GODWIT_USER_STORED_BYTES=3GiB", "GODWIT_COMPANY_BYTE_RATE=5KiB",
	})
	require.NoError(t, err)
	require.Len(t, c.EncryptionKeys, 2)
	require.Len(t, c.EncryptionKeys[1], 32)
	require.Equal(t, config.Prefixes{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, c.EgressAllow)
	require.Equal(t, config.Prefixes{netip.MustParsePrefix("10.9.0.0/16")}, c.TrustedProxies)
	require.Zero(t, c.PublishRate)
	require.EqualValues(t, 200, c.ManagementRate)
	require.Zero(t, c.UserWebhooks)
	require.EqualValues(t, 3<<30, c.UserStoredBytes)
	require.EqualValues(t, 5<<10, c.CompanyByteRate)
	require.True(t, c.AllowHTTP)
	require.True(t, c.Play)
	require.Equal(t, config.Waits{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, c.RetrySchedule)
	require.Equal(t, config.Days(72*time.Hour), c.Retention)
	require.Equal(t, config.Days(90*24*time.Hour), c.AuditRetention)
}

func TestEmptyIsUnset(t *testing.T) {
	c, err := config.Parse([]string{"GODWIT_EGRESS_ALLOW=", "GODWIT_ENCRYPTION_KEY=", "GODWIT_RETRY_SCHEDULE=", "GODWIT_ALLOW_HTTP=", "GODWIT_LOG_LEVEL=", "GODWIT_PUBLISH_RATE="})
	require.NoError(t, err)
	require.Empty(t, c.EgressAllow)
	require.Empty(t, c.EncryptionKeys)
	require.Len(t, c.RetrySchedule, 4)
	require.Equal(t, "info", c.LogLevel)
	require.EqualValues(t, 1000, c.PublishRate)
}

func TestEgressProxy(t *testing.T) {
	for _, value := range []string{"http://proxy.example.com:3128", "https://u:p%40@proxy.example.com/", "http://[::1]:3128"} {
		c, err := config.Parse([]string{"GODWIT_EGRESS_PROXY=" + value})
		require.NoError(t, err)
		require.Equal(t, value, (*url.URL)(c.EgressProxy).String())
	}
	c, err := config.Parse([]string{"GODWIT_EGRESS_PROXY="})
	require.NoError(t, err)
	require.Nil(t, c.EgressProxy)
}

func TestParse_ReportsEverythingThatIsWrongAtOnce(t *testing.T) {
	_, err := config.Parse([]string{"GODWIT_RETRY_SCHEDULE=1s", "GODWIT_ENCRYPTION_KEY=c2hvcnQ=", "GODWIT_LISTEN_ADRR=x", "GODWIT_DATABASE_URL=mysql://h", "GODWIT_DATA_DIR=d", "GODWIT_MAIL_FROM=a@b"})
	require.EqualError(t, err, `6 settings are wrong:
  GODWIT_DATABASE_URL must be a postgres:// or postgresql:// URL
  GODWIT_DATA_DIR is a setting of make up (godwit-standalone); godwit does not read it, so remove it
  GODWIT_ENCRYPTION_KEY must be 32 bytes in base64 (openssl rand -base64 32), or a comma-separated list of such keys
  GODWIT_LISTEN_ADRR is not a known setting; godwit serve --help lists them
  GODWIT_MAIL_FROM has no effect without GODWIT_SMTP_URL: set that to your mail server, or remove this one
  GODWIT_RETRY_SCHEDULE must hold the 4 waits between 5 attempts, it holds 1`)
}

func TestParse_ComparesSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		environ []string
		wrong   string // "" = nothing
	}{
		"a mail server without a sender": {[]string{"GODWIT_SMTP_URL=smtp://mail.example"}, "GODWIT_MAIL_FROM"},
		"a sender without a mail server": {[]string{"GODWIT_MAIL_FROM=godwit@mail.example"}, "GODWIT_MAIL_FROM"},
		"both":                           {[]string{"GODWIT_SMTP_URL=smtp://mail.example", "GODWIT_MAIL_FROM=godwit@mail.example"}, ""},
		"one address for two":            {[]string{"GODWIT_LISTEN_ADDR=127.0.0.1:9", "GODWIT_OPS_ADDR=127.0.0.1:9"}, "GODWIT_OPS_ADDR"},
		"a free port each":               {[]string{"GODWIT_LISTEN_ADDR=127.0.0.1:0", "GODWIT_OPS_ADDR=127.0.0.1:0"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse(tc.environ)
			if tc.wrong == "" {
				require.NoError(t, err)
				return
			}
			var e *config.VariableError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.wrong, e.Name)
		})
	}
}

func TestJoin_KeepsTheFirstErrorOfAVariable(t *testing.T) {
	_, err := config.Parse([]string{"GODWIT_ENCRYPTION_KEY=bad"})
	err = config.Join(err, &config.VariableError{Name: "GODWIT_ENCRYPTION_KEY", Problem: "must be set"}, &config.VariableError{Name: "GODWIT_ADMIN_KEY", Problem: "must be set"}, nil)
	require.EqualError(t, err, `2 settings are wrong:
  GODWIT_ADMIN_KEY must be set
  GODWIT_ENCRYPTION_KEY must be 32 bytes in base64 (openssl rand -base64 32), or a comma-separated list of such keys`)
	require.NoError(t, config.Join(nil, nil))
}

func TestSettings_HaveHelpAndARowInTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, s := range slices.Concat(config.Settings(), config.StandaloneSettings()) {
		require.NotEmpty(t, s.Help, "%s has no help tag", s.Name)
		require.True(t, strings.Contains(string(readme), "`"+s.Name+"`"), "README.md does not describe %s", s.Name)
	}
}

func TestEveryBadValueNamesItsVariableAndNotItself(t *testing.T) {
	for _, bad := range []string{
		"GODWIT_LISTEN_ADRR=x", "GODWIT_LISTEN_ADDR=8080", "GODWIT_OPS_ADDR=ops", "GODWIT_TEMPORAL_ADDRESS=temporal", "GODWIT_ENCRYPTION_KEY=c2hvcnQ=", "GODWIT_EGRESS_ALLOW=bad", "GODWIT_ALLOW_HTTP=bad",
		"GODWIT_EGRESS_PROXY=bad", "GODWIT_EGRESS_PROXY=socks5://u:p@bad", "GODWIT_EGRESS_PROXY=http://u:p@/", "GODWIT_EGRESS_PROXY=http://u:p@bad:x",
		"GODWIT_EGRESS_PROXY=http://u:p@bad/path", "GODWIT_EGRESS_PROXY=http://u:p@bad?q",
		"GODWIT_RETRY_SCHEDULE=1s,2s,3s", "GODWIT_RETRY_SCHEDULE=1s,2s,3s,bad", "GODWIT_RETRY_SCHEDULE=1s,2s,3s,0s",
		"GODWIT_DELIVERY_TIMEOUT=bad", "GODWIT_DELIVERY_TIMEOUT=31s", "GODWIT_DELIVERY_TIMEOUT=1ms", "GODWIT_LOG_LEVEL=bad", "GODWIT_LOG_FORMAT=bad",
		"GODWIT_RETENTION=-7d", "GODWIT_RETENTION=bad", "GODWIT_RETENTION=47h59m", "GODWIT_AUDIT_RETENTION=719h", "GODWIT_AUDIT_RETENTION=29d", "GODWIT_RECOVERY_WINDOW=-1h", "GODWIT_DATABASE_URL=mysql://u:bad@h/d", "GODWIT_DATABASE_URL=://bad",
		"GODWIT_PUBLISH_RATE=bad", "GODWIT_MANAGEMENT_RATE=-1", "GODWIT_MANAGEMENT_RATE=1000001", "GODWIT_USER_WEBHOOKS=-1", "GODWIT_DATABASE_CONNECTIONS=29", "GODWIT_USER_STORED_BYTES=1MB", "GODWIT_COMPANY_BYTE_RATE=1000GiB", "GODWIT_COMPANY_EVENT_RATE=1.5", "GODWIT_TRUSTED_PROXIES=10.9.0.0",
		"GODWIT_SMTP_URL=http://bad", "GODWIT_PUBLIC_URL=bad", "GODWIT_TEMPORAL_UI_URL=bad",
		"GODWIT_APP_NAME=" + strings.Repeat("x", 61), "GODWIT_APP_NAME=a\nb", "GODWIT_APP_LOGO=http://bad.example/logo.png", "GODWIT_APP_LOGO=https://a;b/", "GODWIT_APP_LOGO=https://u:bad@h/", "GODWIT_APP_ACCENT=red",
		"GODWIT_APP_ACCENT=#12345g", "GODWIT_SIGN_IN_URL=javascript:bad", "GODWIT_SIGN_IN_URL=/bad", "GODWIT_TEMPORAL_LINKS=everybody",
	} {
		name, value, _ := strings.Cut(bad, "=")
		_, err := config.Parse([]string{bad})
		require.ErrorContains(t, err, name+" ", bad)
		require.NotContains(t, strings.ReplaceAll(err.Error(), "127.0.0.1:8080", ""), value, "a value may be a secret")
	}
}

// TestRetention_HasAMinimum: what retries and the check of the ledger need is not
// removed.
func TestRetention_HasAMinimum(t *testing.T) {
	for _, c := range []struct {
		set  []string
		says string // empty = it is taken
	}{
		{[]string{"GODWIT_RETENTION=2d"}, ""},
		{[]string{"GODWIT_RETENTION=1d"}, "GODWIT_RETENTION must be at least 48h: retries and the check of the ledger need what is younger"},
		{[]string{"GODWIT_RETENTION=2d", "GODWIT_RETRY_SCHEDULE=1h,5h,10h,24h"}, "GODWIT_RETENTION must be at least 73h: retries and the check of the ledger need what is younger"},
		{[]string{"GODWIT_RETENTION=73h", "GODWIT_RETRY_SCHEDULE=1h,5h,10h,24h"}, ""},
		{[]string{"GODWIT_AUDIT_RETENTION=30d"}, ""},
		{[]string{"GODWIT_AUDIT_RETENTION=2d"}, "GODWIT_AUDIT_RETENTION must be at least 720h: the database removes nothing from the audit log that is younger"},
	} {
		_, err := config.Parse(c.set)
		if c.says == "" {
			require.NoError(t, err, c.set)
			continue
		}
		require.EqualError(t, err, c.says)
	}
}

// TestSettings_OfTheGuidesExist: a guide that names a setting names one that is read, and
// an assignment that it shows is acceptable.
func TestSettings_OfTheGuidesExist(t *testing.T) {
	known := []string{"GODWIT_URL", "GODWIT_KEY"} // of the command line
	for _, s := range slices.Concat(config.Settings(), config.StandaloneSettings()) {
		known = append(known, s.Name)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, page := range append(pages, "../../README.md") {
		raw, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\bGODWIT_[A-Z_]*[A-Z]\b`).FindAllString(string(raw), -1) {
			require.True(t, slices.ContainsFunc(known, func(k string) bool {
				return k == name || strings.HasPrefix(k, name+"_") && strings.Contains(string(raw), name+"_*")
			}), "%s names %s", page, name)
		}
	}
	production, err := os.ReadFile("../../docs/production.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```sh\n(GODWIT_.*?)```").FindSubmatch(production)
	require.NotNil(t, shown)
	_, err = config.Parse(strings.Fields(strings.ReplaceAll(string(shown[1]), "…", "key")))
	require.NoError(t, err)
}
