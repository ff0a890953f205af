package store_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/localpg"
	"godwit/internal/pgtest"
	"godwit/internal/store"
	"godwit/schema"
)

// frozen is a Postgres of the test's own that can be frozen.
type frozen struct {
	*localpg.Server
	dir string
}

func newFrozen(t *testing.T) frozen {
	t.Helper()
	dir, err := os.MkdirTemp("", "godwit-frozen-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := localpg.Start(ctx, localpg.Options{Dir: dir})
	require.NoError(t, err)
	f := frozen{server, dir}
	t.Cleanup(func() {
		f.signal(t, syscall.SIGCONT)
		require.NoError(t, server.Stop(context.Background()))
	})
	require.NoError(t, server.EnsureDatabase(ctx, "godwit"))
	db, err := sql.Open("postgres", server.URL("godwit"))
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, schema.Up(ctx, db))
	return f
}

// signal sends a signal to the server and to each of its processes.
func (f frozen) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "data", "postmaster.pid"))
	require.NoError(t, err)
	server := strings.SplitN(string(text), "\n", 2)[0]
	pid, err := strconv.Atoi(server)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, sig)) // first, so that it makes no more
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, stat := range all {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == server {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			require.NoError(t, err)
			_ = syscall.Kill(child, sig)
		}
	}
}

func TestStore_NoticesAFrozenPostgres(t *testing.T) {
	f := newFrozen(t)
	s := open(t, f.URL("godwit"))
	ctx := context.Background()
	_, err := s.SchemaVersion(ctx)
	require.NoError(t, err)
	require.True(t, s.Calm())
	f.signal(t, syscall.SIGSTOP)

	began := time.Now()
	_, err = s.SchemaVersion(ctx)
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err), "%v", err)
	require.Less(t, time.Since(began), 10*time.Second)
	require.False(t, s.Calm())

	// From then on nobody waits.
	require.Eventually(t, func() bool {
		began := time.Now()
		_, err := s.SchemaVersion(ctx)
		return hook.CodeOf(err) == hook.CodeUnavailable && time.Since(began) < time.Second
	}, 20*time.Second, 10*time.Millisecond)

	f.signal(t, syscall.SIGCONT)
	require.Eventually(t, func() bool {
		_, err := s.SchemaVersion(ctx)
		return err == nil && s.Calm()
	}, 20*time.Second, 10*time.Millisecond)
}

// with adds a setting to a URL.
func with(t *testing.T, raw, name, value string) string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestStore_TellsThatALockIsHeld(t *testing.T) {
	g := newStage(t)
	w := g.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	s := open(t, with(t, g.url, "lock_timeout", "100"))
	release := hold(t, g.url, `SELECT FROM webhooks WHERE id = $1 FOR UPDATE`, w.ID)
	_, err := s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err), "%v", err)
	require.ErrorIs(t, err, hook.ErrLocked)
	require.True(t, s.Calm())
	release()
	_, err = s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
	require.NoError(t, err)
}

// hold runs a statement in a transaction that stays open until it is released.
func hold(t *testing.T, url, statement string, args ...any) (release func()) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(statement, args...)
	require.NoError(t, err)
	var once sync.Once
	release = func() {
		once.Do(func() {
			require.NoError(t, tx.Rollback())
			require.NoError(t, db.Close())
		})
	}
	t.Cleanup(release)
	return release
}

// A process that is frozen inside a transaction holds what it has locked no
// longer than others wait for it.
func TestStore_LetsGoWhatAFrozenProcessHolds(t *testing.T) {
	g := newStage(t)
	w := g.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	other := open(t, g.url)
	tx, err := other.SQL().Begin()
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.Exec(`SELECT FROM webhooks WHERE id = $1 FOR UPDATE`, w.ID)
	require.NoError(t, err)
	_, err = g.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
	require.NoError(t, err)
}

func TestStore_EveryConnectionHasLimits(t *testing.T) {
	s := open(t, pgtest.EmptyURL(t))
	for name, want := range map[string]string{
		"lock_timeout": "7s", "statement_timeout": "1min", "idle_in_transaction_session_timeout": "5s",
		"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "3", "tcp_keepalives_count": "3",
	} {
		var got string
		require.NoError(t, s.SQL().QueryRow(`SELECT current_setting($1)`, name).Scan(&got))
		require.Equal(t, want, got, name)
	}
}

// wire carries connections to Postgres, and can be cut.
type wire struct {
	net.Listener
	to string

	mu   sync.Mutex
	cut  bool
	open []net.Conn
}

// newWire gives a wire to the server of a database URL, and the URL through it.
func newWire(t *testing.T, raw string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{Listener: l, to: u.Host}
	u.Host = l.Addr().String()
	go w.serve()
	t.Cleanup(func() { w.set(true); l.Close() })
	return w, u.String()
}

func (w *wire) serve() {
	for {
		from, err := w.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", w.to)
		w.mu.Lock()
		if err != nil || w.cut {
			from.Close()
			if err == nil {
				to.Close()
			}
		} else {
			w.open = append(w.open, from, to)
			go func() { io.Copy(to, from); to.Close() }()
			go func() { io.Copy(from, to); from.Close() }()
		}
		w.mu.Unlock()
	}
}

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for _, c := range w.open {
		c.Close()
	}
	w.open = nil
}

func TestStore_TakesABrokenConnectionForAnOutage(t *testing.T) {
	g := newStage(t)
	w := g.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	line, through := newWire(t, g.url)
	s := open(t, through)
	rename := func() error {
		_, err := s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
		return err
	}
	require.NoError(t, rename())
	release := hold(t, g.url, `SELECT FROM webhooks WHERE id = $1 FOR UPDATE`, w.ID)
	ended := make(chan error, 1)
	go func() { ended <- rename() }()
	waitsForLock(t, g.url)
	line.set(true)
	err := <-ended
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err), "%v", err)
	require.NotErrorIs(t, err, hook.ErrLocked)
	require.False(t, s.Calm())
	release()
	line.set(false)
	require.NoError(t, rename())
}

// waitsForLock returns when a statement waits for a lock.
func waitsForLock(t *testing.T, url string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	require.Eventually(t, func() bool {
		var n int
		return db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n) == nil && n > 0
	}, 20*time.Second, 5*time.Millisecond)
}

func TestStore_ListensNoLongerThanItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, as the system does for it, and says nothing
	require.NoError(t, err)
	defer silent.Close()
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, refusing.Close())
	for name, address := range map[string]string{"silent": silent.Addr().String(), "refusing": refusing.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "postgres://godwit:secret@"+address+"/godwit?sslmode=disable")
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.Listen(ctx, "w", func(hook.Due) {}) }()
			cancel()
			select {
			case err := <-ended:
				require.NoError(t, err)
			case <-time.After(20 * time.Second):
				require.Fail(t, "it listens on")
			}
		})
	}
}

func TestStore_SortsErrors(t *testing.T) {
	code := func(code pqerror.Code) error { return &pq.Error{Code: code} }
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"end of the connection": {io.EOF, true}, "half an answer": {io.ErrUnexpectedEOF, true}, "closed": {net.ErrClosed, true},
		"too many connections": {code("53300"), true}, "disk full": {code("53100"), true}, "shutdown": {code("57P01"), true},
		"starting": {code("57P03"), true}, "statement_timeout": {code("57014"), true}, "lock_timeout": {code("55P03"), true},
		"read only": {code("25006"), true}, "idle in transaction": {code("25P03"), true}, "deadlock": {code("40P01"), true},
		"I/O error": {code("58030"), true}, "wrong password": {code("28P01"), true}, "no such database": {code("3D000"), true},
		"no row": {sql.ErrNoRows, false}, "bad value": {code("22021"), false}, "CHECK": {code("23514"), false}, "no such table": {code("42P01"), false},
		"not found": {hook.Errorf(hook.CodeNotFound, "x"), false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, store.Unavailable(tc.err)) })
	}
}

// Right after an outage others may still have to write down what they know: what
// looks lost is not claimed before.
func TestClaim_WaitsUntilTheDatabaseIsCalm(t *testing.T) {
	g := newStage(t)
	g.webhook(t, hook.Rule{Events: []string{"*"}})
	g.posts(t, 1)
	g.taken(t)
	pgtest.Exec(t, g.url, `UPDATE deliveries SET dispatch_at = now()`)
	line, through := newWire(t, g.url)
	s := open(t, through)
	line.set(true)
	_, err := s.SchemaVersion(context.Background())
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
	line.set(false)
	claims, err := s.Claim(context.Background(), 10, lease)
	require.NoError(t, err)
	require.Empty(t, claims)
	require.Eventually(t, s.Calm, 10*time.Second, 10*time.Millisecond)
	claims, err = s.Claim(context.Background(), 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
}

func TestClaim_TellsWhatIsOverdue(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.posts(t, 3)
	s.taken(t)
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now(), run_id = 'run', status = 'retrying',
		next_attempt_at = CASE event_id WHEN 'e1' THEN now() - interval '31 seconds' WHEN 'e2' THEN now() - interval '29 seconds' END`)
	claims, err := s.Store.Claim(context.Background(), 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 3)
	overdue := map[string]bool{}
	for _, c := range claims {
		overdue[c.EventID] = c.Overdue
		require.Equal(t, "run", c.RunID)
	}
	require.Equal(t, map[string]bool{"e1": true, "e2": false, "e3": false}, overdue)
}

func TestStore_TellsWhetherItTakesChanges(t *testing.T) {
	url := pgtest.EmptyURL(t)
	readOnly, err := open(t, url).ReadOnly(context.Background())
	require.NoError(t, err)
	require.False(t, readOnly)
	readOnly, err = open(t, with(t, url, "default_transaction_read_only", "on")).ReadOnly(context.Background())
	require.NoError(t, err)
	require.True(t, readOnly)
}
