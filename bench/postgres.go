package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lib/pq"

	"godwit/internal/localpg"
)

// The databases of the server under the bench.
const (
	maintenanceDatabase = "postgres" // here run this program's own statements
	productDatabase     = "godwit"
	temporalDatabase    = "temporal"
	visibilityDatabase  = "temporal_visibility"
	floorDatabase       = "floor"
)

// extension counts statements. It has to be loaded when the server starts.
const extension = "pg_stat_statements"

// postgres is the private cluster of the standalone. This program makes it, so
// that it counts statements, and measures the floor on it; then the standalone
// runs it, as it always does, and this program connects to it.
//
// Statements on its connections are not counted, those of the floor apart.
type postgres struct {
	dir        string
	name       string          // of the product's database
	at         url.URL         // of the maintenance database
	server     *localpg.Server // nil once handed over
	admin      *sql.DB
	product    *sql.DB // nil until the standalone runs
	postmaster int     // process id, 0 where the system does not say
}

// startPostgres makes the cluster in the standalone's data folder and runs it.
func startPostgres(ctx context.Context, dataDir string) (*postgres, error) {
	p := &postgres{dir: filepath.Join(dataDir, "postgres"), name: productDatabase}
	var err error
	p.server, err = localpg.Start(ctx, localpg.Options{Dir: p.dir, Settings: map[string]string{"shared_preload_libraries": extension}})
	if err != nil {
		return nil, fmt.Errorf("start Postgres with %s, which is in Postgres's contrib package: %w", extension, err)
	}
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *postgres) prepare(ctx context.Context) error {
	at, err := url.Parse(p.server.URL(maintenanceDatabase))
	if err != nil {
		return fmt.Errorf("read the URL of Postgres: %w", err)
	}
	p.at = *at
	if err := p.server.EnsureDatabase(ctx, floorDatabase); err != nil {
		return err
	}
	if p.admin, err = p.open(maintenanceDatabase); err != nil {
		return err
	}
	for _, statement := range []string{`CREATE EXTENSION ` + extension, `ALTER SYSTEM SET shared_preload_libraries = '` + extension + `'`} {
		if _, err := p.admin.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("have Postgres count statements: %w", err)
		}
	}
	return nil
}

// handOver stops the server, so that the standalone can run the cluster.
func (p *postgres) handOver() error {
	err := p.stop()
	p.server = nil
	return err
}

// attach connects to the server that the standalone runs. Its port is the fourth
// line of the pid file.
func (p *postgres) attach(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the standalone's Postgres: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 4 {
		return errors.New("find the standalone's Postgres: its pid file is cut short")
	}
	p.at.Host = net.JoinHostPort(p.at.Hostname(), strings.TrimSpace(lines[3]))
	if p.admin, err = p.open(maintenanceDatabase); err != nil {
		return err
	}
	if p.product, err = p.open(productDatabase); err != nil {
		return err
	}
	p.postmaster, err = p.findPostmaster(ctx)
	return err
}

func (p *postgres) url(database string) string {
	at := p.at
	at.Path = "/" + database
	return at.String()
}

// open connects to a database; what runs there is not counted.
func (p *postgres) open(database string) (*sql.DB, error) {
	connector, err := pq.NewConnector(p.url(database) + "&" + extension + ".track=none")
	if err != nil {
		return nil, fmt.Errorf("connect to database %s: %w", database, err)
	}
	return sql.OpenDB(connector), nil
}

// findPostmaster is the parent of any backend; 0 where /proc does not say.
func (p *postgres) findPostmaster(ctx context.Context) (int, error) {
	var backend int
	if err := p.admin.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return 0, fmt.Errorf("ask Postgres for a process id: %w", err)
	}
	stat, err := readProcess(backend)
	if err != nil {
		return 0, nil //nolint:nilerr // no /proc: CPU and memory stay unknown
	}
	return stat.parent, nil
}

func (p *postgres) version(ctx context.Context) (string, error) {
	var version string
	err := p.admin.QueryRowContext(ctx, `SHOW server_version`).Scan(&version)
	return version, err
}

// unfinished counts the deliveries in the ledger that are still to be made.
func (p *postgres) unfinished(ctx context.Context) (int, error) {
	var n int
	err := p.product.QueryRowContext(ctx, `SELECT count(*) FROM deliveries WHERE status IN ('pending', 'retrying') AND dispatch_at IS NOT NULL`).Scan(&n)
	return n, err
}

// underWay counts unfinished deliveries, and workflows that are not closed yet:
// in Temporal's state itself, since what it lists comes a moment later.
func (p *postgres) underWay(ctx context.Context) (int, error) {
	n, err := p.unfinished(ctx)
	if err != nil || n > 0 {
		return n, err
	}
	temporal, err := p.open(temporalDatabase)
	if err != nil {
		return 0, err
	}
	defer temporal.Close()
	const running = 1 // enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	err = temporal.QueryRowContext(ctx, `
		SELECT count(*) FROM current_executions WHERE status = $1 AND (workflow_id LIKE 'dlv/%' OR workflow_id LIKE 'dlvs/%')`, running).Scan(&n)
	return n, err
}

// stop closes the connections, and ends the server if it is still this
// program's to end.
func (p *postgres) stop() error {
	for _, db := range []*sql.DB{p.admin, p.product} {
		if db != nil {
			_ = db.Close() // nothing is under way on it
		}
	}
	if p.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return p.server.Stop(ctx)
}
