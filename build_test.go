package godwit_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

// tags are those that the product is built with.
func tags(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^export TAGS := (\S+)$`).FindStringSubmatch(read(t, "Makefile"))
	require.NotNil(t, found)
	return found[1]
}

// TestBuild_LeavesOutWhatIsNeverUsed holds the first build to what it has to compile.
func TestBuild_LeavesOutWhatIsNeverUsed(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags="+tags(t), ".")
	cmd.Dir = "standalone"
	out, err := cmd.Output()
	require.NoError(t, err)
	all := string(out)
	require.Contains(t, all, "\ngo.temporal.io/server/temporal\n")
	for _, unused := range []string{"k8s.io/client-go/", "github.com/envoyproxy/", "github.com/ugorji/"} {
		require.NotContains(t, all, "\n"+unused)
	}
	require.Less(t, strings.Count(all, "\n"), 1_600, "there were 1,525; `go mod why` says what brings the others")
}

// TestDist_GivesTheSameBytesAgain runs scripts/dist with a go that writes for which
// platform it was asked, and the time unless it was told to leave out what differs from
// one build to the next.
func TestDist_GivesTheSameBytesAgain(t *testing.T) {
	dir := t.TempDir()
	fake := `#!/bin/sh
case " $* " in
*" -buildvcs=false "* | *" -noserial -notimestamp "*) again= ;;
*) again=$(date +%s%N) ;;
esac
while [ $# -gt 0 ]; do case $1 in -o | -output) echo "$GOOS $GOARCH $again" >"$2" ;; esac; shift; done
`
	for name, text := range map[string]string{"scripts/dist": read(t, "scripts/dist"), "bin/go": fake, "LICENSE": "l", "README.md": "r", "cmd/godwit/main.go": "", "standalone/main.go": ""} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	dist := func() string {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts/dist"), "v1", "linux/amd64", "darwin/arm64")
		cmd.Env = append(cmd.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "TAGS=some")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return read(t, filepath.Join(dir, "dist/SHA256SUMS"))
	}
	sums := dist()
	require.Equal(t, sums, dist())
	require.Equal(t, 2*(1+3), strings.Count(sums, "\n"), "an archive, and an SBOM of each binary: %s", sums)
	for _, platform := range []string{"linux_amd64", "darwin_arm64"} {
		out, err := exec.CommandContext(t.Context(), "tar", "-tzf", filepath.Join(dir, "dist", "godwit_v1_"+platform+".tar.gz")).Output()
		require.NoError(t, err)
		for _, file := range []string{"LICENSE", "README.md", "godwit", "godwit-client", "godwit-standalone"} {
			require.Contains(t, string(out), "/"+file+"\n")
		}
	}
}
