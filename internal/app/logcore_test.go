package app_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/app"
	"godwit/internal/hook"
)

func careful() (*zap.Logger, *observer.ObservedLogs) {
	core, seen := observer.New(zapcore.InfoLevel)
	return zap.New(app.NewLogCore(core)), seen
}

func TestLog_HasFewLinesOfOneSentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, seen := careful()
		part := log.With(zap.String("part", "worker"))
		for range 30_000 { // 30 s
			log.Warn("note which workflow carries deliveries")
			part.Info("an overdue delivery gets a new workflow")
			<-time.After(time.Millisecond)
		}
		require.LessOrEqual(t, seen.Len(), 40)
		require.GreaterOrEqual(t, seen.FilterMessage("note which workflow carries deliveries").Len(), 15)
		<-time.After(time.Minute)
		log.Warn("note which workflow carries deliveries")
		last := seen.All()[seen.Len()-1]
		require.Greater(t, last.ContextMap()["left_out"], int64(9000), "what was left out is counted")
	})
}

func TestLog_HasALineForEachRecord(t *testing.T) {
	log, seen := careful()
	for range 1000 {
		log.Info("delivery.attempted")
	}
	require.Equal(t, 1000, seen.Len())
	log.Error("another sentence")
	log.Warn("another sentence")
	require.Equal(t, 1002, seen.Len(), "each level for itself")
}

func TestLog_SaysWhatToDo(t *testing.T) {
	away := &hook.Error{Code: hook.CodeUnavailable, Message: "the database can't be reached", Why: "refused", Err: errors.New("refused")}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"database": {fmt.Errorf("claim: %w", away), "see whether the database runs"},
		"lock":     {&hook.Error{Code: hook.CodeUnavailable, Err: fmt.Errorf("%w: x", hook.ErrLocked)}, "pg_blocking_pids"},
		"Temporal": {fmt.Errorf("start: %w", serviceerror.NewUnavailable("connection refused")), "see whether Temporal runs"},
		"another":  {errors.New("a bug"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			log, seen := careful()
			log.Warn("dispatching pauses", zap.Error(c.err))
			todo, said := seen.All()[0].ContextMap()["do"]
			require.Equal(t, c.says != "", said)
			if said {
				require.Contains(t, todo, c.says)
			}
		})
	}
}
