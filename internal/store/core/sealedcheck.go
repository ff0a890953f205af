package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/seal"
)

// sealedSample is how many values of a column CheckSealed tries: more than one,
// since a damaged value must not look like a wrong key.
const sealedSample = 5

// CheckSealed tries to open some values of each sealed column, the newest ones.
// It names the columns in which none of them can be opened because the key that
// sealed it is not in the ring: then the keyring is not the one of this database.
func (s *DB) CheckSealed(ctx context.Context) (foreign []string, err error) {
	for _, c := range SealedColumns {
		rows, err := s.newestSealed(ctx, c)
		if err != nil {
			return nil, Classify("check the encryption key with "+c.String(), err)
		}
		opened := len(rows) == 0
		for _, row := range rows {
			_, err := s.Ring.Open(row.Value, c.place(row.Key))
			opened = opened || !errors.Is(err, seal.ErrUnknownKey)
		}
		if !opened {
			foreign = append(foreign, c.String())
		}
	}
	return foreign, nil
}

func (s *DB) newestSealed(ctx context.Context, c sealedColumn) (rows []sealedRow, err error) {
	key := strings.Join(c.key, ", ")
	err = s.HousekeepingPool.DB.SelectContext(ctx, &rows, fmt.Sprintf(
		`SELECT ARRAY[%[1]s] AS key, %[2]s AS value FROM %[3]s WHERE octet_length(%[2]s) > 0 ORDER BY %[4]s DESC LIMIT %[5]d`,
		key, c.column, c.table, strings.Join(c.key, " DESC, "), sealedSample))
	return rows, err
}

// Bounds of Unreadable: webhooks that it looks at, for the time that takes, and those
// that it names.
const (
	mostLookedAt = 10_000
	mostNamed    = 20
)

// Unreadable finds webhooks with a secret that no key of the ring has sealed, the oldest
// first: a key that was left out of the list too early has sealed the old ones.
func (s *DB) Unreadable(ctx context.Context) (hook.Unreadable, error) {
	var out hook.Unreadable
	var foreign []string
	for _, c := range SealedColumns {
		if c.table == "webhooks" {
			foreign = append(foreign, fmt.Sprintf("octet_length(%[1]s) > 0 AND substr(%[1]s, 1, octet_length(($1::bytea[])[1])) <> ALL($1)", c.column))
		}
	}
	rows := []struct {
		ID    string `db:"id"`
		Total int    `db:"total"`
	}{}
	err := s.QuickPool.DB.SelectContext(ctx, &rows, `
		SELECT id, count(*) OVER () AS total
		FROM (SELECT id, `+strings.Join(foreign, " OR ")+` AS is_foreign FROM webhooks WHERE deleted_at IS NULL ORDER BY id LIMIT $2) w
		WHERE is_foreign ORDER BY id LIMIT $3`, pq.ByteaArray(s.Ring.Heads()), mostLookedAt, mostNamed)
	for _, r := range rows {
		out.Webhooks, out.Total = append(out.Webhooks, r.ID), r.Total
	}
	return out, Classify("look for secrets that no key opens", err)
}
