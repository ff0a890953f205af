package godwit_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBuild_SaysHowFarItIs runs scripts/build with a go that names two packages and
// then fails.
func TestBuild_SaysHowFarItIs(t *testing.T) {
	script, err := filepath.Abs("scripts/build")
	require.NoError(t, err)
	dir := t.TempDir()
	fake := `#!/bin/sh
[ "$1" = list ] && printf 'a\nb\nexample.com/c\n' && exit
echo built; printf 'example.com/c\nb\n# example.com/c\n./x.go:1:2: undefined: y\n' >&2; exit 3
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte(fake), 0o755))
	cmd := exec.CommandContext(t.Context(), script, dir, "-o", "x", ".")
	cmd.Env = append(cmd.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "BUILD_REPORT_SECONDS=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	require.Error(t, err)
	require.Equal(t, 3, cmd.ProcessState.ExitCode(), "that of go")
	require.Equal(t, "built\n", stdout.String())
	require.Equal(t, "building: 1 of at most 3 packages\nbuilding: 2 of at most 3 packages\n# example.com/c\n./x.go:1:2: undefined: y\n", stderr.String())
}
