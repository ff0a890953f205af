package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

var addressColumns = fmt.Sprintf(`a.id, a.owner_id, a.created_at, a.used_at + make_interval(secs => %d) AS expires_at, a.received`, int(hook.PlayAddressAge.Seconds()))

type addressRow struct {
	ID        string         `db:"id"`
	OwnerID   sql.NullString `db:"owner_id"`
	CreatedAt time.Time      `db:"created_at"`
	ExpiresAt time.Time      `db:"expires_at"`
	Received  int64          `db:"received"`
}

func (r addressRow) address() hook.PlayAddress {
	return hook.PlayAddress{ID: r.ID, OwnerID: r.OwnerID.String, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Received: r.Received}
}

// countAddresses counts the addresses of the owner $1 and all of them.
var countAddresses = `SELECT count(*) FILTER (WHERE a.owner_id IS NOT DISTINCT FROM $1) AS own, count(*) AS all FROM play_addresses a WHERE ` + core.LivingAddress

// MakePlayAddress keeps a new address. One too many of its owner, or of the
// installation, is CodeConflict; an owner who does not exist is CodeInvalid.
func (s *Store) MakePlayAddress(ctx context.Context, a hook.PlayAddress) (hook.PlayAddress, error) {
	err := s.InTx(ctx, "make a play address", func(tx *sqlx.Tx) error {
		// The counts below are those that all who make one at this moment leave.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('play addresses', 0))`); err != nil {
			return err
		}
		var n struct {
			Own int `db:"own"`
			All int `db:"all"`
		}
		if err := tx.GetContext(ctx, &n, countAddresses, core.NonEmpty(a.OwnerID)); err != nil {
			return err
		}
		switch {
		case n.Own >= hook.MaxPlayAddresses:
			return hook.Errorf(hook.CodeConflict, "there are %d play addresses, and no more are possible at a time: use one of them (GET /v1/play), or delete one (DELETE /v1/play/{id})", n.Own)
		case n.All >= hook.MaxPlayAddressesInAll:
			return hook.Errorf(hook.CodeConflict, "this installation has %d play addresses, and no more are possible at a time; each goes %d days after its last request", n.All, int(hook.PlayAddressAge.Hours()/24))
		}
		var r addressRow
		err := tx.GetContext(ctx, &r, `INSERT INTO play_addresses AS a (id, owner_id) VALUES ($1, $2) RETURNING `+addressColumns, a.ID, core.NonEmpty(a.OwnerID))
		if core.IsState(err, core.ForeignKeyViolation) {
			return hook.Field{Pointer: "/owner_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "user", "id": a.OwnerID}, Detail: fmt.Sprintf("there is no user %q; create it first", a.OwnerID)}.Invalid()
		}
		a = r.address()
		return err
	})
	return a, err
}

// PlayAddresses lists the addresses of a user, or up to 200 of everybody where ownerID
// is empty, the newest first.
func (s *Store) PlayAddresses(ctx context.Context, ownerID string) ([]hook.PlayAddress, error) {
	return core.Rows(ctx, s.DB, `SELECT `+addressColumns+` FROM play_addresses a WHERE ($1 = '' OR a.owner_id = $1) AND `+core.LivingAddress+`
		ORDER BY a.created_at DESC, a.id DESC LIMIT 200`, []any{ownerID}, core.Plain(addressRow.address))
}

// DeletePlayAddress removes an address with what came to it.
func (s *Store) DeletePlayAddress(ctx context.Context, id string) error {
	return s.InTx(ctx, "delete a play address", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM play_addresses a WHERE a.id = $1`, id)
		return core.Affected(string(hook.KindPlay), id, res, err)
	})
}

// leadingHere are webhooks that lead to the play address $1: the one with the id $3,
// and those of its owner $2.
const leadingHere = `
SELECT w.id FROM webhooks w
WHERE w.deleted_at IS NULL AND (w.id = $3 OR w.owner_id = $2) AND right(split_part(w.url, '?', 1), length('/play/' || $1)) = '/play/' || $1
	AND ($2::text IS NULL OR w.owner_id = $2)
ORDER BY w.id <> $3, w.created_at DESC LIMIT 5`

// PlayTarget finds the address and the webhooks whose secrets a request to it can be
// checked with; named is the webhook that the request says it is of.
func (s *Store) PlayTarget(ctx context.Context, id, named string) (t hook.PlayTarget, err error) {
	ctx = core.Via(ctx, s.QuickPool)
	var r addressRow
	if err := sqlx.GetContext(ctx, s.On(ctx), &r, `SELECT `+addressColumns+` FROM play_addresses a WHERE a.id = $1 AND `+core.LivingAddress, id); err != nil {
		return t, core.Found(string(hook.KindPlay), id, err)
	}
	t.Address = r.address()
	var ids []string
	if err := sqlx.SelectContext(ctx, s.On(ctx), &ids, leadingHere, id, core.NonEmpty(t.Address.OwnerID), named); err != nil {
		return t, core.Classify("look for the webhooks of a play address", err)
	}
	var all []subscription.WebhookRow
	err = sqlx.SelectContext(ctx, s.On(ctx), &all, `SELECT `+subscription.WebhookColumns+` FROM webhooks w WHERE w.id = ANY($1) ORDER BY array_position($1, w.id)`, pq.Array(ids))
	for _, row := range all {
		t.Webhooks = append(t.Webhooks, s.WebhookOf(row))
	}
	return t, core.Classify("read the webhooks of a play address", err)
}

// playContent is what of a request is sealed.
type playContent struct {
	Query   string        `json:"query,omitempty"`
	Headers []hook.Header `json:"headers"`
	Body    []byte        `json:"body"`
}

func playPlace(id string) string { return "play_requests|" + id + "|content" }

// trimPlay leaves the newest requests of an address: $2 of them, and $3 bytes.
const trimPlay = `
DELETE FROM play_requests p USING (
	SELECT r.id, row_number() OVER newest AS place, sum(octet_length(r.content)) OVER newest AS bytes
	FROM play_requests r WHERE r.address_id = $1 WINDOW newest AS (ORDER BY r.received_at DESC, r.id DESC)
) x WHERE p.id = x.id AND (x.place > $2 OR x.bytes > $3)`

// KeepPlayRequest keeps a request, and the newest of the others of its address. An
// address that has gone is CodeNotFound.
func (s *Store) KeepPlayRequest(ctx context.Context, r hook.PlayRequest) error {
	content, err := json.Marshal(playContent{r.Query, r.Headers, r.Body})
	if err != nil {
		return core.Fault(fmt.Errorf("encode a request to a play address: %w", err))
	}
	finding, err := json.Marshal(r.Finding)
	if err != nil {
		return core.Fault(fmt.Errorf("encode the finding of a request to a play address: %w", err))
	}
	return s.InTx(ctx, "keep a request to a play address", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE play_addresses SET used_at = now(), received = received + 1 WHERE id = $1`, r.AddressID)
		if err := core.Affected(string(hook.KindPlay), r.AddressID, res, err); err != nil {
			return err
		}
		// clock_timestamp: requests of one address have their order by the lock on it.
		_, err = tx.ExecContext(ctx, `
			INSERT INTO play_requests (id, address_id, received_at, method, status_code, size, event_id, webhook_id, finding, content)
			VALUES ($1, $2, clock_timestamp(), $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, r.AddressID, r.Method, r.StatusCode, r.Size, core.NonEmpty(r.EventID), core.NonEmpty(r.WebhookID), string(finding), s.Ring.Seal(content, playPlace(r.ID)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, trimPlay, r.AddressID, hook.MaxPlayRequests, hook.MaxPlayBytes)
		return err
	})
}

type playRow struct {
	ID         string         `db:"id"`
	AddressID  string         `db:"address_id"`
	ReceivedAt time.Time      `db:"received_at"`
	Method     string         `db:"method"`
	StatusCode int            `db:"status_code"`
	Size       int            `db:"size"`
	EventID    sql.NullString `db:"event_id"`
	WebhookID  sql.NullString `db:"webhook_id"`
	Finding    []byte         `db:"finding"`
	Content    []byte         `db:"content"`
}

// PlayRequests lists what came to an address, the newest first. What can't be opened
// any more, after a change of the encryption key, has neither headers nor a body.
func (s *Store) PlayRequests(ctx context.Context, addressID string, page hook.Page) ([]hook.PlayRequest, error) {
	var one int
	if err := sqlx.GetContext(ctx, s.On(ctx), &one, `SELECT 1 FROM play_addresses a WHERE a.id = $1 AND `+core.LivingAddress, addressID); err != nil {
		return nil, core.Found(string(hook.KindPlay), addressID, err)
	}
	var l core.List
	l.Where("p.address_id = ?", addressID)
	l.Where("p.received_at > now() - make_interval(secs => ?)", hook.PlayRequestAge.Seconds())
	tail := l.Newest(core.SortKey{Time: "p.received_at", ID: "p.id"}, page)
	return core.Rows(ctx, s.DB, `SELECT p.id, p.address_id, p.received_at, p.method, p.status_code, p.size, p.event_id, p.webhook_id, p.finding, p.content FROM play_requests p`+tail,
		l.Args, s.playRequest)
}

func (s *Store) playRequest(r playRow) (hook.PlayRequest, error) {
	out := hook.PlayRequest{ID: r.ID, AddressID: r.AddressID, ReceivedAt: r.ReceivedAt.UTC(), Method: r.Method, Size: r.Size,
		StatusCode: r.StatusCode, EventID: r.EventID.String, WebhookID: r.WebhookID.String}
	if err := json.Unmarshal(r.Finding, &out.Finding); err != nil {
		return out, core.Fault(fmt.Errorf("decode the finding of %s: %w", r.ID, err))
	}
	var content playContent
	if plain, err := s.Ring.Open(r.Content, playPlace(r.ID)); err == nil && json.Unmarshal(plain, &content) == nil {
		out.Query, out.Headers, out.Body = content.Query, content.Headers, content.Body
	}
	return out, nil
}

// ForgetPlay removes up to limit requests that are kept no longer, and addresses to
// which nothing comes any more, and says how many rows.
func (s *Store) ForgetPlay(ctx context.Context, limit int) (int, error) {
	n, err := changed(s.HousekeepingPool.DB.ExecContext(ctx, `
		DELETE FROM play_requests WHERE id = ANY(ARRAY(SELECT p.id FROM play_requests p WHERE p.received_at <= now() - make_interval(secs => $1)
			ORDER BY p.received_at LIMIT $2 FOR UPDATE SKIP LOCKED))`, hook.PlayRequestAge.Seconds(), limit))
	if err != nil {
		return 0, core.Classify("forget requests to play addresses", err)
	}
	m, err := changed(s.HousekeepingPool.DB.ExecContext(ctx, `
		DELETE FROM play_addresses WHERE id = ANY(ARRAY(SELECT a.id FROM play_addresses a WHERE NOT `+core.LivingAddress+`
			ORDER BY a.used_at LIMIT $1 FOR UPDATE SKIP LOCKED))`, limit/hook.MaxPlayRequests))
	return int(max(n, m)), core.Classify("forget play addresses", err)
}

// Forget removes up to limit answers to requests with an idempotency key, and as many
// rows of the play receiver, that are kept no longer. It says how many of the kind
// that had most.
func (s *Store) Forget(ctx context.Context, limit int) (int, error) {
	answers, err := s.ForgetAnswers(ctx, limit)
	played, failed := s.ForgetPlay(ctx, limit)
	return max(answers, played), errors.Join(err, failed)
}
