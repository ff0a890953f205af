package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefaultsOfTheStandalone(t *testing.T) {
	e, err := readEnvironment(nil)
	require.NoError(t, err)
	require.True(t, e.runPostgres)
	require.True(t, e.runTemporal)
	require.Equal(t, "127.0.0.1:7233", e.cfg.TemporalAddress)
	require.Equal(t, "http://127.0.0.1:8233", e.cfg.TemporalUIURL)
	require.True(t, e.cfg.AllowHTTP)
	require.Len(t, e.cfg.EgressAllow, 2)
	require.Len(t, e.warnings, 1)
}

func TestWhatIsSetWins(t *testing.T) {
	e, err := readEnvironment([]string{
		"GODWIT_DATABASE_URL=postgres://db.internal/x", "GODWIT_TEMPORAL_ADDRESS=temporal.internal:7233",
		"GODWIT_EGRESS_ALLOW=", "GODWIT_ALLOW_HTTP=false", "GODWIT_ADMIN_KEY=0123456789abcdef",
	})
	require.NoError(t, err)
	require.False(t, e.runPostgres)
	require.False(t, e.runTemporal)
	require.Equal(t, "temporal.internal:7233", e.cfg.TemporalAddress)
	require.Empty(t, e.cfg.TemporalUIURL)
	require.False(t, e.cfg.AllowHTTP)
	require.Empty(t, e.cfg.EgressAllow)
	require.Empty(t, e.warnings)
	require.True(t, e.adminKey.given)
	require.Len(t, e.ports(), 2, "Temporal's ports are not this process's")
}

func TestAnAPIForOthersIsNotOpened(t *testing.T) {
	for _, addr := range []string{":8080", "0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080"} {
		e, err := readEnvironment([]string{"GODWIT_LISTEN_ADDR=" + addr})
		require.NoError(t, err)
		require.Empty(t, e.cfg.EgressAllow, addr)
		require.False(t, e.cfg.AllowHTTP, addr)
	}
	for _, addr := range []string{"localhost:8080", "[::1]:8080", "127.0.0.2:8080"} {
		e, err := readEnvironment([]string{"GODWIT_LISTEN_ADDR=" + addr})
		require.NoError(t, err)
		require.NotEmpty(t, e.cfg.EgressAllow, addr)
	}
}

func TestEnvironment_IsDevelopmentWherePeopleOpenLoopback(t *testing.T) {
	for public, want := range map[string]bool{
		"": false, "https://hooks.example.com": false, "http://192.0.2.1:8080": false, "http://localhost.example.com": false,
		"http://localhost:8080": true, "http://127.0.0.1:8080/godwit": true, "http://[::1]": true,
	} {
		e, err := readEnvironment([]string{"GODWIT_LISTEN_ADDR=0.0.0.0:8080", "GODWIT_PUBLIC_URL=" + public})
		require.NoError(t, err, public)
		require.Equal(t, want, development(e.cfg), public)
	}
}

// TestEnvironment_OfTheImageTriesEverything reads what the image for trying sets.
func TestEnvironment_OfTheImageTriesEverything(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	_, stage, found := strings.Cut(string(text), " AS standalone\n")
	require.True(t, found)
	stage, _, _ = strings.Cut(stage, "\nFROM ")
	image := regexp.MustCompile(`GODWIT_\w+=\S+`).FindAllString(stage, -1)
	require.NotEmpty(t, image)
	e, err := readEnvironment(image)
	require.NoError(t, err)
	require.True(t, e.runPostgres && e.runTemporal)
	require.True(t, e.cfg.Play && development(e.cfg), "a webhook may lead to the test receiver of the container")
	require.True(t, e.cfg.AllowHTTP)
	require.NotEmpty(t, e.cfg.EgressAllow)
	require.Equal(t, "/data", e.own.DataDir)
	require.Contains(t, stage, "\nVOLUME "+e.own.DataDir+"\n")
	for _, addr := range []string{e.cfg.ListenAddr, e.own.UIAddr} {
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		require.Regexp(t, `(?m)^EXPOSE .*\b`+port+`\b`, stage)
		require.False(t, onLoopback(addr), "a published port does not reach loopback")
	}
}

func TestEnvironment_TLSIsForATemporalElsewhere(t *testing.T) {
	_, err := readEnvironment([]string{"GODWIT_TEMPORAL_API_KEY=k"})
	require.ErrorContains(t, err, "GODWIT_TEMPORAL_ADDRESS must be set")
	_, err = readEnvironment([]string{"GODWIT_TEMPORAL_API_KEY=k", "GODWIT_TEMPORAL_ADDRESS=temporal.internal:7233"})
	require.NoError(t, err)
}

func TestBadSettingsNameTheVariable(t *testing.T) {
	for variable, value := range map[string]string{
		"GODWIT_STANDALONE_TEMPORAL_ADDR": "somewhere",
		"GODWIT_STANDALONE_UI_ADDR":       "127.0.0.1:0",
		"GODWIT_LISTEN_ADRR":              "127.0.0.1:8080",
		"GODWIT_ENCRYPTION_KEY":           "short",
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 1, run(nil, []string{variable + "=" + value}, &stdout, &stderr))
		require.Contains(t, stderr.String(), variable)
	}
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080",
		"0.0.0.0:8080":   "127.0.0.1:8080",
		"[::]:8080":      "127.0.0.1:8080",
		":8080":          "127.0.0.1:8080",
		"[::1]:8080":     "[::1]:8080",
		"host:8080":      "host:8080",
	} {
		require.Equal(t, want, reachable(addr), addr)
	}
}

func TestKeysAreMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	read := func() *environment {
		e, err := readEnvironment([]string{"GODWIT_DATA_DIR=" + dir})
		require.NoError(t, err)
		require.NoError(t, e.keepKeys())
		return e
	}
	first, second := read(), read()
	require.True(t, first.adminKey.fresh)
	require.False(t, second.adminKey.fresh)
	require.Equal(t, first.cfg.AdminKey, second.cfg.AdminKey)
	require.Equal(t, first.cfg.EncryptionKeys, second.cfg.EncryptionKeys)
	for _, name := range []string{"admin-key", "encryption-key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestAGivenAdminKeyIsNotShown(t *testing.T) {
	e, err := readEnvironment([]string{"GODWIT_ADMIN_KEY=0123456789abcdef", "GODWIT_DATA_DIR=" + t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, e.keepKeys())
	var out bytes.Buffer
	newStandalone(t.Context(), e, &out).announce()
	require.NotContains(t, out.String(), "0123456789abcdef")
	require.Contains(t, out.String(), "GODWIT_ADMIN_KEY")
	require.NoFileExists(t, filepath.Join(e.own.DataDir, "admin-key"))
}
