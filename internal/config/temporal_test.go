package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

// pair writes a certificate and its key into a folder.
func pair(t *testing.T, dir, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	certificate, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return certificate, key
}

func TestTemporalTLS_ErrorsNameTheVariable(t *testing.T) {
	dir := t.TempDir()
	certificate, key := pair(t, dir, "one")
	_, other := pair(t, dir, "other")
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	const ca, cert, keyName, name, api = "GODWIT_TEMPORAL_TLS_CA=", "GODWIT_TEMPORAL_TLS_CERT=", "GODWIT_TEMPORAL_TLS_KEY=", "GODWIT_TEMPORAL_TLS_SERVER_NAME=", "GODWIT_TEMPORAL_API_KEY="
	for what, tc := range map[string]struct {
		environ []string
		secure  bool
		wrong   string // the variable
		says    string
	}{
		"nothing":                {[]string{"GODWIT_TEMPORAL_ADDRESS=temporal.internal:7233"}, false, "", ""},
		"all":                    {[]string{ca + certificate, cert + certificate, keyName + key, name + "temporal.example", api + "secret"}, true, "", ""},
		"an API key alone":       {[]string{api + "secret"}, true, "", ""},
		"a server name alone":    {[]string{name + "temporal.example"}, true, "", ""},
		"no such CA":             {[]string{ca + filepath.Join(dir, "none")}, false, "GODWIT_TEMPORAL_TLS_CA", "can be read"},
		"a CA without any":       {[]string{ca + empty}, false, "GODWIT_TEMPORAL_TLS_CA", "PEM"},
		"a certificate alone":    {[]string{cert + certificate}, false, "GODWIT_TEMPORAL_TLS_KEY", "must be set"},
		"a key alone":            {[]string{keyName + key}, false, "GODWIT_TEMPORAL_TLS_CERT", "must be set"},
		"no such certificate":    {[]string{cert + filepath.Join(dir, "none"), keyName + key}, false, "GODWIT_TEMPORAL_TLS_CERT", "can be read"},
		"no such key":            {[]string{cert + certificate, keyName + filepath.Join(dir, "none")}, false, "GODWIT_TEMPORAL_TLS_KEY", "can be read"},
		"another's key":          {[]string{cert + certificate, keyName + other}, false, "GODWIT_TEMPORAL_TLS_CERT", "GODWIT_TEMPORAL_TLS_KEY"},
		"a key that is none":     {[]string{cert + certificate, keyName + empty}, false, "GODWIT_TEMPORAL_TLS_CERT", "GODWIT_TEMPORAL_TLS_KEY"},
		"an API key and a break": {[]string{api + "secret\n"}, false, "GODWIT_TEMPORAL_API_KEY", "without spaces"},
	} {
		t.Run(what, func(t *testing.T) {
			c, err := config.Parse(tc.environ)
			var secure *tls.Config
			if err == nil {
				secure, err = c.TemporalTLS()
			}
			if tc.wrong == "" {
				require.NoError(t, err)
				require.Equal(t, tc.secure, secure != nil)
				return
			}
			var e *config.VariableError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.wrong, e.Name)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

// TestTemporalTLS_ShowsARenewedCertificate: one that was replaced in its file.
func TestTemporalTLS_ShowsARenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	certificate, key := pair(t, dir, "one")
	secure, err := config.Config{TemporalTLSCert: certificate, TemporalTLSKey: key}.TemporalTLS()
	require.NoError(t, err)
	before, err := secure.GetClientCertificate(nil)
	require.NoError(t, err)
	pair(t, dir, "one")
	after, err := secure.GetClientCertificate(nil)
	require.NoError(t, err)
	require.NotEqual(t, before.Certificate, after.Certificate)
}

func TestTemporalFileOf_IsForThisMachine(t *testing.T) {
	for _, address := range []string{"127.0.0.1:7233", "localhost:7233", "[::1]:7233", "127.0.0.2:7233"} {
		require.Regexp(t, `/\.cache/godwit/temporal-7233\.pem$`, config.TemporalFileOf(address))
	}
	for _, address := range []string{"", "temporal.internal:7233", "10.1.2.3:7233", "0.0.0.0:7233", "127.0.0.1", "localhost.example.com:7233"} {
		require.Empty(t, config.TemporalFileOf(address))
	}
}
