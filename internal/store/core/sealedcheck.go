package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
