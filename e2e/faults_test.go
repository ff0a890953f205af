package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fault is what happens to the house while events come: it strikes, lasts, and is
// mended.
type fault struct {
	name   string
	strike func(*house)
	lasts  time.Duration
	mend   func(*house)
}

func nothing(*house) {}

// faults are those of one house; the quick ones are part of every run of the tests.
// ahead and behind are programs whose clocks are wrong.
func faults(ahead, behind string) (all, quick []fault) {
	workers, apis := households[:2], households[2:]
	shut := func(g func(*house) *gate, open bool) func(*house) { return func(h *house) { g(h).set(open) } }
	base, temporal := func(h *house) *gate { return h.base }, func(h *house) *gate { return h.temporal }
	all = []fault{
		{"a worker is killed", func(h *house) { h.kill(workers[0]) }, 2 * time.Second, func(h *house) { h.start(workers[0]) }},
		{"both workers are killed", func(h *house) { h.kill(workers...) }, 2 * time.Second, func(h *house) { h.startAll(workers...) }},
		{"an API is killed", func(h *house) { h.kill(apis[0]) }, 2 * time.Second, func(h *house) { h.start(apis[0]) }},
		{"all four processes are killed", func(h *house) { h.kill(households...) }, 2 * time.Second, func(h *house) { h.startAll(households...) }},
		{"a worker is frozen for 20 s", func(h *house) { h.signal(workers[0], syscall.SIGSTOP) }, 20 * time.Second, func(h *house) { h.signal(workers[0], syscall.SIGCONT) }},
		{"an API is frozen for 5 s", func(h *house) { h.signal(apis[0], syscall.SIGSTOP) }, 5 * time.Second, func(h *house) { h.signal(apis[0], syscall.SIGCONT) }},
		{"every process is restarted, one after another", func(h *house) { h.restart(households...) }, 0, nothing},
		{"Postgres ends at once and starts again", (*house).endPostgres, 2 * time.Second, (*house).startPostgres},
		{"Postgres can't be reached for 8 s", shut(base, false), 8 * time.Second, shut(base, true)},
		{"Postgres is frozen for 10 s", func(h *house) { h.base.flow.Lock() }, 10 * time.Second, func(h *house) { h.base.flow.Unlock() }},
		{"every session of Postgres is ended, five times", func(h *house) {
			for range 5 {
				h.endSessions()
			}
		}, 0, nothing},
		{"Temporal can't be reached for 10 s", shut(temporal, false), 10 * time.Second, shut(temporal, true)},
		{"Temporal is frozen for 10 s", func(h *house) { h.temporal.flow.Lock() }, 10 * time.Second, func(h *house) { h.temporal.flow.Unlock() }},
		{"Temporal is away while the workers are killed and started", func(h *house) {
			h.temporal.set(false)
			h.kill(workers...)
			h.startAll(workers...)
		}, 6 * time.Second, shut(temporal, true)},
		{"Postgres and Temporal can't be reached for 8 s", func(h *house) { h.base.set(false); h.temporal.set(false) }, 8 * time.Second,
			func(h *house) { h.base.set(true); h.temporal.set(true) }},
		{"the clocks of a worker and of an API are ten minutes ahead", func(h *house) { h.shiftClocks(ahead) }, 10 * time.Second, (*house).rightClocks},
		{"the clocks of a worker and of an API are ten minutes behind", func(h *house) { h.shiftClocks(behind) }, 10 * time.Second, (*house).rightClocks},
		{"another tenant has 2,000 requests to 100 receivers that never answer", (*house).noise, 10 * time.Second, nothing},
	}
	return all, []fault{all[1], all[7]}
}

// noise has another tenant's webhooks call receivers that never answer.
func (h *house) noise() {
	c := newStage(h.t, h.process("api 1"))
	hole := newReceiver(h.t, func(int, request) int { return 0 })
	for range 100 {
		c.webhook(h.t, hole.URL, nil)
	}
	for range 20 {
		c.post(h.t)
	}
}

// shiftClocks restarts two processes with a program whose clock is wrong.
func (h *house) shiftClocks(wrong string) {
	for _, name := range []string{households[0], households[2]} {
		h.programs[name] = wrong
		h.restart(name)
	}
}

func (h *house) rightClocks() {
	for name := range h.programs {
		delete(h.programs, name)
		h.restart(name)
	}
}

// shifted builds the program with a clock that is ten minutes ahead or behind: in Go's
// package time the one line that asks the system for the time of day is changed. A
// program of Go asks the kernel itself, so a library that is loaded before it can't.
func shifted(t testing.TB, direction string) string {
	t.Helper()
	const asks = "sec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(source), asks), "package time has changed")
	wrong := strings.Replace(string(source), asks, "sec, nsec, mono := runtimeNow()\n\tif wrong == \"ahead\" {\n\t\tsec += 600\n\t} else {\n\t\tsec -= 600\n\t}\n\tif mono == 0 {", 1)
	wrong += "\nvar wrong string\n"
	changed, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(wrong), 0o600))
	require.NoError(t, os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, original, changed), 0o600))
	out := filepath.Join(dir, "godwit")
	build(t, "..", "-overlay", overlay, "-ldflags", "-X time.wrong="+direction, "-o", out, "./cmd/godwit")
	return out
}

// build runs go build in a folder.
func build(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"build", "-buildvcs=false"}, args...)...)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
}

// proveFullDisk fills the disk on which Postgres is: a small one in memory, which only
// root can make.
func proveFullDisk(t *testing.T) proof {
	dir := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=600m,mode=755"), "this proof needs root")
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	h := newHouse(t, built(t, "godwit"), dir)
	filler := filepath.Join(dir, "filler")
	return h.prove(fault{"the disk of Postgres is full for 10 s", func(h *house) {
		f, err := os.Create(filler)
		require.NoError(t, err)
		defer f.Close()
		for block := make([]byte, 1<<16); err == nil; {
			_, err = f.Write(block)
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}, 10 * time.Second, func(h *house) {
		require.NoError(t, os.Remove(filler))
		select {
		case <-h.postgres.Done(): // it could not write its log either
			h.endPostgres()
			h.startPostgres()
		default:
		}
	}}, 40)
}

// builds says whether a commit could be built, to out.
func builds(t *testing.T, commit, out string) bool {
	t.Helper()
	dir := t.TempDir()
	tree, err := exec.Command("git", "-C", "..", "archive", "-o", filepath.Join(dir, "tree.tar"), commit).CombinedOutput()
	require.NoError(t, err, string(tree))
	unpacked, err := exec.Command("tar", "-x", "-C", dir, "-f", filepath.Join(dir, "tree.tar")).CombinedOutput()
	require.NoError(t, err, string(unpacked))
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", out, "./cmd/godwit")
	cmd.Dir = dir
	return cmd.Run() == nil
}

// proveUpgrade upgrades as docs/operate.md says: from the last commit before
// the newest migration that can be built to this one, while events come.
func proveUpgrade(t *testing.T) proof {
	dir := t.TempDir()
	newest, err := exec.Command("git", "log", "-1", "--format=%H", "--", "../schema/migrations").Output()
	require.NoError(t, err)
	commits, err := exec.Command("git", "rev-list", "-n", "20", strings.TrimSpace(string(newest))+"^").Output()
	require.NoError(t, err, "this proof needs the history of the repository")
	old := filepath.Join(dir, "godwit")
	require.True(t, slices.ContainsFunc(strings.Fields(string(commits)), func(commit string) bool { return builds(t, commit, old) }), "none of the last 20 commits before %s can be built", newest)

	h := newHouse(t, old, t.TempDir())
	return h.prove(fault{"it is upgraded from the release before the newest migration", func(h *house) {
		h.program = built(t, "godwit")
		before := query(t, h.database, `SELECT max(version_id) FROM goose_db_version`)
		h.command(h.program, h.env[households[0]], "replay", "--all", "--since", "1h")
		h.command(h.program, h.env[households[0]], "migrate", "up")
		require.Greater(t, query(t, h.database, `SELECT max(version_id) FROM goose_db_version`), before)
		h.restart(households...)
	}, 0, nothing}, 40)
}
