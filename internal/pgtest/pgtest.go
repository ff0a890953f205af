// Package pgtest gives tests a real Postgres: one private cluster for each test
// process, and in it its own migrated database for each test.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	neturl "net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/id"
	"godwit/internal/localpg"
	"godwit/schema"
)

// startTimeout bounds the start of the cluster and its template.
const startTimeout = 2 * time.Minute

// template is the migrated database that every test's own is copied from.
const template = "godwit_template"

// cluster is shared by the tests of one process.
type cluster struct {
	once   sync.Once
	dir    string
	server *localpg.Server
	err    error
}

var shared cluster

// Run runs the tests of a package and then stops what they started. Call it
// from TestMain: os.Exit(pgtest.Run(m)).
func Run(m *testing.M) int {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the tests' Postgres:", err)
		return 1
	}
	return code
}

// URL makes a new database with the current schema and gives its URL. It is
// dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, " TEMPLATE "+template)
}

// EmptyURL makes a new database without a schema.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

// forgetful are settings for data that need not outlive the machine. Each test makes
// and drops a database, and with fsync that takes longer than most tests.
func forgetful() map[string]string {
	return map[string]string{"fsync": "off", "full_page_writes": "off"}
}

func create(t testing.TB, options string) string {
	t.Helper()
	shared.once.Do(shared.start)
	require.NoError(t, shared.err, "start the tests' Postgres")
	name := strings.ToLower(id.New("test_"))
	Exec(t, shared.server.URL("postgres"), "CREATE DATABASE "+pq.QuoteIdentifier(name)+" OWNER "+owner+" STRATEGY file_copy"+options)
	t.Cleanup(func() {
		Exec(t, shared.server.URL("postgres"), "DROP DATABASE "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
	})
	return asOwner(shared.server.URL(name))
}

// Shared makes a database with the current schema for the tests of a package that run
// one after another, and gives its URL. Call it from TestMain; Renew empties it, which
// costs a tenth of a database.
func Shared() (url string, err error) {
	shared.once.Do(shared.start)
	if shared.err != nil {
		return "", fmt.Errorf("start the tests' Postgres: %w", shared.err)
	}
	name := strings.ToLower(id.New("test_"))
	if err := execute(shared.server.URL("postgres"), "CREATE DATABASE "+pq.QuoteIdentifier(name)+" OWNER "+owner+" STRATEGY file_copy TEMPLATE "+template); err != nil {
		return "", err
	}
	url = asOwner(shared.server.URL(name))
	renewing, err = sql.Open("postgres", shared.server.URL(name))
	if err != nil {
		return "", err
	}
	_, err = renewing.Exec(keep)
	return url, err
}

// renewing is the database of Shared. It stays connected, since a new connection costs
// as much as to empty the database.
var renewing *sql.DB

// keep copies what the migrations have written, and renew brings it back to that.
const (
	keep = `
DO $$ DECLARE t name; filled boolean; BEGIN
	CREATE SCHEMA kept;
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', t) INTO filled;
		IF filled THEN
			EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', t, t);
		END IF;
	END LOOP;
END $$`
	renew = `
DO $$ DECLARE t name; BEGIN
	SET LOCAL session_replication_role = replica; -- in any order
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
		EXECUTE format('DELETE FROM public.%I', t);
	END LOOP;
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
		EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE TABLE kept.%I', t, t);
	END LOOP;
END $$`
)

// Renew leaves in the database of Shared what the migrations have written. Nothing may
// use it at the same time.
func Renew(t testing.TB) {
	t.Helper()
	_, err := renewing.Exec(renew)
	require.NoError(t, err)
}

// owner is the role of the databases. It is no superuser, as with Postgres that others
// run.
const owner = "owner"

func asOwner(url string) string { return withUser(url, neturl.UserPassword(owner, owner)) }

// AsSuperuser gives the URL of the same database with the role that may do anything.
func AsSuperuser(url string) string {
	at, err := neturl.Parse(shared.server.URL(""))
	if err != nil {
		panic(err) // localpg makes it
	}
	return withUser(url, at.User)
}

func withUser(url string, user *neturl.Userinfo) string {
	at, err := neturl.Parse(url)
	if err != nil {
		panic(err) // localpg makes it
	}
	at.User = user
	return at.String()
}

// Exec runs one statement on a database.
func Exec(t testing.TB, url, statement string, args ...any) {
	t.Helper()
	require.NoError(t, execute(url, statement, args...))
}

func execute(url, statement string, args ...any) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement, args...)
	return err
}

func (c *cluster) start() {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if c.dir, c.err = os.MkdirTemp("", "godwit-test-"); c.err != nil {
		return
	}
	if c.server, c.err = localpg.Start(ctx, localpg.Options{Dir: c.dir, Settings: forgetful()}); c.err != nil {
		return
	}
	for _, statement := range []string{
		`CREATE ROLE ` + owner + ` LOGIN PASSWORD '` + owner + `'`,
		`CREATE DATABASE ` + template + ` OWNER ` + owner,
	} {
		if c.err = execute(c.server.URL("postgres"), statement); c.err != nil {
			return
		}
	}
	db, err := sql.Open("postgres", asOwner(c.server.URL(template)))
	if err != nil {
		c.err = err
		return
	}
	defer db.Close() // a template must have no connection
	c.err = schema.Up(ctx, db)
}

func (c *cluster) stop() error {
	if c.server == nil {
		return nil
	}
	if renewing != nil {
		if err := renewing.Close(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.server.Stop(ctx); err != nil {
		return err
	}
	return os.RemoveAll(c.dir)
}
