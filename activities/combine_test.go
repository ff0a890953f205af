package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/activities"
	"godwit/internal/hook"
)

// windows answers every look alike.
type windows struct {
	activities.Steps
	progress hook.Progress
	err      error
}

func (w windows) Advance(context.Context, int64, string) (hook.Progress, error) {
	return w.progress, w.err
}

func TestAdvanceWakesTheDispatcherWhenSomethingFired(t *testing.T) {
	for _, c := range []struct {
		name  string
		look  windows
		woken int
	}{
		{"fired", windows{progress: hook.Progress{Fired: []string{"evt_1", "evt_2"}}}, 1},
		{"waits", windows{progress: hook.Progress{Open: true}}, 0},
		{"closed", windows{}, 0},
		{"database away", windows{err: errors.New("the database can't be reached")}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			woken := 0
			acts := &activities.Activities{Steps: c.look, Wake: func() { woken++ }, Log: zap.New(core)}
			got, err := acts.Advance(context.Background(), activities.AdvanceInput{RuleID: 1, Key: "k"})
			require.Equal(t, c.look.err, err)
			require.Equal(t, c.look.progress, got)
			require.Equal(t, c.woken, woken)
			require.Equal(t, len(c.look.progress.Fired), logs.FilterMessage("combination.fired").Len())
			acts.Wake = nil
			_, err = acts.Advance(context.Background(), activities.AdvanceInput{})
			require.Equal(t, c.look.err, err, "nobody to be told")
		})
	}
}
