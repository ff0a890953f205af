package api

import (
	"context"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

// addStats puts the numbers of a page of webhooks into its rows.
func (s *server) addStats(ctx context.Context, page []Webhook) error {
	if len(page) == 0 {
		return nil
	}
	ids := make([]string, len(page))
	for i, w := range page {
		ids[i] = w.ID
	}
	since := s.Now().UTC().Truncate(time.Hour).Add(-(hook.NumbersHours - 1) * time.Hour)
	numbers, err := s.Store.WebhookNumbers(ctx, ids, since)
	if err != nil {
		return err
	}
	for i := range page {
		page[i].Stats = viewStats(numbers[page[i].ID], since)
	}
	return nil
}

func viewStats(n hook.WebhookNumbers, since time.Time) *webhookStats {
	out := &webhookStats{Since: since, LastAttemptAt: view.OptionalTime(n.LastAttemptAt), LastDeliveredAt: view.OptionalTime(n.LastDeliveredAt), FailuresInRow: n.FailuresInRow,
		Waiting: n.Waiting, Held: n.Held, OffSince: view.OptionalTime(n.OffSince), Draining: n.Draining, Recovery: viewRecovery(n.Recovery),
		Unreachable: append([]int{}, n.Unreachable...), Hourly: make([]hourlyStats, hook.NumbersHours)}
	if n.Drain != nil {
		out.Drain = &drainProgress{Total: n.Drain.Total, Left: min(n.Drain.Left, n.Drain.Total)}
	}
	if !n.LastFailureAt.IsZero() {
		out.LastFailure = &webhookFailed{At: n.LastFailureAt.UTC(), Reason: n.LastFailureReason}
	}
	for i := range out.Hourly {
		out.Hourly[i].Hour = since.Add(time.Duration(i) * time.Hour)
	}
	for _, h := range n.Hourly {
		at := int(h.Hour.Sub(since) / time.Hour)
		if at < 0 || at >= len(out.Hourly) {
			continue // of a clock that has just moved on
		}
		out.Hourly[at].Succeeded, out.Hourly[at].Failed = h.Succeeded, h.Attempts-h.Succeeded
		out.Attempts += h.Attempts
		out.Succeeded += h.Succeeded
	}
	out.Failed = out.Attempts - out.Succeeded
	return out
}

// addLastAttempts puts the newest requests of a page of deliveries into its rows.
func (s *server) addLastAttempts(ctx context.Context, page []Delivery) error {
	if len(page) == 0 {
		return nil
	}
	ids, at := make([]string, len(page)), map[string]int{}
	for i, d := range page {
		ids[i], at[d.ID] = d.ID, i
	}
	attempts, err := s.Store.LastAttempts(ctx, ids)
	for _, a := range attempts {
		d := &page[at[a.DeliveryID]]
		r := a.Result
		d.LastAttempt = &lastAttempt{Number: max(1, min(d.AttemptCount, hook.MaxAttempts)), At: a.StartedAt.UTC(), DurationMS: r.Duration.Milliseconds(),
			StatusCode: view.Optional(r.StatusCode), Outcome: r.Outcome, Reason: view.Optional(r.Reason)}
		switch r.Outcome {
		case "":
			d.LastAttempt.Outcome = view.InFlight
		case hook.PutOff: // has the number of the one that follows
			d.LastAttempt.Number = min(d.AttemptCount+1, hook.MaxAttempts)
		}
	}
	return err
}

type eventOutcome struct {
	Total     int `json:"total" minimum:"0" maximum:"500" doc:"All of them: one for each webhook, of what was sent again the newest; 500 = so many or more"`
	Succeeded int `json:"succeeded" minimum:"0" maximum:"500" doc:"Those that arrived"`
	Failed    int `json:"failed" minimum:"0" maximum:"500" doc:"Those that used up their attempts"`
	Waiting   int `json:"waiting" minimum:"0" maximum:"500" doc:"Those that are pending or retrying"`
	Held      int `json:"held" minimum:"0" maximum:"500" doc:"Those that are kept because their webhook is or was off"`
}

// listedEvent is an event in a list: with its outcome.
type listedEvent struct {
	EventSummary
	ActorName  *string      `json:"actor_name" maxLength:"200" doc:"The name of the user who did it, where the key may know it: an admin's all, a user's its own and those of members of the event's project. null = not known, or no user"`
	Deliveries eventOutcome `json:"deliveries" doc:"How many deliveries it has that the key may see"`
}

// addToRows puts into the rows of a page of events their counts, and who did them.
func (s *server) addToRows(ctx context.Context, page []listedEvent) error {
	if len(page) == 0 {
		return nil
	}
	ids := make([]string, len(page))
	for i, e := range page {
		ids[i] = e.ID
	}
	outcomes, err := s.Store.EventOutcomes(ctx, ids)
	for i, id := range ids {
		page[i].Deliveries = eventOutcome(outcomes[id])
	}
	if err != nil {
		return err
	}
	of := make([]EventSummary, len(page))
	for i, e := range page {
		of[i] = e.EventSummary
	}
	names, err := s.actorNames(ctx, of...)
	for i, name := range names {
		page[i].ActorName = view.Optional(name)
	}
	return err
}

// actorNames gives the name of who did each of the events, where the request may know
// it; "" for others. A test says of itself who did it, so it opens nobody's name.
func (s *server) actorNames(ctx context.Context, events ...EventSummary) ([]string, error) {
	deeds := make([]hook.ActorIn, len(events))
	for i, e := range events {
		if e.ActorID != nil {
			deeds[i].ActorID = *e.ActorID
		}
		if e.Kind == hook.KindPublished {
			deeds[i].ProjectID = e.ProjectID
		}
	}
	return s.Store.ActorNames(ctx, deeds)
}
