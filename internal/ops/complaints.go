package ops

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

const (
	// sayAgain is how often a trouble that lasts has a line in the log.
	sayAgain = 10 * time.Second
	// overAfter is for how long nothing may have gone wrong until it is over.
	overAfter = 5 * time.Second
	// maxReasons is how many reasons have lines of their own within sayAgain.
	maxReasons = 10
)

// Complaints writes what goes wrong again and again into the log: a line for each
// reason, and every sayAgain how often it went wrong. Reasons may take turns: of
// connections that break at one moment some end, and others are reset. Of an
// outage a process has seen hundreds of times a second that leaves some lines. It
// is safe for concurrent use; make one with NewComplaints.
type Complaints struct {
	log  *zap.Logger
	what string
	open atomic.Bool // something went wrong, and it is not over yet

	mu     sync.Mutex
	reason string
	since  time.Time
	last   time.Time            // when it went wrong last
	said   map[string]time.Time // when each reason had its line
	unsaid int
	total  int
	fails  bool // nothing has succeeded since
}

// NewComplaints makes Complaints about one thing, which is what the log says.
func NewComplaints(log *zap.Logger, what string) *Complaints {
	return &Complaints{log: log, what: what, said: make(map[string]time.Time)}
}

// Add complains of err.
func (c *Complaints) Add(err error, fields ...zap.Field) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reason, now := hook.Why(err), time.Now()
	if !c.open.Load() {
		c.since, c.total, c.unsaid = now, 0, 0
	}
	c.open.Store(true)
	c.last, c.fails = now, true
	c.total++
	c.unsaid++
	c.reason = reason
	maps.DeleteFunc(c.said, func(_ string, at time.Time) bool { return now.Sub(at) >= sayAgain })
	if _, said := c.said[reason]; said || len(c.said) >= maxReasons {
		return
	}
	c.log.Warn(c.what, append(fields, zap.String("reason", reason), zap.Int("times", c.unsaid), zap.Error(err))...)
	c.said[reason], c.unsaid = now, 0
}

// Over says that it went well. It is cheap while nothing goes wrong.
func (c *Complaints) Over() {
	if !c.open.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = false
	if now := time.Now(); c.open.Load() && now.Sub(c.last) >= overAfter {
		c.open.Store(false)
		c.log.Info(c.what+": it is over", zap.Int("times", c.total), zap.Duration("lasted", c.last.Sub(c.since).Round(time.Millisecond)))
		c.reason = ""
		clear(c.said)
	}
}

// Lately gives the reason while it goes wrong and nothing went well since; else "".
func (c *Complaints) Lately() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fails || time.Since(c.last) > sayAgain {
		return ""
	}
	return c.reason
}
