package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/iancoleman/strcase"
	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql/driver"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// store is one of Temporal's two databases.
type store struct {
	database string
	schema   string // its name among the schemas that the server's module embeds
	// conns bounds one pool. The server opens one for each of its four services
	// and each store: (16+8)*4 at most, which leaves the product half of what the
	// private cluster takes.
	conns int
}

// stores are Temporal's databases on one Postgres server.
type stores struct {
	server url.URL
	// slim says that the visibility store is this process's alone, and may do
	// without the indexes that nothing here reads.
	slim bool
	log  log.Logger
}

// prepare creates the databases and brings their schemas up to date; it does
// little when they are.
func (s stores) prepare(ctx context.Context) (config.Persistence, error) {
	main := store{database: "temporal", schema: "postgresql/v12/temporal", conns: 16}
	visibility := store{database: "temporal_visibility", schema: "postgresql/v12/visibility", conns: 8}
	all := config.Persistence{
		DefaultStore:     main.database,
		VisibilityStore:  visibility.database,
		NumHistoryShards: historyShards,
		DataStores:       map[string]config.DataStore{},
	}
	for _, st := range []store{main, visibility} {
		err := s.create(ctx, st.database)
		if err == nil && st == visibility && s.slim {
			err = s.updateSlim(ctx, st)
		} else if err == nil {
			err = s.update(st)
		}
		if err != nil {
			return config.Persistence{}, fmt.Errorf("prepare database %s: %w", st.database, err)
		}
		all.DataStores[st.database] = config.DataStore{SQL: s.connection(st)}
	}
	return all, nil
}

// create makes a database unless it is there.
func (s stores) create(ctx context.Context, database string) error {
	db, err := (&driver.PGXDriver{}).CreateConnection(s.server.String())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer db.Close()
	var exists bool
	if err := db.GetContext(ctx, &exists, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database); err != nil {
		return fmt.Errorf("look for it: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := db.ExecContext(ctx, `CREATE DATABASE `+database); err != nil {
		return fmt.Errorf("create it: %w", err)
	}
	return nil
}

// update goes the way of temporal-sql-tool: setup-schema, then update-schema.
func (s stores) update(st store) error {
	conn, err := sql.NewConnection(s.connection(st), s.log)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, s.log).Run(); err != nil {
		return fmt.Errorf("set its schema up: %w", err)
	}
	if err := schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: st.schema}, s.log).Run(); err != nil {
		return fmt.Errorf("update its schema: %w", err)
	}
	return nil
}

// connection is how the Temporal server reaches a store. The plugin on pgx keeps
// prepared statements: half the CPU for a workflow of the one on lib/pq.
func (s stores) connection(st store) *config.SQL {
	return &config.SQL{
		PluginName:      postgresql.PluginNamePGX,
		DatabaseName:    st.database,
		MaxConns:        st.conns,
		MaxIdleConns:    st.conns,
		MaxConnLifetime: time.Hour,
		Connect:         s.open,
	}
}

// open connects to a database beside the product's own, whose URL may have any
// form that Postgres clients know.
func (s stores) open(c *config.SQL) (*sqlx.DB, error) {
	at := s.server
	at.Path = "/" + c.DatabaseName
	db, err := (&driver.PGXDriver{}).CreateConnection(at.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(c.MaxConns)
	db.SetMaxIdleConns(c.MaxIdleConns)
	db.SetConnMaxLifetime(c.MaxConnLifetime)
	db.MapperFunc(strcase.ToSnake) // as the plugin itself maps fields to columns
	return db, nil
}
