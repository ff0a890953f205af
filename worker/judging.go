package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

const (
	// judgeAtOnce is how many judgements of one owner are claimed together, and
	// ownersTurn how long they may take: then the next owner has its turn. One
	// judgement takes a third of a second at most.
	judgeAtOnce = 32
	ownersTurn  = 100 * time.Millisecond
	// judgeLease is when another process may take what this one has claimed.
	judgeLease = time.Minute
	// longestBreak bounds the break after a turn. It is as long as the turn, so that
	// judging takes half of a processor at most.
	longestBreak = time.Second
)

// Judgements holds what is yet to be judged; it is a *store.Store. It is an interface
// because the test of the owners' turns runs on virtual time.
type Judgements interface {
	// ClaimJudgements takes judgements of the first owner after the given one who has
	// some that are due. An empty owner: there is none.
	ClaimJudgements(ctx context.Context, after string, limit int, lease time.Duration) (owner string, claimed []hook.Judgement, err error)
	// SettleJudgements ends judgements of one event with what they have come to.
	SettleJudgements(ctx context.Context, judged []hook.Judgement, choice hook.Choice) (hook.Settled, error)
	// UnclaimJudgements makes claimed judgements due again at once.
	UnclaimJudgements(ctx context.Context, claims []hook.Judgement) error
	// Conditions reads rules.
	Conditions(ctx context.Context, ids []int64) ([]hook.StoredRule, error)
}

// Judging asks the filters for which no publisher was made to wait. The owners of
// the webhooks take turns, so that the filters of one delay their own events. Any
// number of processes may do so.
type Judging struct {
	Judgements Judgements
	Judge      hook.Judge
	// Wake says that there is something to judge; nil = only time does.
	Wake <-chan struct{}
	// Found wakes the loop that goes on with what was found; nil = time does.
	Found func(hook.Due)
	Log   *zap.Logger

	last string // whose turn it was
}

// Run judges until ctx ends.
func (j *Judging) Run(ctx context.Context) {
	var rest idle
	for ctx.Err() == nil {
		began := time.Now()
		found, err := j.Turn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			j.Log.Warn("events wait to be judged", zap.Error(err))
			wait(ctx, nil, longestPause)
		case found:
			rest = idle{}
			wait(ctx, nil, min(time.Since(began), longestBreak))
		default:
			wait(ctx, j.Wake, rest.after(false))
		}
	}
}

// Turn judges for the next owner; false = there is nothing to judge.
func (j *Judging) Turn(ctx context.Context) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, judgeLease/2)
	defer cancel()
	owner, claimed, err := j.Judgements.ClaimJudgements(ctx, j.last, judgeAtOnce, judgeLease)
	if err == nil && owner == "" && j.last != "" { // the last owner of the round
		owner, claimed, err = j.Judgements.ClaimJudgements(ctx, "", judgeAtOnce, judgeLease)
	}
	j.last = owner
	if err != nil || owner == "" {
		return false, err
	}
	for began := time.Now(); len(claimed) > 0 && err == nil && time.Since(began) < ownersTurn; {
		event := claimed[0].Candidates[0].Event
		n := 0 // judgements of the event, for one transaction
		var choice hook.Choice
		for first := time.Now(); n < len(claimed) && claimed[n].Candidates[0].Event == event && time.Since(first) < ownersTurn && err == nil; {
			if err = j.judge(ctx, claimed[n], &choice); err == nil {
				n++
			}
		}
		if n > 0 {
			err = errors.Join(err, j.settle(ctx, claimed[:n], choice))
			claimed = claimed[n:]
		}
	}
	if len(claimed) == 0 {
		return true, err
	}
	// Also while stopping: another process should not have to wait for the lease.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	return true, errors.Join(err, j.Judgements.UnclaimJudgements(back, claimed))
}

func (j *Judging) judge(ctx context.Context, one hook.Judgement, choice *hook.Choice) error {
	c, err := j.Judge(ctx, hook.Offer{Candidates: one.Candidates, Load: j.Judgements.Conditions})
	if err == nil {
		choice.Matches, choice.Happenings = slices.Concat(choice.Matches, c.Matches), slices.Concat(choice.Happenings, c.Happenings)
	}
	return err
}

func (j *Judging) settle(ctx context.Context, judged []hook.Judgement, choice hook.Choice) error {
	settled, err := j.Judgements.SettleJudgements(ctx, judged, choice)
	if err != nil {
		return err
	}
	if settled.Due && j.Found != nil {
		j.Found(hook.DueDeliveries)
	}
	if settled.Happened && j.Found != nil {
		j.Found(hook.DueWindows)
	}
	return nil
}
