package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"godwit/internal/config"
	"godwit/internal/store/core"
)

// firstLook and longestLook bound the pause between two looks at a database that
// is awaited: a start loses no time, and a long wait costs next to nothing.
const (
	firstLook   = 50 * time.Millisecond
	longestLook = 2 * time.Second
)

// lookWithin bounds one look.
const lookWithin = 10 * time.Second

// unlock waits for the database and then checks that it keeps sessions, and the
// encryption key against it, before the worker begins anything. The error says
// what is wrong: requests, or every look at a webhook, would fail.
func (p *process) unlock(ctx context.Context) error {
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		if done, err := p.look(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// look looks at the database once; it is not done where that is not ready.
func (p *process) look(ctx context.Context) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	err = p.store.CheckSessions(ctx)
	if pooler := (*core.PoolerError)(nil); errors.As(err, &pooler) {
		return false, &config.VariableError{Name: "GODWIT_DATABASE_URL", Problem: "can't be used: " + pooler.Error()}
	}
	if err != nil || p.databaseReady(ctx) != nil {
		return false, nil
	}
	foreign, err := p.store.CheckSealed(ctx)
	switch {
	case err != nil:
		return false, nil
	case len(foreign) > 0:
		return false, &config.VariableError{Name: "GODWIT_ENCRYPTION_KEY", Problem: "has no key that opens what the database holds encrypted in " + strings.Join(foreign, ", ") +
			": add the key that it was encrypted with to the list (the first key of the list encrypts), or name the database that belongs to this key"}
	}
	close(p.unlocked)
	return true, nil
}

// keyReady is the check that unlock has passed.
func (p *process) keyReady(context.Context) error {
	select {
	case <-p.unlocked:
		return nil
	default:
		return errors.New("waits for the database to be checked against it")
	}
}
