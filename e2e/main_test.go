package e2e_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/id"
	"godwit/internal/localpg"
)

// stack is what most tests share: one Postgres with the settings that Postgres has
// by default, and one standalone on it whose Temporal serves other processes too.
type stack struct {
	once       sync.Once
	dir        string
	postgres   *localpg.Server
	standalone *process
	err        error
}

var shared stack

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the shared stack:", err)
		code = 1
	}
	os.Exit(code)
}

// sharedStack starts the stack with the first test that asks.
func sharedStack(t testing.TB) *stack {
	t.Helper()
	shared.once.Do(func() { shared.start(t) })
	require.NoError(t, shared.err)
	require.NotNil(t, shared.standalone, "the shared stack did not start")
	return &shared
}

func (s *stack) start(t testing.TB) {
	if s.dir, s.err = os.MkdirTemp("", "godwit-e2e-"); s.err != nil {
		return
	}
	s.postgres, s.err = localpg.Start(context.Background(), localpg.Options{Dir: filepath.Join(s.dir, "postgres"), Stock: true})
	if s.err != nil {
		return
	}
	if s.err = s.postgres.EnsureDatabase(context.Background(), "godwit"); s.err != nil {
		return
	}
	env := standaloneEnv(t, filepath.Join(s.dir, "data"))
	env["GODWIT_DATABASE_URL"] = s.postgres.URL("godwit")
	s.standalone = launch(t, "godwit-standalone", env)
	s.standalone.waitFor(t, ready)
}

func (s *stack) stop() error {
	if s.standalone != nil {
		if err := s.standalone.cmd.Process.Signal(syscall.SIGTERM); err == nil {
			<-s.standalone.exited
		}
	}
	if s.postgres != nil {
		if err := s.postgres.Stop(context.Background()); err != nil {
			return err
		}
	}
	return os.RemoveAll(s.dir)
}

// temporal is the address of the shared Temporal frontend.
func (s *stack) temporal() string { return s.standalone.env["GODWIT_STANDALONE_TEMPORAL_ADDR"] }

// database makes a database for one test.
func (s *stack) database(t testing.TB) string {
	t.Helper()
	name := strings.ToLower(id.New("e2e_"))
	require.NoError(t, s.postgres.EnsureDatabase(context.Background(), name))
	return s.postgres.URL(name)
}

// migrated makes a database with the current schema, by the product's command.
func (s *stack) migrated(t testing.TB) string {
	t.Helper()
	url := s.database(t)
	out, code := runCommand(t, map[string]string{"GODWIT_DATABASE_URL": url}, "migrate", "up")
	require.Zero(t, code, out)
	return url
}

// query reads one number from a database.
func query(t testing.TB, url, statement string) int {
	t.Helper()
	connector, err := pq.NewConnector(url)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	defer db.Close()
	var n int
	require.NoError(t, db.QueryRow(statement).Scan(&n))
	return n
}
