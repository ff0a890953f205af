package godwit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSetup_UsesTheNodeThatItInstalls runs scripts/setup where Node.js is too old. Its
// npm installs a new one, or can't.
func TestSetup_UsesTheNodeThatItInstalls(t *testing.T) {
	script, err := os.ReadFile("scripts/setup")
	require.NoError(t, err)
	for _, c := range []struct{ name, npm, says string }{
		{"npm installs", `mkdir -p .tools/node_modules/.bin && printf '#!/bin/sh\n' >.tools/node_modules/.bin/node && chmod +x .tools/node_modules/.bin/node`, "setup: installing Node.js"},
		{"npm fails", `case "$*" in *--silent*) exit 1 ;; esac; echo "the registry is away" >&2; exit 1`, "the registry is away"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(dir, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
			}
			write("scripts/setup", string(script))
			write("standalone/go.mod", "go 1.2\n")
			for _, there := range []string{"initdb", "postgres", "chromium", "pgbouncer", "promtool", "nginx", "systemd-analyze", "tmux"} {
				write("bin/"+there, "#!/bin/sh\n")
			}
			write("bin/go", "#!/bin/sh\necho go1.2\n")
			write("bin/node", "#!/bin/sh\n[ \"$1\" = --version ] && echo v18.0.0 || exit 1\n")
			write("bin/npm", "#!/bin/sh\n"+c.npm+"\n")
			cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts/setup"), "test")
			cmd.Env = append(cmd.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			require.Contains(t, string(out), c.says)
			require.Equal(t, c.name == "npm fails", err != nil, "%s", out)
		})
	}
}
