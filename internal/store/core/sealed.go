package core

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// sealedColumn is a column that holds sealed values, or ” for none. Each is
// bound to table|key|column, where key is that of its row.
type sealedColumn struct {
	table  string
	column string
	key    []string
}

// SealedColumns is every column that is sealed.
var SealedColumns = []sealedColumn{
	{"webhooks", "secret", []string{"id"}},
	{"webhooks", "old_secrets", []string{"id"}},
	{"webhooks", "headers", []string{"id"}},
	{"webhooks", "client_key", []string{"id"}},
	{"listeners", "secret", []string{"owner_id", "name"}},
	{"play_requests", "content", []string{"id"}},
	{"idempotency_keys", "answer", []string{"credential", "key"}},
}

// String names the column for people.
func (c sealedColumn) String() string { return c.table + "." + c.column }

func (c sealedColumn) place(key []string) string {
	return c.table + "|" + strings.Join(key, "|") + "|" + c.column
}

// stale is the condition that a value is sealed, but not by the key whose
// values begin with $1.
func (c sealedColumn) stale() string {
	return fmt.Sprintf(`octet_length(%[1]s) > 0 AND substr(%[1]s, 1, octet_length($1::bytea)) <> $1`, c.column)
}

// sealedRow is one sealed value and the key of its row.
type sealedRow struct {
	Key   pq.StringArray `db:"key"`
	Value []byte         `db:"value"`
}

// Rekeyed is how far Rekey has come with one column.
type Rekeyed struct {
	Column string
	// Resealed is how many values are sealed with the first key now that were not.
	Resealed int
	// Unopened is how many could not be opened and are left as they were; Err says
	// what is wrong with the last of them.
	Unopened int
	Err      error
	// Done says that all of the column was looked at.
	Done bool
}

// rekeyBatch is how many rows Rekey locks at a time; that takes a moment.
const rekeyBatch = 100

// LeftToRekey counts the values that are sealed with another key than the first
// of the ring.
func (s *DB) LeftToRekey(ctx context.Context) (int, error) {
	total := 0
	for _, c := range SealedColumns {
		var n int
		if err := s.HousekeepingPool.DB.GetContext(ctx, &n, `SELECT count(*) FROM `+c.table+` WHERE `+c.stale(), s.Ring.Head()); err != nil {
			return 0, Classify("count what is left of "+c.String(), err)
		}
		total += n
	}
	return total, nil
}

// Rekey seals with the first key of the ring what another one has sealed, and
// tells progress after each batch. It may be ended at any time and run again,
// and other processes may go on in the meantime.
func (s *DB) Rekey(ctx context.Context, progress func(Rekeyed)) error {
	for _, c := range SealedColumns {
		sum := Rekeyed{Column: c.String()}
		for after := make([]string, len(c.key)); after != nil; {
			var batch Rekeyed
			var last []string
			err := s.InTx(ctx, "rekey "+c.String(), func(tx *sqlx.Tx) (err error) {
				batch, last, err = s.rekeyBatch(ctx, tx, c, after)
				return err
			})
			if err != nil {
				return err
			}
			sum.Resealed += batch.Resealed
			sum.Unopened += batch.Unopened
			sum.Err = cmp.Or(batch.Err, sum.Err)
			after, sum.Done = last, last == nil
			progress(sum)
		}
	}
	return nil
}

// rekeyBatch rekeys the next rows after the one with the given key. It gives the
// key of the last one; nil when there are no more.
func (s *DB) rekeyBatch(ctx context.Context, tx *sqlx.Tx, c sealedColumn, after []string) (done Rekeyed, last []string, err error) {
	key, at := strings.Join(c.key, ", "), make([]string, len(c.key))
	for i := range at {
		at[i] = fmt.Sprintf("($2::text[])[%d]", i+1)
	}
	var rows []sealedRow
	err = tx.SelectContext(ctx, &rows, fmt.Sprintf(
		`SELECT ARRAY[%[1]s] AS key, %[2]s AS value FROM %[3]s WHERE %[4]s AND (%[1]s) > (%[5]s) ORDER BY %[1]s LIMIT %[6]d FOR NO KEY UPDATE`,
		key, c.column, c.table, c.stale(), strings.Join(at, ", "), rekeyBatch), s.Ring.Head(), pq.Array(after))
	if err != nil {
		return done, nil, err
	}
	for _, row := range rows {
		last = row.Key
		plain, err := s.Ring.Open(row.Value, c.place(row.Key))
		if err != nil {
			done.Unopened, done.Err = done.Unopened+1, fmt.Errorf("%s of %s: %w", c, strings.Join(row.Key, "|"), err)
			continue
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE (%s) = (%s)`, c.table, c.column, key, strings.Join(at, ", ")),
			s.Ring.Seal(plain, c.place(row.Key)), row.Key); err != nil {
			return done, nil, err
		}
		done.Resealed++
	}
	return done, last, nil
}
