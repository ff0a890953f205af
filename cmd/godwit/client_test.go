package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxClient bounds the small build, which people download to their machines.
const maxClient = 15 << 20

// TestClient_IsSmall builds the command line without the server, as make client does.
func TestClient_IsSmall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "godwit")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags=release,client", "-ldflags", "-s -w -X main.version=v9", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	info, err := os.Stat(file)
	require.NoError(t, err)
	t.Logf("the client has %.1f MB", float64(info.Size())/1e6)
	require.Less(t, info.Size(), int64(maxClient))
	help, err := exec.CommandContext(t.Context(), file, "--help").Output()
	require.NoError(t, err)
	require.Contains(t, string(help), "listen")
	require.NotContains(t, string(help), "serve")
	version, err := exec.CommandContext(t.Context(), file, "version").Output()
	require.NoError(t, err)
	require.Equal(t, "v9", strings.TrimSpace(string(version)))
	deps := exec.CommandContext(t.Context(), "go", "list", "-tags=release,client", "-deps", ".")
	deps.Env = build.Env
	list, err := deps.Output()
	require.NoError(t, err)
	for _, pkg := range []string{"godwit/api", "go.temporal.io", "lib/pq"} {
		require.NotContains(t, string(list), pkg)
	}
}
