package activities

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
)

// outage is a ledger that is out of reach until it ends.
type outage struct {
	Ledger
	err   error
	until time.Time
	tries int
}

func (o *outage) Fail(context.Context, []hook.Finish) error {
	o.tries++
	if time.Now().Before(o.until) {
		return o.err
	}
	return nil
}

func (o *outage) Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error) {
	return hook.Recorded{}, o.Fail(ctx, ends)
}

func TestKeep_OutlastsAnOutage(t *testing.T) {
	away := hook.Errorf(hook.CodeUnavailable, "away")
	locked := &hook.Error{Code: hook.CodeUnavailable, Err: fmt.Errorf("wait: %w", hook.ErrLocked)}
	for name, tc := range map[string]struct {
		err    error
		status hook.DeliveryStatus
		room   bool // for something new
	}{
		"success, database away":    {away, hook.Succeeded, false},
		"failure, database away":    {away, hook.Retrying, false},
		"failure, webhook locked":   {locked, hook.Failed, true},
		"success, something locked": {locked, hook.Succeeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &outage{err: tc.err, until: time.Now().Add(10 * time.Minute)}
				a := &Activities{Ledger: o}
				firsts := FirstsOf(a)
				written := make(chan error, 1)
				began := time.Now()
				go func() { written <- a.finish(hook.Finish{Status: tc.status, WebhookID: "wh_1"}) }()
				<-time.After(time.Minute)
				require.Equal(t, tc.room, firsts.Room().Limit > 0)
				require.NoError(t, <-written)
				require.InDelta(t, 10*time.Minute, time.Since(began), float64(finishPause))
				require.Positive(t, firsts.Room().Limit)
				require.Less(t, o.tries, 2000)
			})
		})
	}
}

func TestKeep_EndsWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Activities{Ledger: &outage{err: hook.Errorf(hook.CodeUnavailable, "away"), until: time.Now().Add(time.Hour)}}
		written := make(chan error, 1)
		began := time.Now()
		a.firsts.group.Add(1) // an attempt that waits to be written
		go func() {
			written <- a.finish(hook.Finish{Status: hook.Retrying, WebhookID: "wh_1"})
			a.firsts.group.Done()
		}()
		FirstsOf(a).Stop(10 * time.Second)
		require.Error(t, <-written)
		require.InDelta(t, 10*time.Second, time.Since(began), float64(time.Second), "until then it is tried")
	})
}

func TestKeep_IsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Activities{Ledger: &outage{err: hook.Errorf(hook.CodeUnavailable, "away"), until: time.Now().Add(time.Hour)}}
		a.kept.add(maxKept)
		began := time.Now()
		require.Error(t, a.finish(hook.Finish{Status: hook.Retrying, WebhookID: "wh_1"}))
		require.InDelta(t, finishWithin, time.Since(began), float64(time.Second))
	})
}

func TestKeep_DoesNotRepeatWhatCannotSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{err: errors.New("invalid byte sequence"), until: time.Now().Add(time.Hour)}
		a := &Activities{Ledger: o}
		require.Error(t, a.finish(hook.Finish{Status: hook.Retrying, WebhookID: "wh_1"}))
		require.Equal(t, 1, o.tries)
	})
}

func TestEgress_ExcusesReceiversWhileNoneAnswers(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	var told []bool
	a := &Activities{Log: zap.New(core), Isolated: func(is bool) { told = append(told, is) }}
	fails := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonConnectTimeout}
	for i := range hook.IsolatedHosts - 1 {
		for range 3 {
			require.False(t, a.excuse(fmt.Sprintf("https://host%d.example/a?token=canary", i), fails).Own)
		}
	}
	got := a.excuse("https://another.example/", fails)
	require.True(t, got.Own)
	require.Equal(t, hook.ReasonInternal, got.Reason)
	require.True(t, a.excuse("https://host1.example/", fails).Own)
	require.False(t, a.excuse("https://host2.example/", hook.Result{Outcome: hook.Failure, Reason: hook.ReasonBlockedAddress}).Own)
	require.False(t, a.excuse("https://host2.example/", hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: 500}).Own)
	require.False(t, a.excuse("https://host1.example/", fails).Own, "there is a way out")
	require.Equal(t, []bool{true, false}, told)
	require.Equal(t, 2, logs.Len(), "once for each change")
}
