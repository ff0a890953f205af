package intake

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// conditions reads the rules of candidates, also those that their webhooks no
// longer have.
const conditions = `
SELECT r.*, coalesce((SELECT w.owner_id FROM webhooks w WHERE w.id = r.webhook_id), '') AS owner_id FROM (
	SELECT ` + subscription.RuleColumns + ` FROM rules WHERE id = ANY($1)
	UNION ALL
	SELECT ` + subscription.RuleColumns + ` FROM retired_rules WHERE id = ANY($1)
) r`

// Conditions reads rules by their ids.
func (s *Store) Conditions(ctx context.Context, ids []int64) ([]hook.StoredRule, error) {
	return subscription.StoredRules(ctx, s.On(ctx), conditions, pq.Array(ids))
}

// retiredFor is how long a rule is kept at least after it was taken from its
// webhook: an event that is being accepted may yet be judged by it.
const retiredFor = 10 * time.Minute

// ForgetRetiredRules removes up to limit rules that no judgement needs.
func (s *Store) ForgetRetiredRules(ctx context.Context, limit int) error {
	_, err := s.HousekeepingPool.DB.ExecContext(ctx, `
		DELETE FROM retired_rules WHERE id IN (
			SELECT r.id FROM retired_rules r WHERE r.retired_at < now() - make_interval(secs => $1)
				AND NOT EXISTS (SELECT FROM judgements j WHERE j.webhook_id = r.webhook_id AND r.id = ANY(j.rules))
			ORDER BY r.retired_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, retiredFor.Seconds(), limit)
	return core.Classify("forget rules", err)
}

// claimJudgements takes up to $2 judgements of the first owner after $1 that has
// some which are due. Of one owner those come first that are due for longest.
const claimJudgements = `
WITH next AS (
	SELECT j.owner_id FROM judgements j WHERE j.owner_id > $1 AND j.due_at <= now() ORDER BY j.owner_id LIMIT 1
), due AS (
	SELECT j.event_id, j.webhook_id FROM judgements j WHERE j.owner_id = (SELECT n.owner_id FROM next n) AND j.due_at <= now()
	ORDER BY j.due_at, j.event_id, j.webhook_id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE judgements j SET due_at = now() + make_interval(secs => $3) FROM due d
WHERE j.event_id = d.event_id AND j.webhook_id = d.webhook_id
RETURNING j.event_id, j.webhook_id, j.owner_id, j.rules, j.parts, j.created_at`

type judgementRow struct {
	EventID   string        `db:"event_id"`
	WebhookID string        `db:"webhook_id"`
	OwnerID   string        `db:"owner_id"`
	Rules     pq.Int64Array `db:"rules"`
	Parts     pq.Int64Array `db:"parts"`
	CreatedAt time.Time     `db:"created_at"`
}

func (r judgementRow) judgement(e *hook.Event) hook.Judgement {
	j := hook.Judgement{WebhookID: r.WebhookID, Candidates: make([]hook.Candidate, len(r.Rules))}
	for i := range r.Rules {
		j.Candidates[i] = hook.Candidate{Event: e, WebhookID: r.WebhookID, RuleID: r.Rules[i], Part: int(r.Parts[i])}
	}
	return j
}

// ClaimJudgements takes up to limit judgements of one owner: the first after the
// given one who has some that are due. They come event by event. An empty owner
// says that there is none.
func (s *Store) ClaimJudgements(ctx context.Context, after string, limit int, lease time.Duration) (owner string, claimed []hook.Judgement, err error) {
	st, err := s.Prepared(ctx, claimJudgements)
	if err != nil {
		return "", nil, core.Classify("prepare the claim of judgements", err)
	}
	var found []judgementRow
	if err := st.SelectContext(ctx, &found, after, limit, lease.Seconds()); err != nil || len(found) == 0 {
		return "", nil, core.Classify("claim judgements", err)
	}
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.EventID
	}
	slices.Sort(ids)
	events, err := core.Rows(ctx, s.DB, `SELECT `+ledger.EventColumnList+` FROM events e WHERE e.id = ANY($1) ORDER BY e.sequence, e.id`, []any{pq.Array(slices.Compact(ids))}, ledger.EventRow.Event)
	for i := range events {
		for _, r := range found {
			if r.EventID == events[i].ID {
				claimed = append(claimed, r.judgement(&events[i]))
			}
		}
	}
	return found[0].OwnerID, claimed, err
}

// UnclaimJudgements makes claimed judgements due again at once.
func (s *Store) UnclaimJudgements(ctx context.Context, claims []hook.Judgement) error {
	events, webhooks := make([]string, len(claims)), make([]string, len(claims))
	for i, j := range claims {
		events[i], webhooks[i] = j.Candidates[0].Event.ID, j.WebhookID
	}
	_, err := s.On(ctx).ExecContext(ctx, `
		UPDATE judgements j SET due_at = j.created_at FROM unnest($1::text[], $2::text[]) AS i(event_id, webhook_id)
		WHERE j.event_id = i.event_id AND j.webhook_id = i.webhook_id`, pq.Array(events), pq.Array(webhooks))
	return core.Classify("give judgements back", err)
}

// Judging says whether anything is yet to be judged of an event.
func (s *Store) Judging(ctx context.Context, eventID string) (judging bool, err error) {
	err = sqlx.GetContext(ctx, s.On(ctx), &judging, `SELECT EXISTS (SELECT FROM judgements j WHERE j.event_id = $1)`, eventID)
	return judging, core.Classify("look for judgements", err)
}

// WaitingJudgements is how many judgements there are, counted up to most, and how
// long the oldest has been due.
func (s *Store) WaitingJudgements(ctx context.Context, most int) (n int, oldest time.Duration, err error) {
	var found struct {
		N   int     `db:"n"`
		Age float64 `db:"age"`
	}
	err = sqlx.GetContext(ctx, s.On(ctx), &found, `
		SELECT (SELECT count(*) FROM (SELECT FROM judgements LIMIT $1) x) AS n,
			coalesce(extract(epoch FROM now() - (SELECT j.due_at FROM judgements j WHERE j.due_at <= now() ORDER BY j.due_at LIMIT 1)), 0)::float8 AS age`, most)
	return found.N, time.Duration(found.Age * float64(time.Second)), core.Classify("count judgements", err)
}
