package store

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

// mostScanned is how many rows one page of a list looks at. From memory that
// takes a few hundredths of a second.
const mostScanned = 10_000

// condition is a condition of a list; "?" stands for its value, if it has one.
type condition struct {
	text  string
	value any
}

// way goes through an index that has the rows in the order of the list. Where
// it has so only those of one webhook, say, each webhook has a walk.
type way struct {
	each   []condition // tables of what there is a walk for
	served []condition // what the index finds, links to each among them
	rest   []condition // what each row is looked at for
	many   []condition // table and condition that count the walks; none = 1

	// looksUp: rest reads attempts, which takes about four times as long.
	looksUp bool
}

// search finds the newest rows of a table, such as "deliveries d".
type search struct {
	columns string
	table   string
	key     sortKey
	ways    []way
}

// row selects the key of a row.
func (q search) row() string {
	return fmt.Sprintf("SELECT %s AS id, %s AS at, %s AS sequence, %s AS text", q.key.id, q.key.time, cmp.Or(q.key.sequence, "0::bigint"), cmp.Or(q.key.text, "''"))
}

// keyOf is the key of what row has selected.
func (q search) keyOf(alias string) sortKey {
	k := sortKey{time: alias + ".at", sequence: alias + ".sequence", id: alias + ".id"}
	if q.key.text != "" {
		k.text = alias + ".text"
	}
	return k
}

func (q search) name() string { return q.table[strings.Index(q.table, " ")+1:] }

// bind adds the values of conditions to l and gives their texts.
func (l *list) bind(all []condition) []string {
	texts := make([]string, len(all))
	for i, c := range all {
		if texts[i] = c.text; strings.Contains(c.text, "?") {
			l.args = append(l.args, c.value)
			texts[i] = strings.ReplaceAll(c.text, "?", fmt.Sprintf("$%d", len(l.args)))
		}
	}
	return texts
}

// most is how many rows a walk looks at.
func (w way) most(l *list) string {
	most := mostScanned
	if w.looksUp {
		most /= 4
	}
	if len(w.many) == 0 {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("(SELECT %d / greatest(count(*), 1) + 1 FROM %s)", most, strings.Join(l.bind(w.many), " WHERE "))
}

// ordered walks through the rows that meet the conditions.
func (q search) ordered(l *list, conditions []condition, after *hook.Cursor) string {
	walked := list{conditions: append([]string{"true"}, l.bind(conditions)...)}
	walked.args = l.args
	if after != nil {
		walked.after(q.key, *after)
	}
	l.args = walked.args
	return fmt.Sprintf("FROM %s WHERE %s ORDER BY %s", q.table, strings.Join(walked.conditions, " AND "), q.key.order())
}

// each has a part of a query made for everything that w has a walk for.
func (w way) of(l *list, part func() string) string {
	from := strings.Join(append([]string{"(SELECT) one"}, l.bind(w.each)...), " CROSS JOIN ")
	return fmt.Sprintf("SELECT own.* FROM %s CROSS JOIN LATERAL (%s) own", from, part())
}

// find is the query for a page, and for nothing that lies after stop, which only
// lists by time have. Conditions
// may speak of the first arguments, $1 and so on, by number.
func (q search) find(page hook.Page, stop *hook.Cursor, first ...any) (query string, args []any) {
	l := list{args: append(first, page.Limit)}
	limit := fmt.Sprintf(" LIMIT $%d", len(l.args))
	name, walks := q.name(), make([]string, len(q.ways))
	for i, w := range q.ways {
		walks[i] = w.of(&l, func() string {
			if page.Stopped == nil || len(w.rest) == 0 {
				return q.row() + " " + q.ordered(&l, slices.Concat(w.served, w.rest), page.After) + limit
			}
			scanned := fmt.Sprintf("SELECT %s.* %s LIMIT %s", name, q.ordered(&l, w.served, page.After), w.most(&l))
			return fmt.Sprintf("%s FROM (%s) %s WHERE %s%s", q.row(), scanned, name, strings.Join(l.bind(w.rest), " AND "), limit)
		})
	}
	until := ""
	if stop != nil {
		until = fmt.Sprintf("WHERE (seen.at, seen.sequence, seen.id) >= ($%d, $%d, $%d) ", len(l.args)+1, len(l.args)+2, len(l.args)+3)
		l.args = append(l.args, stop.Time, stop.Sequence, stop.ID)
	}
	return fmt.Sprintf(`SELECT %s FROM %s WHERE %s = ANY(ARRAY(
		SELECT seen.id FROM (%s) seen %sORDER BY %s%s
	)) ORDER BY %s`, q.columns, q.table, q.key.id, strings.Join(walks, " UNION ALL "), until, q.keyOf("seen").order(), limit, q.key.order()), l.args
}

// stops is the query for where a page ends at the latest: where the first of the
// walks has looked at as many rows as it may. It finds none when all of them come
// to their ends before.
func (q search) stops(page hook.Page) (query string, args []any) {
	var l list
	var walks []string
	for _, w := range q.ways {
		if len(w.rest) > 0 {
			walks = append(walks, w.of(&l, func() string {
				return fmt.Sprintf("%s %s OFFSET %s - 1 LIMIT 1", q.row(), q.ordered(&l, w.served, page.After), w.most(&l))
			}))
		}
	}
	return fmt.Sprintf("SELECT stop.* FROM (%s) stop ORDER BY %s LIMIT 1", strings.Join(walks, " UNION ALL "), q.keyOf("stop").order()), l.args
}

// bounded says whether a search may have to stop before its end.
func (q search) bounded(page hook.Page) bool {
	for _, w := range q.ways {
		if len(w.rest) > 0 {
			return page.Stopped != nil
		}
	}
	return false
}

// searched runs a search. Where page.Stopped is set, it looks at mostScanned rows
// at most, and says where it stopped.
func searched[R, T any](ctx context.Context, s *DB, q search, page hook.Page, convert func(R) (T, error)) ([]T, error) {
	one := len(q.ways) == 1 && len(q.ways[0].each) == 0
	var stop *hook.Cursor
	var err error
	if q.bounded(page) && !one {
		if stop, err = s.stop(ctx, q, page); err != nil {
			return nil, err
		}
	}
	query, args := q.find(page, stop)
	found, err := rows(ctx, s, query, args, convert)
	if err != nil || len(found) >= page.Limit {
		return found, err
	}
	if q.bounded(page) && one {
		stop, err = s.stop(ctx, q, page)
	}
	if stop != nil {
		*page.Stopped = *stop
	}
	return found, err
}

func (s *DB) stop(ctx context.Context, q search, page hook.Page) (*hook.Cursor, error) {
	query, args := q.stops(page)
	var at struct {
		Time     time.Time `db:"at"`
		Sequence int64     `db:"sequence"`
		ID       string    `db:"id"`
		Text     string    `db:"text"`
	}
	err := sqlx.GetContext(ctx, s.on(ctx), &at, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &hook.Cursor{Time: at.Time, Sequence: at.Sequence, ID: at.ID, Text: at.Text}, classify("look where a list stops", err)
}

// equal is the condition that a column has a value; none for "".
func equal(column, value string) []condition {
	if value == "" {
		return nil
	}
	return []condition{{column + " = ?", value}}
}

// single is a set of one value; of none for "".
func single(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// between is the condition that a time lies in a stretch that is open where it
// is zero.
func between(column string, since, until time.Time) (all []condition) {
	if !since.IsZero() {
		all = append(all, condition{column + " >= ?", since})
	}
	if !until.IsZero() {
		all = append(all, condition{column + " < ?", until})
	}
	return all
}
