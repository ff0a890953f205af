package app

import (
	"fmt"
	"log/slog"
	"math"
	"os"

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
	c.Sampling = nil // a line per attempt is a promise
	c.DisableStacktrace = true
	c.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncoderConfig.EncodeDuration = zapcore.StringDurationEncoder
	if cfg.LogFormat == "console" || cfg.LogFormat == "" && term.IsTerminal(int(os.Stderr.Fd())) {
		c.Encoding = "console"
		c.EncoderConfig.EncodeLevel = zapcore.CapitalLevelEncoder
		c.DisableCaller = true
	}
	return c.Build()
}

// sdkLogger hands on what Temporal's SDK says from the level warn on. Its
// handler would add a stack trace to each error: those are of no use to an
// operator, and a stop under load would print many.
func sdkLogger(log *zap.Logger) sdklog.Logger {
	const never = slog.Level(math.MaxInt32)
	core := log.WithOptions(zap.IncreaseLevel(zap.WarnLevel)).Core()
	return sdklog.NewStructuredLogger(slog.New(zapslog.NewHandler(core, zapslog.WithName("temporal"), zapslog.AddStacktraceAt(never))))
}
