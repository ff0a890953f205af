package intake

import "godwit/internal/hook"

// judgedIngest is what conditions were asked about: a part of what was offered.
type judgedIngest struct {
	offered
	positions []int // among all that was offered
	accepted  []*hook.Accepted
}

func (j judgedIngest) keep(r ingested) { j.accepted[j.positions[r.position]] = r.answer() }

func (j judgedIngest) columns(room hook.Take, choice hook.Choice) []any {
	columns := judgedColumns(j.offered, room, choice.Matches)
	if len(choice.Deferred) > 0 {
		columns = append(columns, deferredColumns(choice.Deferred)...)
	}
	return columns
}

// markUndecided notes of which events something is yet to be judged.
func (j judgedIngest) markUndecided(choice hook.Choice) {
	accepted := j.acceptedByID()
	for _, c := range choice.Deferred {
		if a := accepted[c.Event.ID]; a != nil {
			a.Judging = true
		}
	}
}

// acceptedByID leaves out the events that were not accepted.
func (j judgedIngest) acceptedByID() map[string]*hook.Accepted {
	out := make(map[string]*hook.Accepted, len(j.events))
	for i, at := range j.positions {
		if a := j.accepted[at]; a != nil {
			out[j.events[i].ID] = a
		}
	}
	return out
}

// of is what a choice says of these events.
func (j judgedIngest) of(choice hook.Choice) hook.Choice {
	mine := make(map[string]bool, len(j.events))
	for _, e := range j.events {
		mine[e.ID] = true
	}
	var out hook.Choice
	for _, m := range choice.Matches {
		if mine[m.Event.ID] {
			out.Matches = append(out.Matches, m)
		}
	}
	for _, c := range choice.Deferred {
		if mine[c.Event.ID] {
			out.Deferred = append(out.Deferred, c)
		}
	}
	for _, h := range choice.Happenings {
		if mine[h.EventID] {
			out.Happenings = append(out.Happenings, h)
		}
	}
	return out
}

// statementFor is what accepts events with a choice.
func statementFor(choice hook.Choice) string {
	if len(choice.Deferred) > 0 {
		return acceptUndecided
	}
	return acceptJudged
}
