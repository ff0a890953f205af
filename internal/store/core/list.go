package core

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// List builds a SELECT over one table with the conditions that were asked for.
type List struct {
	Conditions []string
	Args       []any
}

// Where adds a condition with one "?" for its value.
func (l *List) Where(condition string, value any) {
	l.Args = append(l.Args, value)
	l.Conditions = append(l.Conditions, strings.Replace(condition, "?", fmt.Sprintf("$%d", len(l.Args)), 1))
}

// WhereSet adds the condition unless value is the zero value of its type.
func WhereSet[T comparable](l *List, condition string, value T) {
	var zero T
	if value != zero {
		l.Where(condition, value)
	}
}

// WhereTime adds the condition unless t is zero.
func (l *List) WhereTime(condition string, t time.Time) {
	if !t.IsZero() {
		l.Where(condition, t)
	}
}

// SortKey names the columns that a list is sorted by. An index need not know the
// sequence: it tells apart what was accepted in one moment, and that is little.
type SortKey struct {
	Time     string
	Sequence string // empty = the table has none
	ID       string
	// text is an expression in lower case that rows are sorted by instead of time,
	// from A to Z; empty = the newest first.
	Text string
}

// order is the list's ORDER BY.
func (k SortKey) order() string {
	switch {
	case k.Text != "":
		return fmt.Sprintf("%s, %s", k.Text, k.ID)
	case k.Sequence == "":
		return fmt.Sprintf("%s DESC, %s DESC", k.Time, k.ID)
	}
	return fmt.Sprintf("%s DESC, %s DESC, %s DESC", k.Time, k.Sequence, k.ID)
}

// after adds the condition that a row comes after the cursor.
func (l *List) after(key SortKey, c hook.Cursor) {
	if key.Text != "" {
		l.Args = append(l.Args, c.Text, c.ID)
		l.Conditions = append(l.Conditions, fmt.Sprintf("(%s, %s) > (lower($%d), $%d)", key.Text, key.ID, len(l.Args)-1, len(l.Args)))
		return
	}
	l.compared(key, "<", c)
}

// compared adds the condition that the place of a row of a list by time compares so with
// the cursor: "<" = it comes after it, ">=" = it does not.
func (l *List) compared(key SortKey, as string, c hook.Cursor) {
	if key.Sequence == "" {
		l.Args = append(l.Args, c.Time, c.ID)
		l.Conditions = append(l.Conditions, fmt.Sprintf("(%s, %s) %s ($%d, $%d)", key.Time, key.ID, as, len(l.Args)-1, len(l.Args)))
		return
	}
	l.Args = append(l.Args, c.Time, c.Sequence, c.ID)
	l.Conditions = append(l.Conditions, fmt.Sprintf("(%s, %s, %s) %s ($%d, $%d, $%d)",
		key.Time, key.Sequence, key.ID, as, len(l.Args)-2, len(l.Args)-1, len(l.Args)))
}

// Newest ends the query: rows after the cursor, newest first.
func (l *List) Newest(key SortKey, page hook.Page) string {
	if page.After != nil {
		l.after(key, *page.After)
	}
	var where string
	if len(l.Conditions) > 0 {
		where = " WHERE " + strings.Join(l.Conditions, " AND ")
	}
	l.Args = append(l.Args, page.Limit)
	return fmt.Sprintf("%s ORDER BY %s LIMIT $%d", where, key.order(), len(l.Args))
}

// Rows runs a list query and converts each row to its domain type.
func Rows[R, T any](ctx context.Context, s *DB, query string, args []any, convert func(R) (T, error)) ([]T, error) {
	return RowsIn(ctx, s.On(ctx), query, args, convert)
}

// RowsIn is Rows in a transaction.
func RowsIn[R, T any](ctx context.Context, tx sqlx.QueryerContext, query string, args []any, convert func(R) (T, error)) ([]T, error) {
	rows, err := tx.QueryxContext(ctx, query, args...)
	if err != nil {
		return nil, Classify("list rows", err)
	}
	defer rows.Close() //nolint:errcheck // what is wrong with it Err says
	out := []T{}
	for rows.Next() {
		var raw R
		if err := rows.StructScan(&raw); err != nil {
			return nil, Classify("read a row of a list", err)
		}
		one, err := convert(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, Classify("list rows", rows.Err())
}

// Plain is a conversion for rows that can't fail.
func Plain[R, T any](convert func(R) T) func(R) (T, error) {
	return func(r R) (T, error) { return convert(r), nil }
}
