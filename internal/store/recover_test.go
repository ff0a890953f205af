package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

var recoveryPlan = hook.RecoveryPlan{Waits: []time.Duration{time.Minute, time.Hour}, Window: 90 * time.Minute}

// deactivated makes a webhook that health has just deactivated.
func (s stage) deactivated(t *testing.T) hook.Webhook {
	t.Helper()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.ProbeFailed, Reason: hook.ReasonStatus5xx})
	require.NoError(t, err)
	return w
}

// look reads the recovery.
func (s stage) look(t *testing.T, w hook.Webhook) hook.Recovery {
	t.Helper()
	r, err := s.Recovery(context.Background(), w.ID, recoveryPlan)
	require.NoError(t, err)
	return r
}

// probes writes down what a probe came to.
func (s stage) probes(t *testing.T, w hook.Webhook, seen hook.Recovery, what hook.Happened) (hook.Recovery, bool) {
	t.Helper()
	r, took, err := s.Probed(context.Background(), w.ID, hook.RecoveryProbe{Seen: seen, What: what, Plan: recoveryPlan})
	require.NoError(t, err)
	return r, took
}

// shown reads the webhook as it is shown.
func (s stage) shown(t *testing.T, w hook.Webhook) hook.Webhook {
	t.Helper()
	got, err := s.Webhook(context.Background(), w.ID)
	require.NoError(t, err)
	require.NoError(t, s.Reach(context.Background(), &got))
	return got
}

func (s stage) claimRecoveries(t *testing.T) []hook.RecoveryClaim {
	t.Helper()
	claims, err := s.ClaimRecoveries(context.Background(), 10, lease)
	require.NoError(t, err)
	return claims
}

func TestARecoveryIsClaimedOnceAndAgainWhenItWasNotLookedAt(t *testing.T) {
	s := newStage(t)
	w := s.deactivated(t)
	want := []hook.RecoveryClaim{{WebhookID: w.ID, OwnerID: "u1", Outage: 1}}
	claims := s.claimRecoveries(t)
	require.Equal(t, want, claims)
	require.Empty(t, s.claimRecoveries(t), "claimed")
	require.NoError(t, s.UnclaimRecoveries(context.Background(), claims))
	require.Equal(t, want, s.claimRecoveries(t))

	r := s.look(t, w)
	require.True(t, r.Running)
	require.InDelta(t, time.Minute, r.Wait(), float64(time.Second))
	require.Equal(t, 90*time.Minute, r.Until.Sub(r.NextProbeAt)+time.Minute)
	require.Equal(t, r.NextProbeAt, s.look(t, w).NextProbeAt, "planned once")
	require.InDelta(t, 120, s.number(t, `SELECT extract(epoch FROM recover_at - now())::int FROM webhooks`), 2, "a minute after the probe was due")
	pgtest.Exec(t, s.url, `UPDATE webhooks SET recover_at = recover_at - interval '3 minutes', next_probe_at = next_probe_at - interval '3 minutes'`)
	require.Equal(t, want, s.claimRecoveries(t), "nobody has probed")
	require.Negative(t, s.look(t, w).Wait())
	require.NoError(t, s.DeleteWebhook(context.Background(), w.ID))
	pgtest.Exec(t, s.url, `UPDATE webhooks SET recover_at = recover_at - interval '1 hour'`)
	require.Empty(t, s.claimRecoveries(t))
	_, err := s.Recovery(context.Background(), w.ID, recoveryPlan)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestProbesThatFailAreRepeatedUntilTheWindowEnds(t *testing.T) {
	s := newStage(t)
	w := s.deactivated(t)
	first := s.look(t, w)
	second, took := s.probes(t, w, first, hook.ProbeFailed)
	require.True(t, took)
	require.Equal(t, 1, second.Probes)
	require.InDelta(t, time.Hour, second.Wait(), float64(time.Second))
	_, took = s.probes(t, w, first, hook.ProbeFailed)
	require.False(t, took, "the same probe twice")
	_, took = s.probes(t, w, first, hook.Recovered)
	require.False(t, took)

	shown := s.shown(t, w).Recovery
	require.Equal(t, 1, shown.Probes)
	require.Equal(t, second.NextProbeAt, shown.NextProbeAt)
	pgtest.Exec(t, s.url, `UPDATE webhooks SET recover_until = now() + interval '59 minutes'`)
	last, took := s.probes(t, w, s.look(t, w), hook.ProbeFailed)
	require.True(t, took)
	require.False(t, last.Running)
	require.Zero(t, s.number(t, `SELECT count(*) FROM webhooks WHERE recover_at IS NOT NULL OR next_probe_at IS NOT NULL`))
	got := s.shown(t, w)
	require.NotZero(t, got.Recovery.GaveUpAt)
	require.Equal(t, 2, got.Recovery.Probes)
	require.Equal(t, hook.Unhealthy, got.Status)
	require.Equal(t, last.GaveUpAt, s.look(t, w).GaveUpAt, "it stays so")
	transitions, err := s.Transitions(context.Background(), w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Equal(t, hook.GaveUp, transitions[0].Cause)
	require.Len(t, transitions, 2)
}

func TestAProbeThatPassesReleasesWhatIsHeld(t *testing.T) {
	s := newStage(t)
	w := s.deactivated(t)
	s.posts(t, 3)
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	r, took := s.probes(t, w, s.look(t, w), hook.Recovered)
	require.True(t, took)
	require.False(t, r.Running)
	got := s.shown(t, w)
	require.True(t, got.Enabled)
	require.Equal(t, hook.Healthy, got.Status)
	require.Equal(t, 1, got.Drain)
	require.Nil(t, got.Recovery)
	require.Len(t, s.released(t), 1)

	_, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.ProbeFailed})
	require.NoError(t, err)
	require.Equal(t, 2, s.look(t, w).Outage, "another recovery")
	_, took = s.probes(t, w, hook.Recovery{Outage: 1}, hook.Recovered)
	require.False(t, took, "a probe of the one before")
}

func TestA410InARecoveryEndsIt(t *testing.T) {
	s := newStage(t)
	w := s.deactivated(t)
	_, took := s.probes(t, w, s.look(t, w), hook.ReceiverGone)
	require.True(t, took)
	got := s.shown(t, w)
	require.Equal(t, hook.DisabledAsGone, got.DisabledReason)
	require.Nil(t, got.Recovery)
	require.Greater(t, got.Version, w.Version+1, "it is seen to have changed")
	transitions, err := s.Transitions(context.Background(), w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Equal(t, hook.ReceiverGone, transitions[0].Cause)
}

func TestWhatEndsARecovery(t *testing.T) {
	happen := func(c hook.Cause) func(stage, hook.Webhook) error {
		return func(s stage, w hook.Webhook) error {
			_, _, err := s.Happen(context.Background(), w.ID, c)
			return err
		}
	}
	edit := func(change func(*hook.Webhook) error) func(stage, hook.Webhook) error {
		return func(s stage, w hook.Webhook) error {
			_, err := s.UpdateWebhook(context.Background(), w.ID, 0, change)
			return err
		}
	}
	for name, end := range map[string]func(stage, hook.Webhook) error{
		"enabled by its owner":  happen(hook.Cause{What: hook.OwnerEnabled}),
		"disabled by its owner": happen(hook.Cause{What: hook.OwnerDisabled, Actor: "admin", Note: "no more"}),
		"gone":                  happen(hook.Cause{What: hook.ReceiverGone}),
		"resumed by an edit":    edit(enable),
		"without auto_recover":  edit(func(w *hook.Webhook) error { w.AutoRecover = false; return nil }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			w := s.deactivated(t)
			seen := s.look(t, w)
			require.NoError(t, end(s, w))
			require.False(t, s.look(t, w).Running)
			_, took := s.probes(t, w, seen, hook.ProbeFailed)
			require.False(t, took)
			require.Empty(t, s.claimRecoveries(t))
			require.Nil(t, s.shown(t, w).Recovery)
			require.Zero(t, s.number(t, `SELECT count(*) FROM webhooks WHERE recover_at IS NOT NULL`))
		})
	}
}

func TestAutoRecoverSwitchedOnBeginsARecovery(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	set := func(w hook.Webhook, on bool) {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.AutoRecover = on; return nil })
		require.NoError(t, err)
	}
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	set(w, false)
	_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.ProbeFailed})
	require.NoError(t, err)
	require.Empty(t, s.claimRecoveries(t))
	set(w, true)
	require.Equal(t, []hook.RecoveryClaim{{WebhookID: w.ID, OwnerID: "u1", Outage: 1}}, s.claimRecoveries(t))
	require.True(t, s.look(t, w).Running)

	for _, cause := range []hook.Happened{hook.OwnerDisabled, hook.OwnerEnabled} {
		_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: cause})
		require.NoError(t, err)
		set(w, false)
		set(w, true)
		require.Empty(t, s.claimRecoveries(t), "only what health has deactivated recovers")
	}
}

func TestEnablingWhatIsEnabledReleasesWhatWasLeftHeld(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.deactivated(t)
	s.posts(t, 1)
	for _, release := range []bool{false, true} {
		require.Empty(t, s.released(t))
		_, _, err := s.Happen(ctx, w.ID, hook.Cause{What: hook.OwnerEnabled, Actor: "admin", Release: release})
		require.NoError(t, err)
	}
	s.attempt(t, s.released(t)[0].DeliveryID, success())
	pgtest.Exec(t, s.url, `UPDATE webhooks SET drain_until = drain_until - interval '2 minutes'`)
	require.Empty(t, s.released(t))
	require.False(t, s.shown(t, w).Drain > 0, "the drain comes to its end")
}

func TestANoteStandsInTheTransition(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.OwnerDisabled, Actor: "admin", Note: "maintenance"})
	require.NoError(t, err)
	transitions, err := s.Transitions(context.Background(), w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Len(t, transitions, 1)
	require.Equal(t, []string{"maintenance", "admin"}, []string{transitions[0].Note, transitions[0].Actor})
}
