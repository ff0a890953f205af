package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
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
