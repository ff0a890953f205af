package app

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"godwit/internal/config"
)

// NewLogger makes the process's logger on standard error: JSON, or lines for
// people when that is a terminal or GODWIT_LOG_FORMAT says so.
func NewLogger(cfg config.Config) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(cfg.LogLevel)
	if err != nil {
		return nil, fmt.Errorf("GODWIT_LOG_LEVEL: %w", err)
	}
	c := zap.NewProductionConfig()
	c.Level = zap.NewAtomicLevelAt(level)
	c.Sampling = nil // see logCore
	c.DisableStacktrace = true
	c.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncoderConfig.EncodeDuration = zapcore.StringDurationEncoder
	if cfg.LogFormat == "console" || cfg.LogFormat == "" && term.IsTerminal(int(os.Stderr.Fd())) {
		c.Encoding = "console"
		c.EncoderConfig.EncodeLevel = zapcore.CapitalLevelEncoder
		c.DisableCaller = true
	}
	return c.Build(zap.WrapCore(newLogCore))
}

// sdkLogger hands on what Temporal's SDK says from the level warn on, each thing
// once in sdkAgain: in an outage it says the same of every workflow. Its handler
// would add a stack trace to each error: those are of no use to an operator, and a
// stop under load would print many.
func sdkLogger(log *zap.Logger) sdklog.Logger {
	const never = slog.Level(math.MaxInt32)
	core := seldom{log.WithOptions(zap.IncreaseLevel(max(zap.WarnLevel, log.Level()))).Core(), &said{at: make(map[string]time.Time)}}
	return sdklog.NewStructuredLogger(slog.New(zapslog.NewHandler(core, zapslog.WithName("temporal"), zapslog.AddStacktraceAt(never))))
}

const (
	// sdkAgain is for how long the SDK's words are not repeated.
	sdkAgain = 10 * time.Second
	// maxSaid bounds how many of its words are remembered.
	maxSaid = 1000
)

// seldom leaves out what was said just before.
type seldom struct {
	zapcore.Core
	said *said
}

// With implements zapcore.Core.
func (s seldom) With(fields []zapcore.Field) zapcore.Core {
	return seldom{s.Core.With(fields), s.said}
}

// Check implements zapcore.Core.
func (s seldom) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !s.Enabled(e.Level) || s.said.lately(e) {
		return checked
	}
	return s.Core.Check(e, checked)
}

// said remembers when something was said last. Words with digits don't count: some
// of the SDK's sentences hold the ids of a run.
type said struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s *said) lately(e zapcore.Entry) bool {
	words := slices.DeleteFunc(strings.Fields(e.Message), func(word string) bool { return strings.ContainsAny(word, "0123456789") })
	key := e.Level.String() + " " + strings.Join(words, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.at[key]; ok && e.Time.Sub(last) < sdkAgain {
		return true
	}
	if len(s.at) >= maxSaid {
		clear(s.at)
	}
	s.at[key] = e.Time
	return false
}
