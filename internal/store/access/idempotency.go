package access

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// Once has run do its work at most once under the key, and gives its answer: the
// kept one where it has run before. All of it is one transaction, that of run's
// context: with the answer everything that run has written is kept, or
// nothing of it, whatever dies in between. A nil answer keeps nothing.
//
// The same key with another request is CodeInvalid; one whose request is under
// way is CodeConflict.
func (s *Store) Once(ctx context.Context, k hook.IdempotencyKey, run func(context.Context) []byte) (answer []byte, again bool, err error) {
	ctx = core.Via(ctx, s.ChangesPool)
	// Not InTx: run must not run again after a deadlock, and need not, since what
	// it does in transactions of its own is repeated within this one.
	err = s.RunTx(ctx, "run a request once", func(tx *sqlx.Tx) error {
		answer, err = s.keptAnswer(ctx, tx, k)
		if again = answer != nil; err != nil || again {
			return err
		}
		if answer = run(core.WithTx(ctx, tx)); answer == nil {
			return errNothingToKeep
		}
		return s.keepAnswer(ctx, tx, k, answer)
	})
	if errors.Is(err, errNothingToKeep) {
		err = nil
	}
	return answer, again, err
}

// errNothingToKeep rolls a transaction back that has done nothing wrong.
var errNothingToKeep = core.Fault(errors.New("nothing to keep"))

// AnswerPlace is what a kept answer is bound to.
func AnswerPlace(k hook.IdempotencyKey) string {
	return "idempotency_keys|" + k.Credential + "|" + k.Key + "|answer"
}

// keptAnswer gives the answer of an earlier request; nil = there was none. It
// keeps other requests with the key out until the end of the transaction.
func (s *Store) keptAnswer(ctx context.Context, tx *sqlx.Tx, k hook.IdempotencyKey) ([]byte, error) {
	var mine bool
	err := tx.GetContext(ctx, &mine, `SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency ' || $1 || ' ' || $2, 0))`, k.Credential, k.Key)
	if err != nil {
		return nil, err
	}
	if !mine {
		return nil, hook.Errorf(hook.CodeConflict, "A request with this Idempotency-Key is under way; wait for its answer, or send the same again in a moment.")
	}
	var kept struct {
		Request   []byte    `db:"request"`
		Answer    []byte    `db:"answer"`
		CreatedAt time.Time `db:"created_at"`
		Over      bool      `db:"over"`
	}
	err = tx.GetContext(ctx, &kept, `
		SELECT request, answer, created_at, created_at <= now() - make_interval(secs => $3) AS over FROM idempotency_keys
		WHERE credential = $1 AND key = $2`, k.Credential, k.Key, hook.IdempotencyAge.Seconds())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case kept.Over:
		_, err := tx.ExecContext(ctx, `DELETE FROM idempotency_keys WHERE credential = $1 AND key = $2`, k.Credential, k.Key)
		return nil, err
	case !bytes.Equal(kept.Request, k.Request):
		return nil, hook.Errorf(hook.CodeInvalid,
			"The header Idempotency-Key was used for another request at %s; use a new key, or send that request again as it was.",
			kept.CreatedAt.UTC().Format(time.RFC3339))
	}
	answer, err := s.Ring.Open(kept.Answer, AnswerPlace(k))
	if err != nil {
		return nil, core.Fault(err)
	}
	return answer, nil
}

// keepAnswer relies on the unique index, whatever became of the lock.
func (s *Store) keepAnswer(ctx context.Context, tx *sqlx.Tx, k hook.IdempotencyKey, answer []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idempotency_keys (credential, key, request, answer) VALUES ($1, $2, $3, $4)`,
		k.Credential, k.Key, k.Request, s.Ring.Seal(answer, AnswerPlace(k)))
	return err
}

// ForgetAnswers removes up to limit answers that are kept no longer, and says
// how many.
func (s *Store) ForgetAnswers(ctx context.Context, limit int) (int, error) {
	res, err := s.HousekeepingPool.DB.ExecContext(ctx, `
		DELETE FROM idempotency_keys WHERE (credential, key) IN (
			SELECT credential, key FROM idempotency_keys WHERE created_at <= now() - make_interval(secs => $1)
			ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, hook.IdempotencyAge.Seconds(), limit)
	if err != nil {
		return 0, core.Classify("forget answers", err)
	}
	n, err := res.RowsAffected()
	return int(n), core.Classify("forget answers", err)
}
