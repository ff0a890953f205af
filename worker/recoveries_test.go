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

// told gives out claims, and has their workflows started when Temporal is there.
type told[C any] struct {
	mu      sync.Mutex
	due     []C
	away    bool
	started []C
}

func (r *told[C]) claim(limit int) ([]C, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(limit, len(r.due))
	out := r.due[:n]
	r.due = r.due[n:]
	return out, nil
}

func (r *told[C]) unclaim(claims []C) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = append(r.due, claims...)
	return nil
}

func (r *told[C]) start(claim C) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errors.New("unavailable")
	}
	r.started = append(r.started, claim)
	return nil
}

// set says whether Temporal is away, and gives what was started so far.
func (r *told[C]) set(away bool) []C {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
	return r.started
}

type recoveries struct{ told[hook.RecoveryClaim] }

func (r *recoveries) ClaimRecoveries(_ context.Context, limit int, _ time.Duration) ([]hook.RecoveryClaim, error) {
	return r.claim(limit)
}

func (r *recoveries) UnclaimRecoveries(_ context.Context, claims []hook.RecoveryClaim) error {
	return r.unclaim(claims)
}

func (r *recoveries) StartRecover(_ context.Context, claim hook.RecoveryClaim) error {
	return r.start(claim)
}

func TestARecoveryIsStartedWithoutBeingWokenAndWaitsForTemporal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recoveries{told[hook.RecoveryClaim]{due: []hook.RecoveryClaim{{WebhookID: "wh_1", Outage: 2}}, away: true}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			(&worker.Recoveries{Claims: r, Starter: r, Log: zap.NewNop()}).Run(ctx)
			close(done)
		}()
		<-time.After(time.Minute)
		require.Empty(t, r.set(false))
		<-time.After(6 * time.Second)
		require.Len(t, r.set(false), 1)
		r.UnclaimRecoveries(ctx, []hook.RecoveryClaim{{WebhookID: "wh_2"}})
		<-time.After(300 * time.Millisecond)
		require.Len(t, r.set(false), 2)
		require.Equal(t, hook.RecoveryClaim{WebhookID: "wh_1", Outage: 2}, r.started[0])
		stop()
		<-done
	})
}
