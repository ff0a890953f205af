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

// redeliveries gives out what is due, and starts it when Temporal is there.
type redeliveries struct {
	mu      sync.Mutex
	due     []hook.RedeliveryClaim
	away    bool
	started []hook.RedeliveryClaim
}

func (r *redeliveries) ClaimRedeliveries(_ context.Context, limit int, _ time.Duration) ([]hook.RedeliveryClaim, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(limit, len(r.due))
	out := r.due[:n]
	r.due = r.due[n:]
	return out, nil
}

func (r *redeliveries) UnclaimRedeliveries(_ context.Context, claims []hook.RedeliveryClaim) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = append(r.due, claims...)
	return nil
}

func (r *redeliveries) StartRedeliver(_ context.Context, claim hook.RedeliveryClaim) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errors.New("unavailable")
	}
	r.started = append(r.started, claim)
	return nil
}

func (r *redeliveries) set(away bool) []hook.RedeliveryClaim {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
	return r.started
}

func TestARedeliveryIsStartedAndWaitsForTemporal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim := hook.RedeliveryClaim{RecoveryID: "rec_1", WebhookID: "wh_1", OwnerID: "u1"}
		r := &redeliveries{due: []hook.RedeliveryClaim{claim}, away: true}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		loop := &worker.Redeliveries{Claims: r, Starter: r, Log: zap.NewNop()}
		go func() { loop.Run(ctx); close(done) }()
		<-time.After(time.Minute)
		require.Empty(t, r.set(false))
		<-time.After(6 * time.Second)
		require.Equal(t, []hook.RedeliveryClaim{claim}, r.set(false))
		stop()
		<-done
	})
}
