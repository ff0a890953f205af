package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"godwit/internal/localpg"
)

// startPostgres runs the private cluster and makes the product's database in it.
func (s *standalone) startPostgres(ctx context.Context) (part, error) {
	const database = "godwit"
	server, err := localpg.Start(ctx, localpg.Options{Dir: filepath.Join(s.own.DataDir, "postgres")})
	if errors.Is(err, localpg.ErrNotInstalled) {
		err = fmt.Errorf("%w; or set GODWIT_DATABASE_URL", err)
	}
	if err != nil {
		return part{}, err
	}
	died := make(chan error, 1)
	go func() {
		<-server.Done()
		died <- errors.New("see postgres.log in " + filepath.Join(s.own.DataDir, "postgres"))
	}()
	if err := server.EnsureDatabase(ctx, database); err != nil {
		return part{}, errors.Join(err, server.Stop(ctx))
	}
	s.cfg.DatabaseURL = server.URL(database)
	return part{stop: server.Stop, died: died}, nil
}
