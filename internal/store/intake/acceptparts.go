package intake

import (
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// acceptParts accepts events that count in combinations. Each locks the windows that
// it counts in until the commit. Requests that come while a transaction is under way
// share the next one, instead of waiting one by one for the same lock.
func (s *Store) acceptParts(ctx context.Context, j judgedIngest, choice hook.Choice) error {
	w := &caller{offered: j.offered, choice: choice}
	var err error
	if core.TxOf(ctx) != nil || len(w.events) > gatherEvents {
		err = s.acceptPartsOf(ctx, []*caller{w})
	} else {
		err = core.Classify("ingest", s.parts.call(ctx, w))
	}
	if err != nil {
		return err
	}
	for i, a := range w.answers {
		j.accepted[j.positions[i]] = a
	}
	return nil
}

// acceptPartsOf is a gather's run: it accepts the events of several requests as if
// they were those of one.
func (s *Store) acceptPartsOf(ctx context.Context, all []*caller) error {
	var j judgedIngest
	var choice hook.Choice
	for _, w := range all {
		for range w.events {
			j.positions = append(j.positions, len(j.positions))
		}
		j.events, j.schemas = append(j.events, w.events...), append(j.schemas, w.schemas...)
		choice.Matches, choice.Deferred = append(choice.Matches, w.choice.Matches...), append(choice.Deferred, w.choice.Deferred...)
		choice.Happenings = append(choice.Happenings, w.choice.Happenings...)
	}
	ctx = s.ByProject(ctx, j.events)
	j.accepted = make([]*hook.Accepted, len(j.events))
	if err := s.acceptWithParts(ctx, j, choice); err != nil {
		return err
	}
	for _, w := range all {
		w.answers, j.accepted = j.accepted[:len(w.events)], j.accepted[len(w.events):]
	}
	return nil
}

// acceptWithParts accepts events in one transaction with what they are in combinations.
func (s *Store) acceptWithParts(ctx context.Context, j judgedIngest, choice hook.Choice) error {
	accept, err := s.Prepared(ctx, statementFor(choice))
	if err != nil {
		return core.Classify("prepare the ingest", err)
	}
	columns := j.columns(hook.Take{}, choice)
	return s.InTx(ctx, "ingest", func(tx *sqlx.Tx) error {
		clear(j.accepted) // of the try before this one
		if err := eachIngested(ctx, tx.StmtxContext(ctx, accept), columns, j.keep); err != nil {
			return err
		}
		j.markUndecided(choice)
		return s.happened(ctx, tx, choice.Happenings, j.acceptedByID())
	})
}
