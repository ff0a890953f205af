package app

import (
	"errors"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"godwit/internal/hook"
)

const (
	// sayAgain is how long a sentence is counted.
	sayAgain = 10 * time.Second
	// linesOfOne is how often the log may have one sentence within sayAgain: an outage of
	// 30 s, of which a dozen parts tell, leaves tens of lines.
	linesOfOne = 5
)

// logCore writes two kinds of lines. Records, whose message is a dotted name such as
// delivery.attempted, are all written. Sentences tell of a state, and a state may be
// seen a thousand times a second: of each there are a few, with how many were left out.
// What fails because of something that an operator can mend says what to do.
type logCore struct {
	zapcore.Core
	said *sentences
}

// sentences counts the lines of each sentence. There are as many as the code has.
type sentences struct {
	mu sync.Mutex
	of map[string]*sentence
}

type sentence struct {
	since   time.Time
	lines   int
	leftOut int
}

func newLogCore(core zapcore.Core) zapcore.Core {
	return logCore{core, &sentences{of: map[string]*sentence{}}}
}

// With implements zapcore.Core.
func (c logCore) With(fields []zapcore.Field) zapcore.Core {
	return logCore{c.Core.With(fields), c.said}
}

// Check implements zapcore.Core.
func (c logCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(e.Level) || !isRecord(e.Message) && !c.said.mayBeSaid(e) {
		return checked
	}
	return checked.AddCore(e, c)
}

// Write implements zapcore.Core.
func (c logCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if !isRecord(e.Message) {
		if n := c.said.takeLeftOut(e); n > 0 {
			fields = append(fields, zap.Int("left_out", n))
		}
	}
	if e.Level >= zapcore.WarnLevel {
		if todo := remedyOf(fields); todo != "" {
			fields = append(fields, zap.String("do", todo))
		}
	}
	return c.Core.Write(e, fields)
}

// isRecord says whether a message is a dotted name.
func isRecord(message string) bool {
	return strings.Contains(message, ".") && !strings.Contains(message, " ")
}

func (s *sentences) find(e zapcore.Entry) *sentence {
	key := e.Level.String() + " " + e.LoggerName + " " + e.Message
	found := s.of[key]
	if found == nil {
		if len(s.of) >= maxSaid {
			clear(s.of)
		}
		found = &sentence{since: e.Time}
		s.of[key] = found
	}
	return found
}

func (s *sentences) mayBeSaid(e zapcore.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.find(e)
	if e.Time.Sub(one.since) >= sayAgain {
		one.since, one.lines = e.Time, 0
	}
	if one.lines == linesOfOne {
		one.leftOut++
		return false
	}
	one.lines++
	return true
}

func (s *sentences) takeLeftOut(e zapcore.Entry) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.find(e)
	n, one.leftOut = one.leftOut, 0
	return n
}

// What an operator can do.
const (
	doDatabase = "see whether the database runs, takes changes and can be reached; nothing that was accepted is lost, and all goes on by itself when it is back"
	doLocks    = "end the session that holds the lock: SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity"
	doTemporal = "see whether Temporal runs and can be reached; first attempts are made without it, and the rest goes on by itself when it is back"
)

// remedyOf says what to do about the error among the fields; "" = the line says it
// itself, or it is not for an operator to mend.
func remedyOf(fields []zapcore.Field) string {
	for _, f := range fields {
		err, ok := f.Interface.(error)
		if f.Type != zapcore.ErrorType || !ok {
			continue
		}
		var temporal serviceerror.ServiceError
		switch {
		case errors.Is(err, hook.ErrLocked):
			return doLocks
		case errors.As(err, &temporal):
			return doTemporal
		case hook.CodeOf(err) == hook.CodeUnavailable:
			return doDatabase
		}
	}
	return ""
}
