package config_test

import (
	"net/netip"
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
		RetrySchedule:    config.Waits{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute},
		RecoverySchedule: config.Waits{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, RecoveryWindow: 72 * time.Hour,
		DeliveryTimeout: 10 * time.Second, LogLevel: "info", Retention: config.Days(30 * 24 * time.Hour),
	}, c)
	s, err := config.ParseStandalone(nil)
	require.NoError(t, err)
	require.Equal(t, config.Standalone{DataDir: ".godwit", TemporalAddr: "127.0.0.1:7233", UIAddr: "127.0.0.1:8233"}, s)
}

func TestValues(t *testing.T) {
	key := strings.Repeat("A", 43) + "="
	c, err := config.Parse([]string{
		"GODWIT_ENCRYPTION_KEY=" + key + ", " + key, "GODWIT_EGRESS_ALLOW=10.1.2.3/8,::1/128", "GODWIT_ALLOW_HTTP=true",
		"GODWIT_RETRY_SCHEDULE=1s, 2s,3s,4s", "GODWIT_RETENTION=12h", "GODWIT_DATABASE_URL=postgres://u:p@h/d",
		"GODWIT_TRUSTED_PROXIES=10.9.0.0/16", "GODWIT_PUBLISH_RATE=0", "GODWIT_MANAGEMENT_RATE=200",
	})
	require.NoError(t, err)
	require.Len(t, c.EncryptionKeys, 2)
	require.Len(t, c.EncryptionKeys[1], 32)
	require.Equal(t, config.Prefixes{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, c.EgressAllow)
	require.Equal(t, config.Prefixes{netip.MustParsePrefix("10.9.0.0/16")}, c.TrustedProxies)
	require.Zero(t, c.PublishRate)
	require.EqualValues(t, 200, c.ManagementRate)
	require.True(t, c.AllowHTTP)
	require.Equal(t, config.Waits{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}, c.RetrySchedule)
	require.Equal(t, config.Days(12*time.Hour), c.Retention)
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

func TestMailHasASender(t *testing.T) {
	_, err := config.Parse([]string{"GODWIT_SMTP_URL=smtp://mail.example"})
	var e *config.VariableError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "GODWIT_MAIL_FROM", e.Name)
	_, err = config.Parse([]string{"GODWIT_SMTP_URL=smtp://mail.example", "GODWIT_MAIL_FROM=godwit@mail.example"})
	require.NoError(t, err)
}

func TestEveryBadValueNamesItsVariableAndNotItself(t *testing.T) {
	for _, bad := range []string{
		"GODWIT_LISTEN_ADRR=x", "GODWIT_ENCRYPTION_KEY=c2hvcnQ=", "GODWIT_EGRESS_ALLOW=bad", "GODWIT_ALLOW_HTTP=bad",
		"GODWIT_RETRY_SCHEDULE=1s,2s,3s", "GODWIT_RETRY_SCHEDULE=1s,2s,3s,bad", "GODWIT_RETRY_SCHEDULE=1s,2s,3s,0s",
		"GODWIT_DELIVERY_TIMEOUT=bad", "GODWIT_DELIVERY_TIMEOUT=31s", "GODWIT_DELIVERY_TIMEOUT=1ms", "GODWIT_LOG_LEVEL=bad", "GODWIT_LOG_FORMAT=bad",
		"GODWIT_RETENTION=-7d", "GODWIT_RETENTION=bad", "GODWIT_RECOVERY_WINDOW=-1h", "GODWIT_DATABASE_URL=mysql://u:bad@h/d", "GODWIT_DATABASE_URL=://bad",
		"GODWIT_PUBLISH_RATE=bad", "GODWIT_MANAGEMENT_RATE=-1", "GODWIT_MANAGEMENT_RATE=1000001", "GODWIT_TRUSTED_PROXIES=10.9.0.0",
		"GODWIT_SMTP_URL=http://bad", "GODWIT_PUBLIC_URL=bad", "GODWIT_TEMPORAL_UI_URL=bad",
	} {
		name, value, _ := strings.Cut(bad, "=")
		_, err := config.Parse([]string{bad})
		var e *config.VariableError
		require.ErrorAs(t, err, &e, bad)
		require.Equal(t, name, e.Name)
		require.NotContains(t, err.Error(), value, "a value may be a secret")
	}
}
