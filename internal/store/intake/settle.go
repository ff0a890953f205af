package intake

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/health"
	"godwit/internal/store/ledger"
)

const (
	// lockJudged makes those who settle judgements of one event wait for each other.
	// Nothing else locks an event so.
	lockJudged = `SELECT e.id FROM events e WHERE e.id = $1 FOR NO KEY UPDATE`

	// endJudgements gives the webhooks whose judgements it has ended. Who comes second
	// ends none, and so makes no delivery.
	endJudgements = `DELETE FROM judgements WHERE event_id = $1 AND webhook_id = ANY($2) RETURNING webhook_id`

	// countSiblings makes the deliveries of an event know how many they are, once
	// nothing of it is left to be judged.
	countSiblings = `
WITH all_of_them AS (
	SELECT count(*) AS n FROM deliveries d WHERE d.event_id = $1 AND d.redelivery_of IS NULL
), outdated AS MATERIALIZED (
	SELECT d.id FROM deliveries d WHERE d.event_id = $1 AND d.redelivery_of IS NULL AND d.siblings <> (SELECT a.n FROM all_of_them a) ORDER BY d.id FOR NO KEY UPDATE
)
UPDATE deliveries d SET siblings = (SELECT a.n FROM all_of_them a)
WHERE d.id = ANY(ARRAY(SELECT o.id FROM outdated o)) AND NOT EXISTS (SELECT FROM judgements j WHERE j.event_id = $1)`
)

// SettleJudgements ends judgements of one event with what they have come to: deliveries and
// parts of combinations come into being together with the end, or nothing does.
// A judgement that has ended before is left out, so an event goes to a webhook once,
// whatever dies in between.
func (s *Store) SettleJudgements(ctx context.Context, judged []hook.Judgement, choice hook.Choice) (hook.Settled, error) {
	if err := s.PrepareAll(ctx, "settle judgements", ledger.InsertDeliveries); err != nil {
		return hook.Settled{}, err
	}
	event := judged[0].Candidates[0].Event
	webhooks := make([]string, len(judged))
	for i, j := range judged {
		webhooks[i] = j.WebhookID
	}
	var out hook.Settled
	err := s.InTx(ctx, "settle judgements of "+event.ID, func(tx *sqlx.Tx) error {
		out = hook.Settled{}
		if _, err := tx.ExecContext(ctx, lockJudged, event.ID); err != nil {
			return err
		}
		var ended []string
		if err := tx.SelectContext(ctx, &ended, endJudgements, event.ID, pq.Array(webhooks)); err != nil || len(ended) == 0 {
			return err
		}
		mine := make(map[string]bool, len(ended))
		for _, id := range ended {
			mine[id] = true
		}
		accepted := map[string]*hook.Accepted{event.ID: {}}
		var happenings []hook.Happening
		for _, h := range choice.Happenings {
			if mine[h.WebhookID] {
				happenings = append(happenings, h)
			}
		}
		if err := s.happened(ctx, tx, happenings, accepted); err != nil {
			return err
		}
		n, err := s.deliverJudged(ctx, tx, event, matchesOf(choice, mine))
		if err != nil {
			return err
		}
		out.Due, out.Happened = n > 0, accepted[event.ID].Happened
		_, err = tx.ExecContext(ctx, countSiblings, event.ID)
		return err
	})
	return out, err
}

func matchesOf(choice hook.Choice, mine map[string]bool) (matches []hook.Candidate) {
	for _, c := range choice.Matches {
		if mine[c.WebhookID] {
			matches = append(matches, c)
		}
	}
	return matches
}

// deliverJudged makes the deliveries that an event does not have yet. A webhook
// that is off, and one whose owner is no member any more, are treated as they are
// now, like at an acceptance.
func (s *Store) deliverJudged(ctx context.Context, tx *sqlx.Tx, event *hook.Event, matches []hook.Candidate) (int, error) {
	if len(matches) == 0 {
		return 0, nil
	}
	var have []string
	if err := tx.SelectContext(ctx, &have, `SELECT webhook_id FROM deliveries WHERE event_id = $1 AND redelivery_of IS NULL`, event.ID); err != nil {
		return 0, err
	}
	has := make(map[string]bool, len(have))
	for _, id := range have {
		has[id] = true
	}
	var missing []hook.Candidate
	for _, c := range matches {
		if !has[c.WebhookID] {
			missing = append(missing, c)
		}
	}
	switch {
	case len(missing) == 0:
		return 0, nil
	case event.OwnerID == "":
		made, err := s.Deliver(ctx, tx, missing)
		return len(made), err
	}
	var made []string
	err := tx.SelectContext(ctx, &made, health.InsertOwn, append(ledger.DeliveryColumns(missing), event.OwnerID)...)
	return len(made), err
}
