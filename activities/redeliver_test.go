package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/activities"
	"godwit/internal/hook"
)

// steps answers every step alike.
type steps struct {
	activities.Steps
	step hook.RedeliveryStep
	err  error
}

func (s steps) RedeliverStep(context.Context, string) (hook.RedeliveryStep, error) {
	return s.step, s.err
}

func TestRedeliverStepWakesTheDispatcherWhenSomethingWasLetGo(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps steps
		woken int
	}{
		{"let go", steps{step: hook.RedeliveryStep{Released: 50, More: true}}, 1},
		{"no room", steps{step: hook.RedeliveryStep{More: true}}, 0},
		{"done", steps{step: hook.RedeliveryStep{Done: true}}, 0},
		{"database away", steps{err: errors.New("the database can't be reached")}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			woken := 0
			acts := &activities.Activities{Steps: c.steps, Wake: func() { woken++ }, Log: zap.NewNop()}
			for range 2 {
				got, err := acts.RedeliverStep(context.Background(), activities.RedeliverStepInput{RedeliveryID: "rdl_1"})
				require.Equal(t, c.steps.err, err)
				require.Equal(t, c.steps.step, got)
			}
			require.Equal(t, 2*c.woken, woken)
			acts.Wake = nil
			_, err := acts.RedeliverStep(context.Background(), activities.RedeliverStepInput{})
			require.Equal(t, c.steps.err, err, "nobody to be told")
		})
	}
}
