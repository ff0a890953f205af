package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// list builds a SELECT over one table with the conditions that were asked for.
type list struct {
	conditions []string
	args       []any
}

// where adds a condition with one "?" for its value.
func (l *list) where(condition string, value any) {
	l.args = append(l.args, value)
	l.conditions = append(l.conditions, strings.Replace(condition, "?", fmt.Sprintf("$%d", len(l.args)), 1))
}

// whereSet adds the condition unless value is the zero value of its type.
func whereSet[T comparable](l *list, condition string, value T) {
	var zero T
	if value != zero {
		l.where(condition, value)
	}
}

// whereTime adds the condition unless t is zero.
func (l *list) whereTime(condition string, t time.Time) {
	if !t.IsZero() {
		l.where(condition, t)
	}
}

// sortKey names the columns that a list is sorted by. An index need not know the
// sequence: it tells apart what was accepted in one moment, and that is little.
type sortKey struct {
	time     string
	sequence string // empty = the table has none
	id       string
	// text is an expression in lower case that rows are sorted by instead of time,
	// from A to Z; empty = the newest first.
	text string
}

// order is the list's ORDER BY.
func (k sortKey) order() string {
	switch {
	case k.text != "":
		return fmt.Sprintf("%s, %s", k.text, k.id)
	case k.sequence == "":
		return fmt.Sprintf("%s DESC, %s DESC", k.time, k.id)
	}
	return fmt.Sprintf("%s DESC, %s DESC, %s DESC", k.time, k.sequence, k.id)
}

// after adds the condition that a row comes after the cursor.
func (l *list) after(key sortKey, c hook.Cursor) {
	if key.text != "" {
		l.args = append(l.args, c.Text, c.ID)
		l.conditions = append(l.conditions, fmt.Sprintf("(%s, %s) > (lower($%d), $%d)", key.text, key.id, len(l.args)-1, len(l.args)))
		return
	}
	if key.sequence == "" {
		l.args = append(l.args, c.Time, c.ID)
		l.conditions = append(l.conditions, fmt.Sprintf("(%s, %s) < ($%d, $%d)", key.time, key.id, len(l.args)-1, len(l.args)))
		return
	}
	l.args = append(l.args, c.Time, c.Sequence, c.ID)
	l.conditions = append(l.conditions, fmt.Sprintf("(%s, %s, %s) < ($%d, $%d, $%d)",
		key.time, key.sequence, key.id, len(l.args)-2, len(l.args)-1, len(l.args)))
}

// newest ends the query: rows after the cursor, newest first.
func (l *list) newest(key sortKey, page hook.Page) string {
	if page.After != nil {
		l.after(key, *page.After)
	}
	var where string
	if len(l.conditions) > 0 {
		where = " WHERE " + strings.Join(l.conditions, " AND ")
	}
	l.args = append(l.args, page.Limit)
	return fmt.Sprintf("%s ORDER BY %s LIMIT $%d", where, key.order(), len(l.args))
}

// rows runs a list query and converts each row to its domain type.
func rows[R, T any](ctx context.Context, s *DB, query string, args []any, convert func(R) (T, error)) ([]T, error) {
	var raw []R
	if err := sqlx.SelectContext(ctx, s.on(ctx), &raw, query, args...); err != nil {
		return nil, classify("list rows", err)
	}
	out := make([]T, len(raw))
	for i, r := range raw {
		var err error
		if out[i], err = convert(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plain is a conversion for rows that can't fail.
func plain[R, T any](convert func(R) T) func(R) (T, error) {
	return func(r R) (T, error) { return convert(r), nil }
}
