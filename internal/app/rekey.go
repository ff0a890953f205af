package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"godwit/internal/config"
	"godwit/internal/seal"
	"godwit/internal/store"
	"godwit/internal/store/core"
)

// errLeftToRekey tells what to do where Rekey has left something.
const errLeftToRekey = "%d values are sealed with another key than the first of GODWIT_ENCRYPTION_KEY. " +
	"Those that could not be opened need the key that sealed them in the list; and where a process runs that has another first key, " +
	"restart it with this list. Then run this again"

// Rekey seals every secret of the database with the first encryption key, and
// prints how far it is. It is an error when something is left under another key.
// With checkOnly it changes nothing and tells what is left.
func Rekey(ctx context.Context, cfg config.Config, out io.Writer, checkOnly bool) error {
	if err := Require(cfg, RoleWorker); err != nil {
		return err
	}
	ring, err := seal.New(cfg.EncryptionKeys)
	if err != nil {
		return err
	}
	s, err := store.Open(cfg.DatabaseURL, ring, store.Options{})
	if err != nil {
		return fmt.Errorf("GODWIT_DATABASE_URL: %w", err)
	}
	err = s.CheckSessions(ctx)
	if err == nil {
		err = rekey(ctx, s, out, checkOnly)
	}
	return errors.Join(err, s.Close())
}

func rekey(ctx context.Context, s *store.Store, out io.Writer, checkOnly bool) error {
	if !checkOnly {
		if err := s.Rekey(ctx, func(r core.Rekeyed) { printRekeyed(out, r) }); err != nil {
			return err
		}
	}
	left, err := s.LeftToRekey(ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf(errLeftToRekey, left)
	}
	_, err = fmt.Fprintln(out, "every secret is sealed with the first key; the others are not needed any more")
	return err
}

// rekeyedPerLine is after how many values a line tells of them.
const rekeyedPerLine = 10_000

func printRekeyed(out io.Writer, r core.Rekeyed) {
	if !r.Done && (r.Resealed == 0 || r.Resealed%rekeyedPerLine != 0) {
		return
	}
	fmt.Fprintf(out, "%-24s %d sealed with the first key\n", r.Column, r.Resealed)
	if r.Done && r.Unopened > 0 {
		fmt.Fprintf(out, "%-24s %d could not be opened, the last one: %v\n", r.Column, r.Unopened, r.Err)
	}
}
