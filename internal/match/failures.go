package match

import (
	"context"
	"sync"
	"time"

	"godwit/internal/hook"
)

const (
	// maxFailingRules bounds the rules whose failures wait in memory to be written;
	// those of more rules are counted by the Observer alone.
	maxFailingRules = 10_000
	// failuresAtOnce bounds one statement, failuresEvery is how long failures wait for
	// it, and failuresTimeout bounds the last write of a process that stops.
	failuresAtOnce  = 500
	failuresEvery   = 2 * time.Second
	failuresTimeout = 2 * time.Second
)

// failures adds up by rule what is yet to be written, so that an event whose filter
// fails costs no statement.
type failures struct {
	mu     sync.Mutex
	ofRule map[int64]hook.CountedFailures
}

// add counts n failures more of a rule, of which f is the last.
func (s *failures) add(f hook.FilterFailure, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted, known := s.ofRule[f.RuleID]
	switch {
	case !known && len(s.ofRule) >= maxFailingRules:
		return
	case !known || !f.At.Before(counted.At):
		counted.FilterFailure = f
	}
	counted.Count += n
	s.ofRule[f.RuleID] = counted
}

// take gives those of up to limit rules, and forgets them.
func (s *failures) take(limit int) []hook.CountedFailures {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := make([]hook.CountedFailures, 0, min(limit, len(s.ofRule)))
	for rule, f := range s.ofRule {
		if len(taken) == limit {
			break
		}
		taken = append(taken, f)
		delete(s.ofRule, rule)
	}
	return taken
}

// RecordFailures writes down every two seconds which filters have failed, until ctx
// ends, and then once more. After each write it calls report.
func (e *Engine) RecordFailures(ctx context.Context, report func(error)) {
	ticker := time.NewTicker(failuresEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		write, cancel := context.WithTimeout(context.WithoutCancel(ctx), failuresTimeout)
		report(e.WriteFailures(write))
		cancel()
	}
}

// WriteFailures writes down which filters have failed. What can't be written waits
// for the next call.
func (e *Engine) WriteFailures(ctx context.Context) error {
	for {
		counted := e.failures.take(failuresAtOnce)
		if len(counted) == 0 {
			return nil
		}
		if err := e.CountFailures(ctx, counted); err != nil {
			for _, f := range counted {
				e.failures.add(f.FilterFailure, f.Count)
			}
			return err
		}
	}
}
