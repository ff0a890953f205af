package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"godwit/internal/config"
)

// firstLook and longestLook bound the pause between two looks at a database that
// is awaited: a start loses no time, and a long wait costs next to nothing.
const (
	firstLook   = 50 * time.Millisecond
	longestLook = 2 * time.Second
)

// unlock waits for the database and then checks the encryption key against it,
// before the worker begins anything. The error says that the key is not the one
// of this database; every look at a webhook would fail.
func (p *process) unlock(ctx context.Context) error {
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		if p.databaseReady(ctx) == nil {
			foreign, err := p.store.CheckSealed(ctx)
			if err == nil && len(foreign) > 0 {
				return &config.VariableError{Name: "GODWIT_ENCRYPTION_KEY", Problem: "has no key that opens what the database holds encrypted in " + strings.Join(foreign, ", ") +
					": add the key that it was encrypted with to the list (the first key of the list encrypts), or name the database that belongs to this key"}
			}
			if err == nil {
				close(p.unlocked)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
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
