package intake

import (
	"cmp"
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/store/core"
	"godwit/internal/store/health"
)

// New makes the part; first attempts that an ingest begins go to firsts.
func New(health *health.Store, firsts *inflight.Handover) *Store {
	s := &Store{Store: health, firsts: firsts, fanOut: newFanOut()}
	s.gather.run, s.large.run, s.parts.run = s.acceptAll, s.acceptAll, s.acceptPartsOf
	return s
}

// Ingest accepts events: each new one is stored together with one delivery per
// matching webhook, all of them in one transaction. schemas holds for each event
// the version of its type's schema that it was checked against, and judge decides
// where a rule has a condition. The answers come in the order of the events; the
// error means that none was accepted, or, where ctx ended, that nobody knows.
//
// An event whose id was accepted before, with the same content, is a duplicate
// and delivers nothing again; with other content it is CodeConflict; an unknown
// project or type is CodeInvalid; one that was checked against another schema
// is SchemaChanged. None of them touches the other events.
func (s *Store) Ingest(ctx context.Context, events []hook.Event, schemas []int64, judge hook.Judge) ([]hook.Accepted, error) {
	ctx = core.Via(ctx, s.IntakePool)
	accepted := make([]*hook.Accepted, len(events)) // nil = not accepted now
	o := offered{events: events, schemas: schemas}
	before := len(events)
	left, err := s.ingestMore(ctx, o, nil, judge, accepted)
	for err == nil && len(left) > 0 {
		// Twice as many as fitted into the last one: all of them would be sent to the
		// database again with each statement.
		n := min(len(left), 2*max(1, before-len(left)))
		before = len(left)
		again, failed := s.ingestMore(ctx, o, left[:n], judge, accepted)
		left, err = append(again, left[n:]...), failed
	}
	if err != nil && !partly(ctx, accepted) {
		return nil, core.Classify("ingest", err)
	}
	if err != nil {
		refuseRest(err, accepted)
	}
	return s.answers(ctx, events, schemas, accepted)
}

// ingestMore accepts the events at the positions, nil = all, as far as they fit
// into one statement, and gives the positions of those that are left.
func (s *Store) ingestMore(ctx context.Context, o offered, positions []int, judge hook.Judge, accepted []*hook.Accepted) (left []int, err error) {
	part := o
	if positions != nil {
		part = o.at(positions)
		part.rest = true
	}
	found, err := s.offer(ctx, part)
	if err != nil {
		return nil, err
	}
	var asked []ingested
	for _, r := range found {
		if positions != nil {
			r.position = positions[r.position]
		}
		switch {
		case r.accepted:
			accepted[r.position] = r.answer()
		case r.deferred:
			left = append(left, r.position)
		default:
			asked = append(asked, r)
		}
	}
	slices.Sort(left) // in the order of the batch
	if len(asked) > 0 {
		err = s.ingestJudged(ctx, o, asked, judge, accepted)
	}
	return left, err
}

// partly says that some events were accepted, whatever happens to the others; not
// within a transaction that ends with all of them.
func partly(ctx context.Context, accepted []*hook.Accepted) bool {
	return core.TxOf(ctx) == nil && slices.ContainsFunc(accepted, func(a *hook.Accepted) bool { return a != nil && a.Err == nil })
}

// refuseRest answers for those that were not accepted.
func refuseRest(err error, accepted []*hook.Accepted) {
	for i, a := range accepted {
		if a == nil {
			accepted[i] = &hook.Accepted{Err: &hook.Error{Code: hook.CodeUnavailable,
				Message: "the database did not take this event of the batch in time; send it again", Err: err}}
		}
	}
}

// ingestJudged asks the conditions and accepts the events with what they come to,
// in statements that insert no more than DeliveriesAtOnce.
func (s *Store) ingestJudged(ctx context.Context, o offered, asked []ingested, judge hook.Judge, accepted []*hook.Accepted) error {
	candidates, positions := candidatesOf(o.events, asked)
	choice, err := judge(ctx, hook.Offer{Candidates: candidates, Load: s.Conditions, InTransaction: core.TxOf(ctx) != nil})
	if err != nil {
		return err
	}
	for _, some := range byRoom(o.events, positions, slices.Concat(choice.Matches, choice.Deferred)) {
		j := judgedIngest{o.at(some), some, accepted}
		if err := s.acceptChoice(ctx, j, j.of(choice)); err != nil {
			return err
		}
	}
	return nil
}

// byRoom splits positions, so that about DeliveriesAtOnce of what matches, or may
// match, are at each part.
func byRoom(events []hook.Event, positions []int, matches []hook.Candidate) (parts [][]int) {
	of := make(map[string]int)
	for _, m := range matches {
		of[m.Event.ID]++
	}
	n := DeliveriesAtOnce
	for _, at := range positions {
		if n >= DeliveriesAtOnce {
			parts, n = append(parts, nil), 0
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], at)
		n += of[events[at].ID]
	}
	return parts
}

// acceptChoice accepts events, of which some may stand in windows.
func (s *Store) acceptChoice(ctx context.Context, j judgedIngest, choice hook.Choice) error {
	ctx = s.ByProject(ctx, j.events)
	if len(choice.Happenings) == 0 {
		return s.acceptJudged(ctx, j, choice)
	}
	return s.acceptParts(ctx, j, choice)
}

// acceptJudged accepts the events with what the conditions came to. What it begins
// must not end with the request.
func (s *Store) acceptJudged(ctx context.Context, j judgedIngest, choice hook.Choice) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), core.LongestIngest)
	defer cancel()
	leave, err := s.Enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	columns := j.columns(s.room(ctx), choice)
	var events []hook.Event
	var found []ingested
	err = s.ByItself(ctx, "ingest", statementFor(choice), func(accept *sqlx.Stmt) error {
		events, found = nil, nil
		return eachIngested(ctx, accept, columns, func(r ingested) {
			events, found = append(events, j.events[r.position]), append(found, r)
			j.keep(r)
		})
	})
	if err == nil {
		j.markUndecided(choice)
		s.beginFirsts(ctx, events, found)
	}
	return err
}

// candidatesOf turns rows into candidates, in the order of the events and then
// of the rules. positions are those of the events that have a row; a candidate's
// place is its event's among them.
func candidatesOf(events []hook.Event, asked []ingested) (candidates []hook.Candidate, positions []int) {
	slices.SortFunc(asked, func(a, b ingested) int { return cmp.Compare(a.position, b.position) })
	for _, r := range asked {
		positions = append(positions, r.position)
		e := events[r.position]
		e.CompanyID, e.OccurredAt = r.companyID.String, r.occurredAt.Time.UTC()
		first := len(candidates)
		for i := range r.webhooks {
			candidates = append(candidates, hook.Candidate{Event: &e, WebhookID: r.webhooks[i], RuleID: r.rules[i], Part: int(r.parts[i])})
		}
		slices.SortFunc(candidates[first:], func(a, b hook.Candidate) int {
			if a.RuleID != b.RuleID {
				return cmp.Compare(a.RuleID, b.RuleID)
			}
			return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.WebhookID, b.WebhookID))
		})
	}
	return candidates, positions
}
