package core

import (
	"sync"
	"time"
)

// clock tells the database's time by this machine's clock. Processes whose clocks
// differ must not show it: receivers refuse what was signed minutes ago or ahead,
// and the ledger's times are those of the database. It is safe for concurrent use.
type clock struct {
	local func() time.Time

	mu    sync.Mutex
	ahead time.Duration // the local clock is, of the database's
}

func newClock(local func() time.Time) *clock { return &clock{local: local} }

// wall is the local time without its monotonic reading: only so a clock that was
// set shows.
func (c *clock) wall() time.Time { return c.local().Round(0) }

// seen learns that the database's clock showed at between the local moments before
// and after. What was known before is corrected only as far as that contradicts
// it, so a statement that took long costs no accuracy.
func (c *clock) seen(at, before, after time.Time) {
	if after.Before(before) {
		return // the local clock was set in between
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = min(max(c.ahead, before.Sub(at)), after.Sub(at))
}

// Reading begins to learn from a statement that gives the database's time: what
// is returned is called with it when the answer is there.
func (c *clock) Reading() func(at time.Time) {
	before := c.wall()
	return func(at time.Time) { c.seen(at, before, c.wall()) }
}

func (c *clock) offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// now is the database's time.
func (c *clock) now() time.Time { return c.wall().Add(-c.offset()) }
