package api

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

// databaseURL is where the database of all tests of this package is.
var databaseURL string

// TestMain starts the database, but not for each process of a fuzz target, which needs
// none.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() == "" {
		var err error
		if databaseURL, err = pgtest.Shared(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(pgtest.Run(m))
}

// openStore opens a store on the database, which is emptied after a test that used it.
func openStore(t testing.TB, of ...store.Options) *store.Store {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(databaseURL, ring, append(of, store.Options{})[0])
	require.NoError(t, err)
	t.Cleanup(func() {
		used := false
		for _, pool := range s.Pools() {
			stats := pool.Stats()
			used = used || stats.OpenConnections > 0 || stats.MaxIdleClosed+stats.MaxIdleTimeClosed+stats.MaxLifetimeClosed > 0
		}
		require.NoError(t, s.Close())
		if used {
			pgtest.Renew(t)
		}
	})
	return s
}

// exec runs a statement on the client's database.
func (c *client) exec(statement string, args ...any) {
	c.t.Helper()
	_, err := c.store.Pools()["quick"].Exec(statement, args...)
	require.NoError(c.t, err)
}

// scan reads one row of the client's database.
func (c *client) scan(query string, into ...any) {
	c.t.Helper()
	require.NoError(c.t, c.store.Pools()["quick"].QueryRow(query).Scan(into...))
}

// count is how many rows a table has.
func (c *client) count(table string) (n int) {
	c.t.Helper()
	c.scan(`SELECT count(*) FROM `+table, &n)
	return n
}

// away takes the database away, as an outage does, until back is called.
func (c *client) away() (back func()) {
	c.t.Helper()
	u, err := url.Parse(pgtest.AsSuperuser(databaseURL))
	require.NoError(c.t, err)
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	rename := func(from, to string) {
		pgtest.Exec(c.t, u.String(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1`, from)
		pgtest.Exec(c.t, u.String(), fmt.Sprintf(`ALTER DATABASE %q RENAME TO %q`, from, to))
	}
	rename(name, name+"_away")
	back = sync.OnceFunc(func() { rename(name+"_away", name) })
	c.t.Cleanup(back)
	return back
}

// user makes sure that there is a user.
func (c *client) user(id string) {
	c.t.Helper()
	c.exec(`INSERT INTO users (id, name, email) VALUES ($1::text, $1, $1::text || '@example.com') ON CONFLICT DO NOTHING`, id)
}

// eventTypes is the catalogue as it is stored.
func (c *client) eventTypes() []hook.EventType {
	c.t.Helper()
	all, err := c.store.EventTypes(c.t.Context())
	require.NoError(c.t, err)
	return all
}
