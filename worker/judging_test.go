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

// judgements are those of two owners; each takes 60 ms to judge.
type judgements struct {
	start   time.Time
	waiting map[string][]hook.Judgement
	settled []string // by whose webhook, with the time
	at      []time.Duration
}

func (j *judgements) ClaimJudgements(_ context.Context, after string, limit int, _ time.Duration) (string, []hook.Judgement, error) {
	for _, owner := range []string{"a", "b"} {
		if all := j.waiting[owner]; owner > after && len(all) > 0 {
			n := min(limit, len(all))
			j.waiting[owner] = all[n:]
			return owner, all[:n], nil
		}
	}
	return "", nil, nil
}

func (j *judgements) SettleJudgements(_ context.Context, judged []hook.Judgement, _ hook.Choice) (hook.Settled, error) {
	for _, one := range judged {
		j.settled, j.at = append(j.settled, one.WebhookID), append(j.at, time.Since(j.start))
	}
	return hook.Settled{}, nil
}

func (j *judgements) UnclaimJudgements(_ context.Context, claims []hook.Judgement) error {
	owner := claims[0].WebhookID
	j.waiting[owner] = append(claims, j.waiting[owner]...)
	return nil
}

func (j *judgements) Conditions(context.Context, []int64) ([]hook.StoredRule, error) { return nil, nil }

// TestJudging_OwnersTakeTurns: the one judgement of b does not wait for the 40 of
// a, and half of the time is left to others.
func TestJudging_OwnersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &judgements{start: time.Now(), waiting: map[string][]hook.Judgement{}}
		one := func(owner string) hook.Judgement {
			return hook.Judgement{WebhookID: owner, Candidates: []hook.Candidate{{Event: &hook.Event{}, WebhookID: owner, RuleID: 1}}}
		}
		for range 40 {
			j.waiting["a"] = append(j.waiting["a"], one("a"))
		}
		j.waiting["b"] = append(j.waiting["b"], one("b"))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		(&worker.Judging{Judgements: j, Log: zap.NewNop(), Judge: func(context.Context, hook.Offer) (hook.Choice, error) {
			<-time.After(60 * time.Millisecond)
			return hook.Choice{}, nil
		}}).Run(ctx)
		const each = 60 * time.Millisecond
		require.Len(t, j.settled, 41)
		require.Equal(t, []string{"a", "a", "b", "a", "a", "a"}, j.settled[:6])
		require.Equal(t, []time.Duration{each, 2 * each, 5 * each, 7 * each, 8 * each}, j.at[:5], "with breaks as long as the turns")
	})
}
