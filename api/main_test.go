package api

import (
	"bytes"
	"flag"
	"fmt"
	"os"
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
func openStore(t testing.TB, f *fake) *store.Store {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(databaseURL, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		used := f.used
		for _, pool := range s.Pools() {
			stats := pool.Stats()
			used = used || stats.OpenConnections > 0 || stats.MaxIdleClosed+stats.MaxIdleTimeClosed+stats.MaxLifetimeClosed > 0
		}
		require.NoError(t, s.Close())
		if used {
			pgtest.Renew(t, databaseURL)
		}
	})
	return s
}

// exec runs a statement on the client's database.
func (c *client) exec(statement string, args ...any) {
	c.t.Helper()
	pgtest.Exec(c.t, databaseURL, statement, args...)
	c.store.used = true
}

// eventTypes is the catalogue as it is stored.
func (c *client) eventTypes() []hook.EventType {
	c.t.Helper()
	all, err := c.store.disk.EventTypes(c.t.Context())
	require.NoError(c.t, err)
	return all
}
