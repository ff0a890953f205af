package core

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// MostScanned is how many rows one page of a list looks at. From memory that
// takes a few hundredths of a second.
const MostScanned = 10_000

// Condition is a condition of a list; "?" stands for its value, if it has one.
type Condition struct {
	Text  string
	Value any
}

// Way goes through an index that has the rows in the order of the list. Where
// it has so only those of one webhook, say, each webhook has a walk.
type Way struct {
	Each   []Condition // tables of what there is a walk for
	Served []Condition // what the index finds, links to each among them
	Rest   []Condition // what each row is looked at for
	Many   []Condition // table and condition that count the walks; none = 1

	// LooksUp: rest reads attempts, which takes about four times as long.
	LooksUp bool
}

// Search finds the newest rows of a table, such as "deliveries d".
type Search struct {
	Columns string
	Table   string
	Key     SortKey
	Ways    []Way
}

// row selects the key of a row.
func (q Search) row() string {
	return fmt.Sprintf("SELECT %s AS id, %s AS at, %s AS sequence, %s AS text", q.Key.ID, q.Key.Time, cmp.Or(q.Key.Sequence, "0::bigint"), cmp.Or(q.Key.Text, "''"))
}

// keyOf is the key of what row has selected.
func (q Search) keyOf(alias string) SortKey {
	k := SortKey{Time: alias + ".at", Sequence: alias + ".sequence", ID: alias + ".id"}
	if q.Key.Text != "" {
		k.Text = alias + ".text"
	}
	return k
}

// Name is the name that the table has in the query.
func (q Search) Name() string { return q.Table[strings.Index(q.Table, " ")+1:] }

// Bind adds the values of conditions to l and gives their texts.
func (l *List) Bind(all []Condition) []string {
	texts := make([]string, len(all))
	for i, c := range all {
		if texts[i] = c.Text; strings.Contains(c.Text, "?") {
			l.Args = append(l.Args, c.Value)
			texts[i] = strings.ReplaceAll(c.Text, "?", fmt.Sprintf("$%d", len(l.Args)))
		}
	}
	return texts
}

// most is how many rows a walk looks at.
func (w Way) most(l *List) string {
	most := MostScanned
	if w.LooksUp {
		most /= 4
	}
	if len(w.Many) == 0 {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("(SELECT %d / greatest(count(*), 1) + 1 FROM %s)", most, strings.Join(l.Bind(w.Many), " WHERE "))
}

// ordered walks through the rows that meet the conditions, after a row and up to another
// one; nil = from the first, and to the last.
func (q Search) ordered(l *List, conditions []Condition, after, last *hook.Cursor) string {
	walked := List{Conditions: append([]string{"true"}, l.Bind(conditions)...)}
	walked.Args = l.Args
	if after != nil {
		walked.after(q.Key, *after)
	}
	if last != nil {
		walked.compared(q.Key, ">=", *last)
	}
	l.Args = walked.Args
	return fmt.Sprintf("FROM %s WHERE %s ORDER BY %s", q.Table, strings.Join(walked.Conditions, " AND "), q.Key.order())
}

// each has a part of a query made for everything that w has a walk for.
func (w Way) of(l *List, part func() string) string {
	from := strings.Join(append([]string{"(SELECT) one"}, l.Bind(w.Each)...), " CROSS JOIN ")
	return fmt.Sprintf("SELECT own.* FROM %s CROSS JOIN LATERAL (%s) own", from, part())
}

// Find is the query for a page. Conditions may speak of the first arguments, $1 and so
// on, by number.
func (q Search) Find(page hook.Page, first ...any) (query string, args []any) {
	l := List{Args: append(first, page.Limit)}
	limit := fmt.Sprintf(" LIMIT $%d", len(l.Args))
	name, walks := q.Name(), make([]string, len(q.Ways))
	for i, w := range q.Ways {
		walks[i] = w.of(&l, func() string {
			if page.Stopped == nil || len(w.Rest) == 0 {
				return q.row() + " " + q.ordered(&l, slices.Concat(w.Served, w.Rest), page.After, nil) + limit
			}
			scanned := fmt.Sprintf("SELECT %s.* %s LIMIT %s", name, q.ordered(&l, w.Served, page.After, nil), w.most(&l))
			return fmt.Sprintf("%s FROM (%s) %s WHERE %s%s", q.row(), scanned, name, strings.Join(l.Bind(w.Rest), " AND "), limit)
		})
	}
	return fmt.Sprintf(`SELECT %s FROM %s WHERE %s = ANY(ARRAY(
		SELECT seen.id FROM (%s) seen ORDER BY %s%s
	)) ORDER BY %s`, q.Columns, q.Table, q.Key.ID, strings.Join(walks, " UNION ALL "), q.keyOf("seen").order(), limit, q.Key.order()), l.Args
}

// Stops is the query for where a page ends at the latest: where the first of the
// walks has looked at as many rows as it may. It finds none when all of them come
// to their ends before, or to the row last, which lists by time alone have.
func (q Search) Stops(page hook.Page, last *hook.Cursor) (query string, args []any) {
	var l List
	var walks []string
	for _, w := range q.Ways {
		if len(w.Rest) > 0 {
			walks = append(walks, w.of(&l, func() string {
				return fmt.Sprintf("%s %s OFFSET %s - 1 LIMIT 1", q.row(), q.ordered(&l, w.Served, page.After, last), w.most(&l))
			}))
		}
	}
	return fmt.Sprintf("SELECT stop.* FROM (%s) stop ORDER BY %s LIMIT 1", strings.Join(walks, " UNION ALL "), q.keyOf("stop").order()), l.Args
}

// Bounded says whether a search may have to stop before its end.
func (q Search) Bounded(page hook.Page) bool {
	for _, w := range q.Ways {
		if len(w.Rest) > 0 {
			return page.Stopped != nil
		}
	}
	return false
}

// placed is a row that knows its place in a list that is sorted by time.
type placed interface{ Cursor() hook.Cursor }

// Searched runs a search. Where page.Stopped is set, it looks at MostScanned rows
// at most, and says where it stopped.
func Searched[R any, T placed](ctx context.Context, s *DB, q Search, page hook.Page, convert func(R) (T, error)) ([]T, error) {
	query, args := q.Find(page)
	found, err := Rows(ctx, s, query, args, convert)
	full := len(found) >= page.Limit
	one := len(q.Ways) == 1 && len(q.Ways[0].Each) == 0
	if err != nil || !q.Bounded(page) || full && one {
		return found, err
	}
	var last *hook.Cursor
	if full {
		last = new(found[page.Limit-1].Cursor())
	}
	stop, err := s.stop(ctx, q, page, last)
	if err != nil || stop == nil {
		return found, err
	}
	if !one { // the other walks have looked further
		i, is := slices.BinarySearchFunc(found, *stop, func(row T, stop hook.Cursor) int { return row.Cursor().Compare(stop) })
		if is {
			i++
		}
		found = found[:i]
	}
	if len(found) < page.Limit {
		*page.Stopped = *stop
	}
	return found, nil
}

func (s *DB) stop(ctx context.Context, q Search, page hook.Page, last *hook.Cursor) (*hook.Cursor, error) {
	query, args := q.Stops(page, last)
	var at struct {
		Time     time.Time `db:"at"`
		Sequence int64     `db:"sequence"`
		ID       string    `db:"id"`
		Text     string    `db:"text"`
	}
	err := sqlx.GetContext(ctx, s.On(ctx), &at, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &hook.Cursor{Time: at.Time, Sequence: at.Sequence, ID: at.ID, Text: at.Text}, Classify("look where a list stops", err)
}

// Equal is the condition that a column has a value; none for "".
func Equal(column, value string) []Condition {
	if value == "" {
		return nil
	}
	return []Condition{{column + " = ?", value}}
}

// Single is a set of one value; of none for "".
func Single(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// Between is the condition that a time lies in a stretch that is open where it
// is zero.
func Between(column string, since, until time.Time) (all []Condition) {
	if !since.IsZero() {
		all = append(all, Condition{column + " >= ?", since})
	}
	if !until.IsZero() {
		all = append(all, Condition{column + " < ?", until})
	}
	return all
}
