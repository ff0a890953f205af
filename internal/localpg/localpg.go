package localpg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// superuser is the one role of the cluster.
const superuser = "godwit"

// Options say where a cluster lives and how it is tuned.
type Options struct {
	// Dir is the cluster's folder; it is made when it is missing.
	Dir string
	// Settings are server settings by their postgresql.conf names; they win over
	// the package's own choices.
	Settings map[string]string
	// Stock leaves planning, checkpoints and cleaning as Postgres has them by
	// default: a test that wants what production has sets it.
	Stock bool
}

// Server is a running Postgres. Its methods may be called concurrently.
type Server struct {
	password string
	port     int
	lock     *os.File
	child    *child
	stopping atomic.Bool
	died     chan struct{}
}

// Start brings the cluster in opts.Dir up, making it first when there is none,
// and returns when it accepts connections. ctx bounds the start alone.
// ErrNotInstalled and ErrInUse can be told apart with errors.Is.
func Start(ctx context.Context, opts Options) (*Server, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the cluster's folder: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, dir, opts.all())
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	go s.watch()
	return s, nil
}

func start(ctx context.Context, dir string, settings map[string]string) (*Server, error) {
	c, err := openCluster(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := c.endLeftover(ctx); err != nil {
		return nil, err
	}
	if err := c.create(ctx); err != nil {
		return nil, err
	}
	s := &Server{password: c.password, died: make(chan struct{})}
	s.child, s.port, err = c.launch(ctx, settings)
	return s, err
}

func (s *Server) watch() {
	<-s.child.exited
	if !s.stopping.Load() {
		close(s.died)
	}
}

// Done is closed when Postgres ended although nobody called Stop.
func (s *Server) Done() <-chan struct{} { return s.died }

// URL is the connection URL of a database of the cluster; it holds the password.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// EnsureDatabase creates a database unless there is one of that name. It may be
// called by several processes at a time.
func (s *Server) EnsureDatabase(ctx context.Context, name string) error {
	connector, err := pq.NewConnector(s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var exists bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists)
	if err == nil && !exists {
		_, err = db.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name))
	}
	if err != nil && !alreadyThere(err) {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// alreadyThere says whether another session created the database in the meantime: as
// duplicate_database, or as unique_violation when both were at it together.
func alreadyThere(err error) bool {
	var pe *pq.Error
	return errors.As(err, &pe) && (pe.Code == "42P04" || pe.Code == "23505")
}

// quitGrace is how long Postgres has to end after SIGQUIT, which skips all work.
const quitGrace = 3 * time.Second

// Stop ends Postgres, rolling open transactions back, and returns when it is
// gone. When ctx ends first it is made to quit at once, and the error says so:
// nothing is lost, but the next start has to recover. Stopping a server that has
// ended does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	defer s.lock.Close()
	s.child.signal(syscall.SIGINT)
	select {
	case <-s.child.exited:
		return nil
	case <-ctx.Done():
	}
	s.child.signal(syscall.SIGQUIT)
	select {
	case <-s.child.exited:
	case <-time.After(quitGrace):
		s.child.signal(syscall.SIGKILL)
		<-s.child.exited
	}
	return fmt.Errorf("stop postgres: it had to be cut short: %w", ctx.Err())
}
