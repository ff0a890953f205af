package health

import (
	"context"
	"database/sql"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

const (
	// betweenNotices is the least time between two mails about one webhook, so
	// that the owner of one that comes and goes is not flooded.
	betweenNotices = time.Hour
	// noticeDelay lets a recovery begin, which the mail tells of.
	noticeDelay = 5 * time.Second
)

// noticeID begins the ids of notices, which are seen in Message-IDs alone.
const noticeID = "ntc_"

// A notice that was never tried is forgotten; one that is perhaps just being
// sent stays, without being tried again. The newer one takes over its time: a
// lease that holds, a pause, or the end of the hour.
const (
	lockWaitingNotice    = `SELECT id, due_at FROM notices WHERE webhook_id = $1 AND due_at IS NOT NULL FOR UPDATE`
	forgetWaitingNotice  = `DELETE FROM notices WHERE id = $1 AND tries = 0`
	replaceWaitingNotice = `UPDATE notices SET due_at = NULL, error = 'a newer notice took its place' WHERE id = $1`
	insertNotice         = `
		INSERT INTO notices (id, webhook_id, kind, reason, due_at)
		SELECT $1, $2, $3, $4, greatest(now() + make_interval(secs => $6), $5::timestamptz, max(n.sent_at) + make_interval(secs => $7))
		FROM notices n WHERE n.webhook_id = $2 AND n.sent_at IS NOT NULL`
)

// writeNotice writes down what the owner is to be told of a step. The caller
// holds the webhook's lock.
func (s *Store) writeNotice(ctx context.Context, tx *sqlx.Tx, st step) error {
	kind := hook.NoticeOf(st.before, st.after, st.cause.What)
	if kind == "" || !s.tellOwners {
		return nil
	}
	var waiting []struct {
		ID    string    `db:"id"`
		DueAt time.Time `db:"due_at"`
	}
	if err := tx.SelectContext(ctx, &waiting, lockWaitingNotice, st.webhookID); err != nil {
		return err
	}
	var dueAt sql.NullTime
	for _, w := range waiting {
		dueAt = sql.NullTime{Time: w.DueAt, Valid: true}
		for _, statement := range []string{forgetWaitingNotice, replaceWaitingNotice} {
			if _, err := tx.ExecContext(ctx, statement, w.ID); err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, insertNotice, id.New(noticeID), st.webhookID, kind, core.NonEmpty(string(st.cause.Told(st.before, st.after).Reason)), dueAt,
		noticeDelay.Seconds(), betweenNotices.Seconds())
	return err
}

// claimNotices takes on up to $1 due notices for $2 seconds. One whose webhook
// had a mail less than $3 seconds ago waits for the rest: it was written while
// that mail was on its way.
const claimNotices = `
WITH due AS (
	SELECT id, webhook_id FROM notices WHERE due_at <= now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
), turn AS (
	SELECT d.id, (
		SELECT max(n.sent_at) FROM notices n WHERE n.webhook_id = d.webhook_id AND n.sent_at > now() - make_interval(secs => $3)
	) AS told_at FROM due d
), claimed AS (
	UPDATE notices n SET tries = n.tries + CASE WHEN t.told_at IS NULL THEN 1 ELSE 0 END,
		due_at = CASE WHEN t.told_at IS NULL THEN now() + make_interval(secs => $2) ELSE t.told_at + make_interval(secs => $3) END
	FROM turn t WHERE n.id = t.id
	RETURNING n.id, n.webhook_id, n.kind, n.reason, n.tries, t.told_at IS NULL AS its_turn
)
SELECT c.id, c.kind, c.tries, w.id AS webhook_id, w.name, w.url, coalesce(u.email, '') AS email, coalesce(u.name, '') AS owner_name, coalesce(u.locale, 'en') AS locale,
	(w.deleted_at IS NULL AND CASE c.kind WHEN 'recovered' THEN w.enabled
		ELSE w.disabled_reason IS NOT DISTINCT FROM CASE c.kind WHEN 'gone' THEN 'gone' ELSE 'health' END END) AS holds_true,
	off.at AS since, coalesce(c.reason, off.reason, 'exhausted') AS reason, w.next_probe_at, w.recover_until,
	(SELECT count(*) FROM deliveries d WHERE d.webhook_id = w.id AND ` + ledger.Unfinished + `) AS held
FROM claimed c JOIN webhooks w ON w.id = c.webhook_id
LEFT JOIN users u ON u.id = w.owner_id
LEFT JOIN LATERAL (
	SELECT t.at, t.reason FROM transitions t WHERE t.webhook_id = w.id AND NOT t.enabled AND t.cause <> 'gave_up' ORDER BY t.seq DESC LIMIT 1
) off ON true
WHERE c.its_turn`

type noticeRow struct {
	ID           string       `db:"id"`
	Kind         string       `db:"kind"`
	Tries        int          `db:"tries"`
	WebhookID    string       `db:"webhook_id"`
	Name         string       `db:"name"`
	URL          string       `db:"url"`
	Email        string       `db:"email"`
	OwnerName    string       `db:"owner_name"`
	Locale       string       `db:"locale"`
	HoldsTrue    bool         `db:"holds_true"`
	Since        sql.NullTime `db:"since"`
	Reason       string       `db:"reason"`
	NextProbeAt  sql.NullTime `db:"next_probe_at"`
	RecoverUntil sql.NullTime `db:"recover_until"`
	Held         int          `db:"held"`
}

func (r noticeRow) claim() (hook.NoticeClaim, error) {
	c := hook.NoticeClaim{
		ID: r.ID, Kind: hook.NoticeKind(r.Kind), Tries: r.Tries, Outdated: !r.HoldsTrue,
		WebhookID: r.WebhookID, WebhookName: r.Name, To: r.Email, ToName: r.OwnerName, Language: r.Locale, Reason: hook.Reason(r.Reason),
		Since: core.NullTime(r.Since), Held: r.Held, NextProbe: core.NullTime(r.NextProbeAt), Until: core.NullTime(r.RecoverUntil),
	}
	if u, err := url.Parse(r.URL); err == nil {
		c.Host = u.Host
	}
	return c, nil
}

// ClaimNotices takes on up to limit notices that are due, with what the mail
// has to say as it is now. They stay claimed for the lease; one that is not
// ended by then is due once more.
func (s *Store) ClaimNotices(ctx context.Context, limit int, lease time.Duration) ([]hook.NoticeClaim, error) {
	return core.Rows(ctx, s.DB, claimNotices, []any{limit, lease.Seconds(), betweenNotices.Seconds()}, noticeRow.claim)
}

// endNotice leaves one that a newer one took the place of without a time.
const endNotice = `
UPDATE notices SET sent_at = CASE WHEN $2 THEN now() END, error = $3,
	due_at = CASE WHEN due_at IS NOT NULL AND $4::float8 > 0 THEN now() + make_interval(secs => $4) END
WHERE id = $1 AND sent_at IS NULL`

// EndNotice writes down the outcome of a claimed notice. Repeating it is harmless.
func (s *Store) EndNotice(ctx context.Context, e hook.NoticeEnd) error {
	_, err := s.On(ctx).ExecContext(ctx, endNotice, e.ID, e.Sent, core.NonEmpty(core.Storable(e.Problem)), e.Again.Seconds())
	return core.Classify("end notice "+e.ID, err)
}
