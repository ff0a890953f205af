package worker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/worker"
)

// recoveries gives out one recovery, and starts its workflow when Temporal is
// there.
type recoveries struct {
	mu      sync.Mutex
	due     []hook.RecoveryClaim
	away    bool
	started []hook.RecoveryClaim
}

func (r *recoveries) ClaimRecoveries(_ context.Context, limit int, _ time.Duration) ([]hook.RecoveryClaim, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(limit, len(r.due))
	out := r.due[:n]
	r.due = r.due[n:]
	return out, nil
}

func (r *recoveries) UnclaimRecoveries(_ context.Context, claims []hook.RecoveryClaim) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = append(r.due, claims...)
	return nil
}

func (r *recoveries) StartRecover(_ context.Context, claim hook.RecoveryClaim) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errors.New("unavailable")
	}
	r.started = append(r.started, claim)
	return nil
}

func (r *recoveries) set(away bool) (started int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
	return len(r.started)
}

func TestARecoveryIsStartedWithoutBeingWokenAndWaitsForTemporal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recoveries{due: []hook.RecoveryClaim{{WebhookID: "wh_1", Outage: 2}}, away: true}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			(&worker.Recoveries{Claims: r, Starter: r, Log: zap.NewNop()}).Run(ctx)
			close(done)
		}()
		<-time.After(time.Minute)
		require.Zero(t, r.set(false))
		<-time.After(6 * time.Second)
		require.Equal(t, 1, r.set(false))
		r.UnclaimRecoveries(ctx, []hook.RecoveryClaim{{WebhookID: "wh_2"}})
		<-time.After(300 * time.Millisecond)
		require.Equal(t, 2, r.set(false))
		require.Equal(t, hook.RecoveryClaim{WebhookID: "wh_1", Outage: 2}, r.started[0])
		stop()
		<-done
	})
}
