package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

// lookAt is how many events of a window are looked at in one transaction: after an
// outage there may be more than one could be done with in time.
const lookAt = 200

// claimDue claims the windows that due names, for $2 seconds.
const claimDue = `
UPDATE windows o SET dispatch_at = now() + make_interval(secs => $2)
FROM due WHERE o.rule_id = due.rule_id AND o.key = due.key
RETURNING o.rule_id, o.key, o.webhook_id`

const claimWindows = `
WITH due AS (
	SELECT rule_id, key FROM windows WHERE dispatch_at <= now() ORDER BY dispatch_at LIMIT $1 FOR UPDATE SKIP LOCKED
)` + claimDue

// claimWindowsInTurns goes through up to 1,000 webhooks after $3 that have windows, one
// look at an index for each: some milliseconds. Of those with windows that are due it
// takes one window of each owner, then a second one of each, and so on.
const claimWindowsInTurns = `
WITH RECURSIVE seen AS (
	(SELECT w.webhook_id, w.dispatch_at, 1 AS n FROM windows w WHERE w.webhook_id > $3 ORDER BY w.webhook_id, w.dispatch_at LIMIT 1)
	UNION ALL
	SELECT next.webhook_id, next.dispatch_at, seen.n + 1 FROM seen CROSS JOIN LATERAL (
		SELECT w.webhook_id, w.dispatch_at FROM windows w WHERE w.webhook_id > seen.webhook_id ORDER BY w.webhook_id, w.dispatch_at LIMIT 1
	) next WHERE seen.n < 1000
), waiting AS (
	SELECT d.rule_id, d.key, d.dispatch_at, row_number() OVER (PARTITION BY h.owner_id ORDER BY d.nth, d.dispatch_at) AS turn
	FROM seen JOIN webhooks h ON h.id = seen.webhook_id CROSS JOIN LATERAL (
		SELECT w.rule_id, w.key, w.dispatch_at, row_number() OVER (ORDER BY w.dispatch_at) AS nth FROM windows w
		WHERE w.webhook_id = seen.webhook_id AND w.dispatch_at <= now() ORDER BY w.dispatch_at LIMIT $1
	) d WHERE seen.dispatch_at <= now()
), due AS (
	SELECT w.rule_id, w.key FROM (SELECT rule_id, key FROM waiting ORDER BY turn, dispatch_at LIMIT $1) c
	JOIN windows w ON w.rule_id = c.rule_id AND w.key = c.key WHERE w.dispatch_at <= now() FOR UPDATE OF w SKIP LOCKED
)` + claimDue

// ClaimWindows takes on up to limit windows that are to be advanced, those first that are
// due for longest. They stay claimed for the lease; one that has not been advanced by then
// is due once more.
func (s *Store) ClaimWindows(ctx context.Context, limit int, lease time.Duration) ([]hook.WindowClaim, error) {
	return s.claimWindows(ctx, claimWindows, limit, lease.Seconds())
}

// ClaimWindowsInTurns is ClaimWindows with equal shares for the owners of webhooks. It
// starts after the webhook of the id after; "" = at the first one.
func (s *Store) ClaimWindowsInTurns(ctx context.Context, after string, limit int, lease time.Duration) ([]hook.WindowClaim, error) {
	return s.claimWindows(ctx, claimWindowsInTurns, limit, lease.Seconds(), after)
}

func (s *Store) claimWindows(ctx context.Context, query string, args ...any) ([]hook.WindowClaim, error) {
	st, err := s.Prepared(ctx, query)
	if err != nil {
		return nil, core.Classify("prepare the claim of windows", err)
	}
	var claimed []struct {
		windowKey
		WebhookID string `db:"webhook_id"`
	}
	if err := st.SelectContext(ctx, &claimed, args...); err != nil {
		return nil, core.Classify("claim windows", err)
	}
	out := make([]hook.WindowClaim, len(claimed))
	for i, c := range claimed {
		out[i] = hook.WindowClaim{RuleID: c.RuleID, Key: c.Key, WebhookID: c.WebhookID}
	}
	return out, nil
}

// UnclaimWindows makes claimed windows due again at once.
func (s *Store) UnclaimWindows(ctx context.Context, claims []hook.WindowClaim) error {
	rules, keys := make([]int64, len(claims)), make([]string, len(claims))
	for i, c := range claims {
		rules[i], keys[i] = c.RuleID, c.Key
	}
	_, err := s.On(ctx).ExecContext(ctx, `
		UPDATE windows w SET dispatch_at = now() FROM unnest($1::bigint[], $2::text[]) AS i(rule_id, key)
		WHERE w.rule_id = i.rule_id AND w.key = i.key`, pq.Array(rules), pq.Array(keys))
	return core.Classify("give windows back", err)
}

const CloseEnded = `
DELETE FROM windows w USING (
	SELECT rule_id, key FROM windows WHERE dispatch_at = 'infinity' AND ends_at <= now() ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED
) due WHERE w.rule_id = due.rule_id AND w.key = due.key`

// CloseWindows closes up to limit windows to which nothing has come until their end, and
// says how many.
func (s *Store) CloseWindows(ctx context.Context, limit int) (int, error) {
	r, err := s.On(ctx).ExecContext(ctx, CloseEnded, limit)
	if err != nil {
		return 0, core.Classify("close windows", err)
	}
	n, err := r.RowsAffected()
	return int(n), err
}

const (
	closeWindow = `DELETE FROM windows WHERE rule_id = $1 AND key = $2`
	keepWindow  = `
		WITH useless AS (DELETE FROM window_events WHERE rule_id = $1 AND key = $2 AND seq = ANY($3))
		UPDATE windows SET ends_at = $4, dispatch_at = CASE WHEN $5 THEN now() ELSE 'infinity' END WHERE rule_id = $1 AND key = $2`
)

// Advance makes of a window what follows from its events: for each firing an
// event with its delivery, and a window that holds no more than may still be
// needed. All of it happens in one transaction, so repeating it is harmless. A
// window that is gone, perhaps with its rule, is closed; one that stays open
// for no time at all has more to look at, and is due again. Any other is due when the next
// event comes to it.
func (s *Store) Advance(ctx context.Context, ruleID int64, key string) (hook.Progress, error) {
	p, err := s.advance(ctx, ruleID, key)
	if errors.Is(err, errMembershipEnded) {
		return s.advance(ctx, ruleID, key)
	}
	return p, err
}

func (s *Store) advance(ctx context.Context, ruleID int64, key string) (hook.Progress, error) {
	err := s.PrepareAll(ctx, "advance a window", lockWebhookOfRule, lockWindow, WindowEvents, PartsOfFiring, ledger.InsertDeliveries, keepWindow, closeWindow)
	if err != nil {
		return hook.Progress{}, err
	}
	var p hook.Progress
	k := windowKey{ruleID, key}
	err = s.InTx(ctx, fmt.Sprintf("advance window %d/%s", ruleID, key), func(tx *sqlx.Tx) error {
		p = hook.Progress{}
		w, err := s.lockWindow(ctx, tx, k)
		if err != nil || w == nil {
			return err
		}
		v := hook.Combine(w.combination, w.events, w.until)
		for _, parts := range v.Fired {
			eventID, err := s.fire(ctx, tx, w, parts)
			if err != nil {
				return err
			}
			p.Fired = append(p.Fired, eventID)
		}
		p.Open, p.Waiting = w.more || len(v.Keep) > 0, hook.Waiting(v.Keep)
		closesAt := w.now
		if p.Open && !w.more {
			closesAt = v.ClosesAt.Add(ingestSlack)
		}
		p.ClosesIn = closesAt.Sub(w.now)
		if !p.Open {
			return s.ExecIn(ctx, tx, closeWindow, k.RuleID, k.Key)
		}
		return s.ExecIn(ctx, tx, keepWindow, k.RuleID, k.Key, pq.Array(w.useless(v.Keep)), closesAt, w.more)
	})
	return p, err
}

// openWindow is a window that is locked, and what happened in it.
type openWindow struct {
	ruleID      int64
	webhookID   string
	ownerID     string
	combination hook.Combination
	events      []hook.WindowEvent
	// read holds the Seq of each event that was looked at.
	read []int64
	// until is where what is known ends: there may be later events, no older ones.
	now, until time.Time
	// more: there are events that were not looked at.
	more bool
}

// useless gives the Seq of each event that was looked at and is not kept.
func (w *openWindow) useless(keep []hook.WindowEvent) []int64 {
	return slices.DeleteFunc(slices.Clone(w.read), func(seq int64) bool {
		return slices.ContainsFunc(keep, func(e hook.WindowEvent) bool { return e.Seq == seq })
	})
}

// The locks go from the webhook to the window, as they do where a webhook is
// changed or deleted. The events are read when both are held, so nothing that
// was accepted before is missed.
const (
	lockWebhookOfRule = `
		SELECT r.id, r.webhook_id, coalesce(w.owner_id, '') AS owner_id, r.combination FROM rules r JOIN webhooks w ON w.id = r.webhook_id
		WHERE r.id = $1 FOR KEY SHARE OF w`
	lockWindow   = `SELECT rule_id, key FROM windows WHERE rule_id = $1 AND key = $2 FOR UPDATE`
	WindowEvents = `
		SELECT i.seq, i.event_id, i.parts, e.project_id, e.accepted_at, statement_timestamp() AS now,
			EXISTS (SELECT FROM members m WHERE m.project_id = e.project_id AND m.user_id = $3) AS member
		FROM (SELECT seq, event_id, parts FROM window_events WHERE rule_id = $1 AND key = $2 OFFSET 0) i
		CROSS JOIN LATERAL (SELECT e.project_id, e.accepted_at FROM events e WHERE e.id = i.event_id OFFSET 0) e
		ORDER BY e.accepted_at, i.seq LIMIT $4`
)

// lockWindow locks a window and its webhook and reads the events that the
// webhook's owner may (still) see; nil when the window is gone.
func (s *Store) lockWindow(ctx context.Context, tx *sqlx.Tx, k windowKey) (*openWindow, error) {
	var rules []struct {
		subscription.RuleRow
		OwnerID string `db:"owner_id"`
	}
	var locked []windowKey
	if err := s.SelectIn(ctx, tx, &rules, lockWebhookOfRule, k.RuleID); err != nil || len(rules) == 0 {
		return nil, err
	}
	if err := s.SelectIn(ctx, tx, &locked, lockWindow, k.RuleID, k.Key); err != nil || len(locked) == 0 {
		return nil, err
	}
	rule, err := rules[0].Rule()
	if err != nil {
		return nil, err
	}
	w := &openWindow{ruleID: k.RuleID, webhookID: rules[0].WebhookID, ownerID: rules[0].OwnerID, combination: *rule.Combination}
	return w, s.readEvents(ctx, tx, k, w)
}

func (s *Store) readEvents(ctx context.Context, tx *sqlx.Tx, k windowKey, w *openWindow) error {
	var found []struct {
		Seq        int64     `db:"seq"`
		EventID    string    `db:"event_id"`
		Parts      uint8     `db:"parts"`
		ProjectID  string    `db:"project_id"`
		AcceptedAt time.Time `db:"accepted_at"`
		Now        time.Time `db:"now"`
		Member     bool      `db:"member"`
	}
	if err := s.SelectIn(ctx, tx, &found, WindowEvents, k.RuleID, k.Key, w.ownerID, lookAt+1); err != nil {
		return err
	}
	w.more = len(found) > lookAt
	for _, r := range found[:min(len(found), lookAt)] {
		w.read = append(w.read, r.Seq)
		w.now, w.until = r.Now, r.Now.Add(-ingestSlack)
		if w.more && r.AcceptedAt.Before(w.until) {
			w.until = r.AcceptedAt
		}
		if r.Member {
			w.events = append(w.events, hook.WindowEvent{Seq: r.Seq, EventID: r.EventID, ProjectID: r.ProjectID, At: r.AcceptedAt, Parts: r.Parts})
		}
	}
	return nil
}

// PartsOfFiring locks the memberships: one that ends has the deliveries that
// wait cancelled, and must not miss the one that is just being made. The events are found
// by their ids first: a plan that was made while there were few would look through all
// events of their projects.
const PartsOfFiring = `
WITH e AS MATERIALIZED (SELECT * FROM events WHERE id = ANY($1))
SELECT ` + ledger.EventColumnList + `
FROM e JOIN members m ON m.project_id = e.project_id AND m.user_id = $2 FOR KEY SHARE OF m`

// errMembershipEnded has a window advanced once more, with what is left.
var errMembershipEnded = core.Fault(errors.New("the membership in the project of a part has just ended"))

// fire makes the event of a firing, with its delivery, and gives its id. It
// happened where and when its newest part did.
func (s *Store) fire(ctx context.Context, tx *sqlx.Tx, w *openWindow, fired []hook.WindowEvent) (string, error) {
	parts, err := s.readParts(ctx, tx, w.ownerID, fired)
	if err != nil {
		return "", err
	}
	ids, projects := make([]string, len(parts)), make([]string, len(parts))
	for i, p := range parts {
		ids[i], projects[i] = p.ID, p.ProjectID
	}
	slices.Sort(projects)
	newest := parts[newestOf(fired)]
	state := hook.CombinationState(parts)
	sum := sha256.Sum256(state)
	eventID := id.New(id.Event)
	_, err = tx.ExecContext(ctx, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint, project_ids, private_to, project_name, company_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		eventID, hook.CombinationType, newest.ProjectID, newest.CompanyID, newest.OccurredAt, []byte(state), sum[:], pq.Array(slices.Compact(projects)), w.ownerID,
		newest.ProjectName, newest.CompanyName)
	if err != nil {
		return "", fmt.Errorf("insert the event of a firing: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO combination_parts (event_id, position, part_event_id, rule_id)
		SELECT $1, position, part, $3 FROM unnest($2::text[]) WITH ORDINALITY AS p(part, position)`, eventID, pq.Array(ids), w.ruleID)
	if err != nil {
		return "", fmt.Errorf("insert the parts of a firing: %w", err)
	}
	event := &hook.Event{ID: eventID, Type: hook.CombinationType, ProjectID: newest.ProjectID, CompanyID: newest.CompanyID}
	_, err = s.Deliver(ctx, tx, []hook.Candidate{{Event: event, WebhookID: w.webhookID}})
	return eventID, err
}

// readParts reads the events of a firing in its order.
func (s *Store) readParts(ctx context.Context, tx *sqlx.Tx, ownerID string, fired []hook.WindowEvent) ([]hook.Event, error) {
	ids := make([]string, len(fired))
	for i, e := range fired {
		ids[i] = e.EventID
	}
	var found []ledger.EventRow
	if err := s.SelectIn(ctx, tx, &found, PartsOfFiring, pq.Array(ids), ownerID); err != nil {
		return nil, fmt.Errorf("read the parts of a firing: %w", err)
	}
	if len(found) < len(ids) {
		return nil, errMembershipEnded
	}
	out := make([]hook.Event, len(ids))
	for _, r := range found {
		event, err := r.Event()
		if err != nil {
			return nil, err
		}
		out[slices.Index(ids, event.ID)] = event
	}
	return out, nil
}

// newestOf is the place of the event that made a combination fire.
func newestOf(fired []hook.WindowEvent) int {
	at := 0
	for i, e := range fired {
		if newest := fired[at]; e.At.After(newest.At) || e.At.Equal(newest.At) && e.Seq > newest.Seq {
			at = i
		}
	}
	return at
}
