package localpg

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

// helperDir makes this test binary play a process that runs a cluster and is
// killed.
const helperDir = "GODWIT_TEST_LOCALPG_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		os.Exit(helper(dir))
	}
	os.Exit(m.Run())
}

// helper runs a cluster, says its URL, and waits for the end of its input.
func helper(dir string) int {
	s, err := Start(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(s.URL("postgres"))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

const patience = 60 * time.Second

func started(t *testing.T, dir string) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := Start(ctx, Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Stop(ctx))
}

func connected(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

func count(t *testing.T, url string) int {
	t.Helper()
	var n int
	require.NoError(t, connected(t, url).QueryRowContext(t.Context(), `SELECT count(*) FROM kept`).Scan(&n))
	return n
}

func TestASecondStartKeepsTheData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	first := started(t, dir)
	require.NoError(t, first.EnsureDatabase(t.Context(), "app"))
	require.NoError(t, first.EnsureDatabase(t.Context(), "app"), "creating it twice is no error")
	db := connected(t, first.URL("app"))
	execute(t, db, `CREATE TABLE kept (n int)`)
	execute(t, db, `INSERT INTO kept VALUES (1), (2)`)
	stop(t, first)
	stop(t, first) // does nothing
	require.Empty(t, serversOf((&cluster{dir: dir}).name()))

	second := started(t, dir)
	require.Equal(t, 2, count(t, second.URL("app")))
}

func TestDurabilityIsOn(t *testing.T) {
	s := started(t, t.TempDir())
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"server_encoding": "UTF8", "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
	} {
		var got string
		err := connected(t, s.URL("postgres")).QueryRowContext(t.Context(), `SELECT current_setting($1)`, setting).Scan(&got)
		require.NoError(t, err)
		require.Equal(t, want, got, setting)
	}
}

func TestNobodyGetsInWithoutThePassword(t *testing.T) {
	dir := t.TempDir()
	s := started(t, dir)
	for _, user := range []*url.Userinfo{url.User(superuser), url.UserPassword(superuser, "guessed")} {
		u, err := url.Parse(s.URL("postgres"))
		require.NoError(t, err)
		u.User = user
		err = connected(t, u.String()).PingContext(t.Context())
		var pe *pq.Error
		require.ErrorAs(t, err, &pe)
		require.Equal(t, "invalid_password", pe.Code.Name())
	}
	info, err := os.Stat(filepath.Join(dir, "password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAFolderThatOthersCannotReach(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	s := started(t, filepath.Join(closed, "cluster"))
	require.NoError(t, s.EnsureDatabase(t.Context(), "app"))
	execute(t, connected(t, s.URL("app")), `CREATE TABLE kept (n int)`)
}

func TestClustersSideBySide(t *testing.T) {
	one, two := started(t, t.TempDir()), started(t, t.TempDir())
	require.NotEqual(t, one.URL("x"), two.URL("x"))
	require.NoError(t, connected(t, one.URL("postgres")).PingContext(t.Context()))
	require.NoError(t, connected(t, two.URL("postgres")).PingContext(t.Context()))
}

func TestTheFolderIsHeldByOneProcess(t *testing.T) {
	dir := t.TempDir()
	first := started(t, dir)
	_, err := Start(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrInUse)
	stop(t, first)
	started(t, dir)
}

func TestSettingsOfTheCaller(t *testing.T) {
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Settings: map[string]string{"max_connections": "17"}})
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, s) })
	var got string
	require.NoError(t, connected(t, s.URL("postgres")).QueryRowContext(t.Context(), `SHOW max_connections`).Scan(&got))
	require.Equal(t, "17", got)
}

func TestStock_LeavesWhatPostgresHasByDefault(t *testing.T) {
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Stock: true})
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, s) })
	rows, err := connected(t, s.URL("postgres")).QueryContext(t.Context(), `
		SELECT name FROM pg_settings WHERE source = 'command line' AND setting <> boot_val ORDER BY name`)
	require.NoError(t, err)
	defer rows.Close()
	var changed []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		changed = append(changed, name)
	}
	require.NoError(t, rows.Err())
	for _, name := range changed {
		require.Contains(t, []string{"cluster_name", "data_directory", "listen_addresses", "log_min_error_statement", "log_timezone", "max_connections", "port", "TimeZone", "unix_socket_directories"}, name)
	}
}

func TestABadSettingIsTheErrorsText(t *testing.T) {
	dir := t.TempDir()
	_, err := Start(t.Context(), Options{Dir: dir, Settings: map[string]string{"shared_buffers": "a lot"}})
	require.ErrorContains(t, err, `invalid value for parameter "shared_buffers"`)
	started(t, dir) // the failed start holds on to nothing
}

func TestAKilledInitdbIsRedone(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, unfinished+"123")
	require.NoError(t, os.MkdirAll(filepath.Join(half, "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600))
	started(t, dir)
	require.NoDirExists(t, half)
}

func TestAStalePidFileIsNoObstacle(t *testing.T) {
	dir := t.TempDir()
	stop(t, started(t, dir))
	// The number is taken by a process that lives and is no Postgres: this one.
	stale := strconv.Itoa(os.Getpid()) + "\n/proc/self/fd/3\n1\n5432\n\n127.0.0.1\n\nready\n"
	require.NoError(t, os.WriteFile((&cluster{dir: dir}).pidFile(), []byte(stale), 0o600))
	started(t, dir)
}

func TestAServerLeftRunningIsStopped(t *testing.T) {
	dir := t.TempDir()
	left := started(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, (&cluster{dir: dir}).endLeftover(ctx))
	select {
	case <-left.Done():
	case <-ctx.Done():
		t.Fatal("the server's end was not reported")
	}
}

func TestStopIsNoUnexpectedEnd(t *testing.T) {
	s := started(t, t.TempDir())
	stop(t, s)
	select {
	case <-s.Done():
		t.Fatal("Done was closed by Stop")
	default:
	}
}

func TestStopInNoTimeStillEndsIt(t *testing.T) {
	dir := t.TempDir()
	s, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Stop(ctx) // a server quick enough to be gone by then is no error
	require.Empty(t, serversOf((&cluster{dir: dir}).name()))
	started(t, dir)
}

func TestAKilledParentLosesNothing(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), helperDir+"="+dir)
	parent.Stderr = os.Stderr
	stdin, err := parent.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	url, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	db := connected(t, url[:len(url)-1])
	execute(t, db, `CREATE TABLE kept (n int)`)
	execute(t, db, `INSERT INTO kept VALUES (1)`)

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())

	require.Equal(t, 1, count(t, started(t, dir).URL("postgres")))
}
