package api

import (
	"context"
	"fmt"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type ledgerInput struct {
	ByID
	PageQuery
	Since instant `query:"since" doc:"Matched at or after; 24 hours before until when left out"`
	Until instant `query:"until" doc:"Matched before; now when left out. At most 31 days after since"`
}

// query gives the stretch of time that is asked about.
func (in ledgerInput) query(now time.Time) (hook.LedgerQuery, error) {
	q := hook.LedgerQuery{WebhookID: in.ID, Since: in.Since.Time, Until: in.Until.Time}
	if q.Until.IsZero() {
		q.Until = now
	}
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-hook.DefaultReport)
	}
	switch {
	case !q.Since.Before(q.Until):
		return q, badParameter(hook.Field{Pointer: "?since", Code: hook.FieldTime, Params: hook.Params{"expected": "before_until"}, Detail: "must be before until, which is now unless it is given"})
	case q.Until.Sub(q.Since) > hook.MaxLedger:
		return q, badParameter(hook.Field{Pointer: "?since", Code: hook.FieldRange, Params: hook.Params{"min": q.Until.Add(-hook.MaxLedger).UTC(), "max": q.Until.UTC()},
			Detail: "must be no more than " + days(hook.MaxLedger) + " before until; ask for a shorter time, one after the other"})
	}
	return q, nil
}

type ledger struct {
	Since       time.Time         `json:"since" doc:"Beginning of the time that is accounted for"`
	Until       time.Time         `json:"until" doc:"End of it, exclusive"`
	Matched     int               `json:"matched" doc:"How many events matched: succeeded + pending + retrying + failed + held + cancelled"`
	Pending     int               `json:"pending" doc:"Events whose newest delivery was not tried yet"`
	Retrying    int               `json:"retrying" doc:"Events whose newest delivery waits for its next attempt"`
	Succeeded   int               `json:"succeeded" doc:"Events that arrived"`
	Failed      int               `json:"failed" doc:"Events whose newest delivery used all attempts, or met a 410"`
	Held        int               `json:"held" doc:"Events that are kept because the webhook is or was switched off"`
	Cancelled   int               `json:"cancelled" doc:"Events whose newest delivery was cancelled"`
	ByReason    map[string]int    `json:"by_reason" nullable:"false" doc:"What is failed, held or cancelled, by its reason"`
	Balanced    bool              `json:"balanced" doc:"Everything that matched is accounted for, each event once"`
	KeptSince   *time.Time        `json:"kept_since" doc:"Events that were accepted before this may have been removed, and are not counted then; null = none was"`
	Undelivered list[undelivered] `json:"undelivered" doc:"A page of what has not succeeded, newest first"`
}

type undelivered struct {
	DeliveryID string              `json:"delivery_id" doc:"The newest delivery of the event to this webhook"`
	EventID    string              `json:"event_id" doc:"The event"`
	EventType  string              `json:"event_type" doc:"The event's type"`
	Status     hook.DeliveryStatus `json:"status" enum:"pending,retrying,failed,held,cancelled" doc:"Where its newest delivery stands"`
	Reason     *hook.Reason        `json:"reason" doc:"Why it is failed, held or cancelled; else null"`
	CreatedAt  time.Time           `json:"created_at" doc:"When the event matched"`
}

func (s *server) ledger(ctx context.Context, in *ledgerInput) (*reply[ledger], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	q, err := in.query(s.Now())
	if err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.Webhook(ctx, in.ID); err != nil {
		return nil, err
	}
	l, err := s.Store.Ledger(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Undelivered(ctx, q, page)
	if err != nil {
		return nil, err
	}
	keptSince, err := s.keptSince(ctx)
	if err != nil {
		return nil, err
	}
	of := l.ByStatus
	return &reply[ledger]{Body: ledger{Since: q.Since.UTC(), Until: q.Until.UTC(), Matched: l.Matched,
		Pending: of[hook.Pending], Retrying: of[hook.Retrying], Succeeded: of[hook.Succeeded],
		Failed: of[hook.Failed], Held: of[hook.Held], Cancelled: of[hook.Cancelled], ByReason: byReason(l.ByReason), Balanced: l.Balanced(), KeptSince: keptSince,
		Undelivered: pageOf(rows, in.PageQuery, viewUndelivered, func(u hook.Undelivered) hook.Cursor { return u.Key }).Body}}, nil
}

func viewUndelivered(u hook.Undelivered) undelivered {
	return undelivered{DeliveryID: u.ID, EventID: u.EventID, EventType: u.EventType, Status: u.Status, Reason: view.Optional(u.Reason), CreatedAt: u.MatchedAt.UTC()}
}

// days is a length of time in words.
func days(d time.Duration) string { return fmt.Sprintf("%d days", d/(24*time.Hour)) }

func byReason(counts map[hook.Reason]int) map[string]int {
	out := map[string]int{}
	for reason, n := range counts {
		out[string(reason)] = n
	}
	return out
}
