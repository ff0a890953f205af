package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// accessLost: the owner of webhook w may not (any more) see all that event e of
// delivery d is about. OFFSET 0 keeps the look-up of each membership a single
// one, whatever the tables were like when the plan was made.
const accessLost = `(e.owner_id IS NULL AND (NOT EXISTS (SELECT FROM members m WHERE m.project_id = d.project_id AND m.user_id = w.owner_id OFFSET 0) OR EXISTS (
		SELECT FROM unnest(e.project_ids) AS x(id)
		WHERE NOT EXISTS (SELECT FROM members m WHERE m.project_id = x.id AND m.user_id = w.owner_id OFFSET 0)
	)))`

// unrecorded: a claim began the first attempt of delivery d, and nothing else is
// known of it.
const unrecorded = `(d.attempts = 1 AND d.begun_at IS NOT NULL AND NOT EXISTS (SELECT FROM attempts f WHERE f.delivery_id = d.id OFFSET 0))`

// SelectParcel is the look-up before each attempt.
const SelectParcel = `
SELECT ` + DeliveryColumnList + `, ` + EventColumnList + `, ` + subscription.WebhookColumns + `,
	w.deleted_at IS NOT NULL AS webhook_deleted, p.id IS NULL AS project_missing, d.blue_webhook,
	` + accessLost + ` AS access_lost,
	coalesce(a.number, 0) AS last_number, a.reason AS last_reason, a.outcome AS last_outcome, CASE WHEN ` + unrecorded + ` THEN d.begun_at END AS begun_at, d.slot_until IS NOT DISTINCT FROM 'infinity' AS holds_slot, now() AS now
FROM deliveries d
JOIN events e ON e.id = d.event_id
JOIN webhooks w ON w.id = d.webhook_id
LEFT JOIN projects p ON p.id = d.project_id
LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts
WHERE d.id = $1`

type parcelRow struct {
	DeliveryRow
	EventRow
	subscription.WebhookRow
	WebhookDeleted bool           `db:"webhook_deleted"`
	ProjectMissing bool           `db:"project_missing"`
	BlueWebhook    sql.NullString `db:"blue_webhook"`
	AccessLost     bool           `db:"access_lost"`
	LastNumber     int            `db:"last_number"`
	LastReason     sql.NullString `db:"last_reason"`
	LastOutcome    sql.NullString `db:"last_outcome"`
	BegunAt        sql.NullTime   `db:"begun_at"`
	HoldsSlot      bool           `db:"holds_slot"`
	Now            time.Time      `db:"now"`
}

// Parcel reads everything that the next attempt of a delivery needs, as it is
// now.
func (s *Store) Parcel(ctx context.Context, deliveryID string) (hook.Parcel, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	st, err := s.Prepared(ctx, SelectParcel)
	if err != nil {
		return hook.Parcel{}, core.Classify("prepare to read a delivery", err)
	}
	var r parcelRow
	seen := s.Clock.Reading()
	if err := st.GetContext(ctx, &r, deliveryID); err != nil {
		return hook.Parcel{}, core.Found("delivery", deliveryID, err)
	}
	seen(r.Now)
	return s.parcel(ctx, r)
}

func (s *Store) parcel(ctx context.Context, r parcelRow) (hook.Parcel, error) {
	delivery, _ := r.delivery()
	event, _ := r.Event()
	p := hook.Parcel{
		Delivery: delivery, Event: event,
		WebhookDeleted: r.WebhookDeleted, ProjectDeleted: event.OwnerID == "" && r.ProjectMissing, AccessLost: r.AccessLost, HoldsSlot: r.HoldsSlot,
		Last:    hook.Attempt{DeliveryID: delivery.ID, Number: r.LastNumber, Result: hook.Result{Reason: hook.Reason(r.LastReason.String), Outcome: hook.Outcome(r.LastOutcome.String)}},
		BegunAt: core.NullTime(r.BegunAt), Now: r.Now,
	}
	if p.WebhookDeleted {
		return p, nil
	}
	p.Webhook = s.WebhookOf(r.WebhookRow)
	return s.WithKept(ctx, p, r.BlueWebhook.String)
}

// LoseAttempts writes down as lost what is under way of the deliveries in the
// step "took": a start without an end belongs to a worker that was lost. Where a
// claim began the first attempt there may be no row of its start either.
const LoseAttempts = `lost AS (
	UPDATE attempts a SET outcome = 'lost', reason = 'worker_lost', error = 'worker lost, outcome unknown', finished_at = now()
	FROM took WHERE a.delivery_id = took.id AND a.finished_at IS NULL
), lost_first AS (
	INSERT INTO attempts (delivery_id, number, started_at, finished_at, outcome, reason, error)
	SELECT took.id, 1, took.begun_at, now(), 'lost', 'worker_lost', 'worker lost, outcome unknown'
	FROM took WHERE took.begun_at IS NOT NULL AND NOT EXISTS (SELECT FROM attempts f WHERE f.delivery_id = took.id OFFSET 0)
	ON CONFLICT DO NOTHING
)`

// beginAttempt takes the next number and writes the attempt's start, unless
// the delivery has changed since it was read, or its webhook is off and it is no test. The delivery is offered again if
// nothing is heard of it for $5 seconds; the place that it needs where there are limits ($6) is
// free again then, too.
const beginAttempt = `
WITH took AS (
	UPDATE deliveries SET attempts = attempts + 1, run_id = $4, next_attempt_at = NULL,
		dispatch_at = now() + make_interval(secs => $5), updated_at = now(),
		slot_until = CASE WHEN $6 THEN now() + make_interval(secs => $5) END
	WHERE id = $1 AND generation = $2 AND attempts = $3 AND status IN ('pending', 'retrying') AND (NOT $6 OR slot_until = 'infinity')
		AND EXISTS (SELECT FROM webhooks w WHERE w.id = webhook_id AND w.deleted_at IS NULL AND (w.enabled OR test) OFFSET 0)
	RETURNING id, attempts, begun_at
), ` + LoseAttempts + `
INSERT INTO attempts (delivery_id, number) SELECT id, attempts FROM took RETURNING number`

// Begin writes the start of the next attempt of a delivery that is as in p,
// carried by the Temporal run. It gives the attempt's number, or 0 when the
// delivery has changed since p was read. patience is how long the attempt may
// take before the delivery is offered to a worker again.
func (s *Store) Begin(ctx context.Context, p hook.Parcel, runID string, patience time.Duration) (int, error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	st, err := s.Prepared(ctx, beginAttempt)
	if err != nil {
		return 0, core.Classify("prepare to begin an attempt", err)
	}
	var numbers []int
	d := p.Delivery
	if err := st.SelectContext(ctx, &numbers, d.ID, d.Generation, d.Attempts, runID, patience.Seconds(), p.Limited()); err != nil {
		return 0, core.Classify("begin an attempt of "+d.ID, err)
	}
	if len(numbers) == 0 {
		return 0, nil
	}
	return numbers[0], nil
}

// EndOfAttempt is what an attempt's end changes where its start has a row, be it
// lost: then the worker turns up after all. One that has ended stays as it is.
const EndOfAttempt = `finished_at = excluded.finished_at, duration_ms = excluded.duration_ms, outcome = excluded.outcome,
		reason = excluded.reason, error = excluded.error, status_code = excluded.status_code, url = excluded.url,
		request_headers = excluded.request_headers, response_headers = excluded.response_headers, response_body = excluded.response_body,
		truncated = excluded.truncated
	WHERE a.outcome IS NULL OR a.outcome = 'lost'`

// UntilCarried is when a finished delivery is due: one whose first attempt was
// begun by a claim stays so until it is known which workflow carries it.
const UntilCarried = `CASE WHEN begun_at IS NOT NULL AND run_id IS NULL AND dispatch_at < 'infinity' THEN dispatch_at END`

// OfferAfter is how long after its next attempt was due a delivery is offered
// to a worker again, in case its workflow is gone.
const OfferAfter = 30 * time.Second

// HeaderColumns are the headers of an attempt as they are stored.
func HeaderColumns(r hook.Result) (request, response []byte, err error) {
	if request, err = json.Marshal(r.RequestHeaders); err != nil {
		return nil, nil, core.Fault(fmt.Errorf("encode the request's headers: %w", err))
	}
	if response, err = json.Marshal(r.ResponseHeaders); err != nil {
		return nil, nil, core.Fault(fmt.Errorf("encode the response's headers: %w", err))
	}
	return request, response, nil
}

type attemptRow struct {
	DeliveryID      string         `db:"delivery_id"`
	Number          int            `db:"number"`
	StartedAt       time.Time      `db:"started_at"`
	FinishedAt      sql.NullTime   `db:"finished_at"`
	DurationMS      sql.NullInt64  `db:"duration_ms"`
	Outcome         sql.NullString `db:"outcome"`
	Reason          sql.NullString `db:"reason"`
	Error           sql.NullString `db:"error"`
	StatusCode      sql.NullInt64  `db:"status_code"`
	URL             sql.NullString `db:"url"`
	RequestHeaders  []byte         `db:"request_headers"`
	ResponseHeaders []byte         `db:"response_headers"`
	ResponseBody    []byte         `db:"response_body"`
	Truncated       bool           `db:"truncated"`
	ExpungedAt      sql.NullTime   `db:"expunged_at"`
}

func (r attemptRow) attempt() (hook.Attempt, error) {
	a := hook.Attempt{
		DeliveryID: r.DeliveryID, Number: r.Number, StartedAt: r.StartedAt.UTC(), FinishedAt: core.NullTime(r.FinishedAt), ExpungedAt: core.NullTime(r.ExpungedAt),
		Result: hook.Result{
			Outcome: hook.Outcome(r.Outcome.String), Reason: hook.Reason(r.Reason.String), Error: r.Error.String,
			Duration: time.Duration(r.DurationMS.Int64) * time.Millisecond, StatusCode: int(r.StatusCode.Int64), URL: r.URL.String,
			ResponseBody: r.ResponseBody, Truncated: r.Truncated,
		},
	}
	for _, h := range []struct {
		raw  []byte
		into *[]hook.Header
	}{{r.RequestHeaders, &a.Result.RequestHeaders}, {r.ResponseHeaders, &a.Result.ResponseHeaders}} {
		if h.raw == nil {
			continue
		}
		if err := json.Unmarshal(h.raw, h.into); err != nil {
			return a, core.Fault(fmt.Errorf("decode the headers of attempt %d of %s: %w", r.Number, r.DeliveryID, err))
		}
	}
	return a, nil
}

// maxAttemptsShown is how many requests of one delivery are listed.
const maxAttemptsShown = 100

// maxAnswersShown bounds the bodies of answers of one delivery that are listed, in
// bytes: those of its newest requests.
const maxAnswersShown = 1 << 20

// Attempts lists the requests of a delivery, the first one first, each with the
// number of its attempt; of more than maxAttemptsShown the newest.
func (s *Store) Attempts(ctx context.Context, deliveryID string) ([]hook.Attempt, error) {
	return core.Rows(ctx, s.DB, `
		SELECT delivery_id, used AS number, started_at, finished_at, duration_ms, outcome, reason, error, status_code, url,
			request_headers, response_headers, CASE WHEN answered <= $3 THEN response_body END AS response_body, truncated OR answered > $3 AS truncated, expunged_at
		FROM (SELECT n.*, sum(coalesce(octet_length(n.response_body), 0)) OVER (ORDER BY n.number DESC) AS answered FROM (
			SELECT a.*, a.number - count(*) FILTER (WHERE a.outcome = 'put_off') OVER before AS used
			FROM attempts a WHERE a.delivery_id = $1 WINDOW before AS (ORDER BY a.number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
			ORDER BY a.number DESC LIMIT $2
		) n) newest
		UNION ALL
		SELECT d.id, 1, d.begun_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL FROM deliveries d WHERE d.id = $1 AND `+unrecorded+`
		ORDER BY number, started_at`, []any{deliveryID, maxAttemptsShown, maxAnswersShown}, attemptRow.attempt)
}
