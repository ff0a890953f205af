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
)

// streamChannel is where processes tell one another what is new about streams: the id
// of a webhook whose stream has something to look at, or the key of a request that is
// answered.
const streamChannel = "godwit_streams"

// wakeStreams tells the stream of a webhook to look, once tx has committed.
func wakeStreams(ctx context.Context, on sqlx.ExecerContext, name string) error {
	_, err := on.ExecContext(ctx, `SELECT pg_notify($1, $2)`, streamChannel, name)
	return err
}

// offer puts a request on the wire, unless its listener was removed: the lock on the
// listener's row has one of the two wait for the other. The row that an earlier process
// has left of the same attempt is replaced.
const offer = `
WITH has AS (
	SELECT FROM listeners l WHERE l.webhook_id = $3 FOR SHARE
), offered AS (
	INSERT INTO listener_requests (delivery_id, attempt, webhook_id, headers, body, timeout_ms, expires_at)
	SELECT $1, $2, $3, $4, $5, $6::int, now() + make_interval(secs => $6::int / 1000.0) FROM has
	ON CONFLICT (delivery_id, attempt) DO UPDATE SET webhook_id = excluded.webhook_id, headers = excluded.headers, body = excluded.body,
		timeout_ms = excluded.timeout_ms, expires_at = excluded.expires_at, stream = NULL, sent_at = NULL, answer = NULL
	RETURNING webhook_id
)
SELECT pg_notify($7, webhook_id) FROM offered`

// offerPlace is where the headers of a request are sealed.
func offerPlace(key string) string { return "listener_requests|" + key + "|headers" }

// Offer puts a request on the wire to its listener; gone = it was removed.
func (s *Store) Offer(ctx context.Context, r hook.StreamRequest) (gone bool, err error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	headers, err := json.Marshal(r.Headers)
	if err != nil {
		return false, core.Fault(fmt.Errorf("encode the headers of %s: %w", r.Key(), err))
	}
	headers = s.Ring.Seal(headers, offerPlace(r.Key())) // the owner's own are secrets
	n, err := changed(s.On(ctx).ExecContext(ctx, offer, r.DeliveryID, r.Attempt, r.WebhookID, headers, r.Body, r.Timeout.Milliseconds(), streamChannel))
	return err == nil && n == 0, core.Classify("offer "+r.Key(), err)
}

const (
	// dropOffers takes the requests of listeners from the wire and wakes their attempts.
	dropOffers = `
WITH dropped AS (DELETE FROM listener_requests WHERE webhook_id = ANY($1) RETURNING delivery_id, attempt)
SELECT pg_notify($2, delivery_id || '.' || attempt) FROM dropped`
	wakeAll = `SELECT pg_notify($2, id) FROM unnest($1::text[]) AS w(id)`
)

// removeListeners takes webhooks that are deleted from their listeners, which keep their
// secrets. Their streams and the attempts under way end.
func removeListeners(ctx context.Context, tx *sqlx.Tx, webhookIDs []string) error {
	n, err := changed(tx.ExecContext(ctx, `UPDATE listeners SET webhook_id = NULL, stream = NULL WHERE webhook_id = ANY($1)`, pq.Array(webhookIDs)))
	if err != nil || n == 0 {
		return err
	}
	for _, statement := range []string{dropOffers, wakeAll} {
		if _, err := tx.ExecContext(ctx, statement, pq.Array(webhookIDs), streamChannel); err != nil {
			return err
		}
	}
	return nil
}

// withdrawOffer takes a request from the wire: with its answer, or at the end of its
// time ($3) also without. The client had it for long enough (heard) where the stream
// that has the listener now was given it in the first half of its time. Where the
// listener was removed ($4 has none) there is nothing to take.
const withdrawOffer = `
WITH taken AS (
	DELETE FROM listener_requests r WHERE r.delivery_id = $1 AND r.attempt = $2 AND (r.answer IS NOT NULL OR $3)
	RETURNING r.answer, coalesce(r.sent_at <= r.expires_at - make_interval(secs => r.timeout_ms / 2000.0) AND EXISTS (
		SELECT FROM listeners l WHERE l.webhook_id = r.webhook_id AND l.stream = r.stream AND ` + listening + `), false) AS heard
)
SELECT answer, heard, false AS gone FROM taken
UNION ALL SELECT NULL, false, true WHERE NOT EXISTS (SELECT FROM taken) AND NOT EXISTS (SELECT FROM listeners l WHERE l.webhook_id = $4)`

// WithdrawOffer takes a request from the wire that is answered, or whose time is over.
// The zero value is that it is on the wire still, or that its time was over and no client
// took it.
func (s *Store) WithdrawOffer(ctx context.Context, r hook.StreamRequest, over bool) (out hook.Exchanged, err error) {
	ctx = core.Via(ctx, s.AttemptsPool)
	var row struct {
		Answer []byte `db:"answer"`
		Heard  bool   `db:"heard"`
		Gone   bool   `db:"gone"`
	}
	err = sqlx.GetContext(ctx, s.On(ctx), &row, withdrawOffer, r.DeliveryID, r.Attempt, over, r.WebhookID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return out, nil
	case err != nil:
		return out, core.Classify("look for the answer to "+r.Key(), err)
	case row.Answer == nil:
		return hook.Exchanged{Heard: row.Heard, Gone: row.Gone}, nil
	}
	out.Answer = new(hook.StreamAnswer)
	if err := json.Unmarshal(row.Answer, out.Answer); err != nil {
		return hook.Exchanged{}, core.Fault(fmt.Errorf("decode the answer to %s: %w", r.Key(), err))
	}
	return out, nil
}

// nextOffers gives requests to the stream $2 of the webhook $1 that it was not given:
// after a stream was cut the next one is given all that are not answered. Not to a
// stream that has lost the listener. The lock on the listener's row has BeginStream wait
// for the statement of the stream before, perhaps one of a process that has died: its
// requests are then given to the new stream with the others, in their order. So the
// locks that are skipped are of requests that are answered, withdrawn or offered just now.
const nextOffers = `
WITH has AS (
	SELECT FROM listeners l WHERE l.webhook_id = $1 AND l.stream = $2 AND NOT l.paused FOR SHARE
), next AS (
	SELECT r.delivery_id, r.attempt FROM listener_requests r
	WHERE r.webhook_id = $1 AND r.answer IS NULL AND r.stream IS DISTINCT FROM $2 AND r.expires_at > now()
		AND EXISTS (SELECT FROM has)
	ORDER BY r.position
	LIMIT greatest(0, least($3::int, $4::int - (SELECT count(*) FROM listener_requests o
		WHERE o.webhook_id = $1 AND o.stream = $2 AND o.answer IS NULL AND o.expires_at > now())))
	FOR UPDATE SKIP LOCKED
), given AS (
	UPDATE listener_requests r SET stream = $2, sent_at = now() FROM next n WHERE r.delivery_id = n.delivery_id AND r.attempt = n.attempt
	RETURNING r.*
)
SELECT delivery_id, attempt, headers, body, extract(epoch FROM expires_at - now()) AS seconds FROM given ORDER BY position`

type offerRow struct {
	DeliveryID string  `db:"delivery_id"`
	Attempt    int     `db:"attempt"`
	Headers    []byte  `db:"headers"`
	Body       []byte  `db:"body"`
	Seconds    float64 `db:"seconds"`
}

// NextOffers gives up to limit requests to a stream that it was not given yet, the
// oldest first, while fewer than hook.MaxOnTheWire of it wait for their answers. Timeout
// is what is left of the time of each. One that can't be read, such as after a key was
// taken from the ring, is answered here: its attempt fails, and the others go on.
func (s *Store) NextOffers(ctx context.Context, webhookID, stream string, limit int) ([]hook.StreamRequest, error) {
	for {
		rows, err := core.Rows(ctx, s.DB, nextOffers, []any{webhookID, stream, limit, hook.MaxOnTheWire}, core.Plain(func(r offerRow) offerRow { return r }))
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		var out []hook.StreamRequest
		var unread []hook.StreamAnswer
		for _, row := range rows {
			if r, err := s.offered(webhookID, row); err == nil {
				out = append(out, r)
			} else {
				unread = append(unread, hook.StreamAnswer{DeliveryID: row.DeliveryID, Attempt: row.Attempt, Reason: hook.ReasonInternal, Error: "Godwit can't read the headers of the request any more: its encryption key is not in GODWIT_ENCRYPTION_KEY"})
			}
		}
		if len(unread) > 0 {
			if _, err := s.Answer(ctx, webhookID, unread); err != nil {
				return nil, err
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
}

func (s *Store) offered(webhookID string, row offerRow) (hook.StreamRequest, error) {
	out := hook.StreamRequest{WebhookID: webhookID, DeliveryID: row.DeliveryID, Attempt: row.Attempt, Body: row.Body, Timeout: time.Duration(row.Seconds * float64(time.Second))}
	headers, err := s.Ring.Open(row.Headers, offerPlace(out.Key()))
	if err == nil {
		err = json.Unmarshal(headers, &out.Headers)
	}
	return out, err
}

// takeAnswers keeps answers to requests that wait for one, and tells the processes
// that made them; and the stream, where there are requests that it had no room for.
const takeAnswers = `
WITH took AS (
	UPDATE listener_requests r SET answer = i.answer FROM unnest($2::text[], $3::int[], $4::bytea[]) AS i(delivery_id, attempt, answer)
	WHERE r.delivery_id = i.delivery_id AND r.attempt = i.attempt AND r.webhook_id = $1 AND r.answer IS NULL
	RETURNING r.delivery_id, r.attempt
), more AS (
	SELECT pg_notify($5, $1) FROM (SELECT FROM listener_requests r
		WHERE r.webhook_id = $1 AND r.answer IS NULL AND r.stream IS DISTINCT FROM (SELECT l.stream FROM listeners l WHERE l.webhook_id = $1) LIMIT 1) waits
)
SELECT delivery_id || '.' || attempt FROM took CROSS JOIN LATERAL (SELECT pg_notify($5, delivery_id || '.' || attempt)) n
WHERE (SELECT count(*) FROM more) >= 0`

// Answer keeps what a client says about requests of a listener, and gives the keys of
// those that waited for it. The others are over, or were answered before.
func (s *Store) Answer(ctx context.Context, webhookID string, answers []hook.StreamAnswer) (took []string, err error) {
	deliveries, attempts, bodies := make([]string, len(answers)), make([]int64, len(answers)), make([][]byte, len(answers))
	for i, a := range answers {
		deliveries[i], attempts[i] = a.DeliveryID, int64(a.Attempt)
		if bodies[i], err = json.Marshal(a); err != nil {
			return nil, core.Fault(fmt.Errorf("encode the answer to %s: %w", hook.StreamKey(a.DeliveryID, a.Attempt), err))
		}
	}
	err = sqlx.SelectContext(ctx, s.On(ctx), &took, takeAnswers, webhookID, pq.Array(deliveries), pq.Array(attempts), pq.ByteaArray(bodies), streamChannel)
	return took, core.Classify("keep answers of "+webhookID, err)
}

// ListenStreams calls wake with each name that a process notifies, until ctx ends. The
// name is empty where notifications may have been missed.
func (s *Store) ListenStreams(ctx context.Context, wake func(name string)) error {
	return s.ListenOn(ctx, streamChannel, wake)
}

// listening: a stream has the listener l.
const listening = `(l.stream IS NOT NULL AND l.stream_until > now())`

// changed is how many rows a statement has changed.
func changed(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
