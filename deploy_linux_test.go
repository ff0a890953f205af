package godwit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

// TestSystemd_TakesTheUnits has systemd read the units, as they would be installed.
func TestSystemd_TakesTheUnits(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "godwit")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o755))
	units := map[string]string{}
	for _, name := range []string{"godwit-migrate.service", "godwit@.service"} {
		units[name] = read(t, "deploy/systemd/"+name)
		installed := strings.ReplaceAll(units[name], "/usr/local/bin/godwit", binary)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(installed), 0o644))
	}
	for _, instance := range []string{"godwit@api.service", "godwit@worker.service"} {
		cmd := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", filepath.Join(dir, instance))
		cmd.Env = append(cmd.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out), "what systemd says of "+instance)
	}
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(units["godwit@.service"])
	require.Equal(t, "45", stop[1])
	require.Less(t, config.MaxDeliveryTimeout.Seconds(), 45.0)
}
