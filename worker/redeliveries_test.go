package worker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/worker"
)

type redeliveries struct{ told[hook.RedeliveryClaim] }

func (r *redeliveries) ClaimRedeliveries(_ context.Context, limit int, _ time.Duration) ([]hook.RedeliveryClaim, error) {
	return r.claim(limit)
}

func (r *redeliveries) UnclaimRedeliveries(_ context.Context, claims []hook.RedeliveryClaim) error {
	return r.unclaim(claims)
}

func (r *redeliveries) StartRedeliver(_ context.Context, claim hook.RedeliveryClaim) error {
	return r.start(claim)
}

func TestARedeliveryIsStartedAndWaitsForTemporal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim := hook.RedeliveryClaim{RedeliveryID: "rdl_1", WebhookID: "wh_1", OwnerID: "u1"}
		r := &redeliveries{told[hook.RedeliveryClaim]{due: []hook.RedeliveryClaim{claim}, away: true}}
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
