package app_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdklog "go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/app"
)

func TestSDKLogger_SaysWhatAnOperatorCanActOn(t *testing.T) {
	core, seen := observer.New(zapcore.DebugLevel)
	log := app.SDKLogger(zap.New(core))
	log.Info("Started Worker")
	log.Error("Activity error.", "Error", "away")
	require.Equal(t, 1, seen.Len(), "a line at the start would break the block of addresses")
	entry := seen.All()[0]
	require.Equal(t, "Activity error.", entry.Message)
	require.Equal(t, "temporal", entry.LoggerName)
	require.Empty(t, entry.Stack, "a clean stop must print no stack traces")
}

// TestSDKLogger_SaysTheSameOnce: in an outage it warns of every workflow, with the
// ids of its run in the words.
func TestSDKLogger_SaysTheSameOnce(t *testing.T) {
	core, seen := observer.New(zapcore.DebugLevel)
	log := app.SDKLogger(zap.New(core))
	of := log.(sdklog.WithLogger).With("Namespace", "godwit")
	for n := range 50 {
		log.Warn("LocalActivity completed after activity deadline.", "LocalActivityID", n)
		of.Warn(fmt.Sprintf("[TMPRL1104] 01a22191-%d:4:1 Workflow task duration exceeded 5 seconds.", n))
		of.Warn("LocalActivity completed after activity deadline.")
	}
	require.Equal(t, 2, seen.Len(), seen.All())
	log.Error("LocalActivity completed after activity deadline.")
	require.Equal(t, 3, seen.Len(), "another level")
}

func TestSDKLogger_KeepsTheLevel(t *testing.T) {
	for level, want := range map[zapcore.Level][]zapcore.Level{
		zapcore.DebugLevel: {zapcore.WarnLevel, zapcore.ErrorLevel},
		zapcore.WarnLevel:  {zapcore.WarnLevel, zapcore.ErrorLevel},
		zapcore.ErrorLevel: {zapcore.ErrorLevel},
	} {
		core, seen := observer.New(level)
		var complaints zaptest.Buffer
		log := app.SDKLogger(zap.New(core, zap.ErrorOutput(&complaints)))
		log.Info("Started Worker")
		log.Warn("Failed to poll for task.")
		log.Error("Activity error.")
		require.Empty(t, complaints.String(), "%s: zap says that it can't lower a level", level)
		var levels []zapcore.Level
		for _, entry := range seen.All() {
			levels = append(levels, entry.Level)
		}
		require.Equal(t, want, levels)
	}
}
