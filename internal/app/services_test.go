package app

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

func TestServices_AreWhatTheSettingsName(t *testing.T) {
	u, err := url.Parse("http://user:pass@proxy.internal")
	require.NoError(t, err)
	require.Equal(t, []string{"temporal.internal:7233", "proxy.internal:80", "db.internal:6543", "mail.internal:587", "ui.internal:443"}, services(config.Config{
		TemporalAddress: "temporal.internal:7233", EgressProxy: (*config.Proxy)(u),
		DatabaseURL: "postgres://user:pass@db.internal:6543/godwit?sslmode=disable",
		SMTPURL:     "smtp://mail.internal", TemporalUIURL: "https://ui.internal/temporal",
	}))
	for raw, want := range map[string]string{
		"postgres://user@db.internal/godwit":              "db.internal:5432",
		"postgres:///godwit?host=db.internal&port=6543":   "db.internal:6543",
		"postgres:///godwit?host=/var/run/postgresql":     "/var/run/postgresql:5432",
		"postgresql://user:pa%40ss@[::1]:5433/godwit":     "[::1]:5433",
		"postgres://user:pass@127.0.0.1:40001/godwit?a=b": "127.0.0.1:40001",
	} {
		require.Equal(t, []string{"", want}, services(config.Config{DatabaseURL: raw}))
	}
}
