package api

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"godwit/api/view"
	"godwit/internal/hook"
)

// PageQuery holds the parameters of every list.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many rows"`
	Cursor string `query:"cursor" maxLength:"400" doc:"The next_cursor of the page before; opaque"`
}

// page asks for one row more than the client wants, which tells whether there
// is a next page.
func (q PageQuery) page() (hook.Page, error) { return q.pageBy(false) }

// pageBy is page for a list that is sorted by a text, or by time. The cursor of one
// order has no place in another.
func (q PageQuery) pageBy(text bool) (hook.Page, error) {
	page := hook.Page{Limit: q.Limit + 1}
	if q.Cursor == "" {
		return page, nil
	}
	after, ok := parseCursor(q.Cursor)
	if !ok || text != (after.Text != "") {
		return page, badCursor()
	}
	page.After = &after
	return page, nil
}

func badCursor() error {
	return badParameter(hook.Field{Pointer: "?cursor", Code: hook.FieldForm, Params: hook.Params{"expected": "cursor"}, Detail: "must be the next_cursor of an answer of this list in this order, unchanged"})
}

// TextQuery is the parameter q of lists that people search.
type TextQuery struct {
	Text string `query:"q" maxLength:"200" doc:"Only rows whose name holds this text in any case, or whose id begins with it"`
}

// text is what to look for; spaces around it are of no account.
func (q TextQuery) text() (string, error) {
	if strings.ContainsFunc(q.Text, unicode.IsControl) {
		return "", badParameter(hook.Field{Pointer: "?q", Code: hook.FieldControl, Detail: "must have no control characters"})
	}
	return strings.TrimSpace(q.Text), nil
}

// list is the body of every list.
type list[T any] struct {
	Data       []T     `json:"data" nullable:"false" maxItems:"200" doc:"The rows, the newest first unless sort says otherwise"`
	NextCursor *string `json:"next_cursor" maxLength:"400" doc:"Pass it as cursor for the rows after these, also where a page holds fewer rows than limit; null = there are none"`
}

type listReply[T any] struct{ Body list[T] }

// pageOf makes the answer out of the rows that page asked for.
func pageOf[R, V any](rows []R, q PageQuery, view func(R) V, key func(R) hook.Cursor) *listReply[V] {
	out := &listReply[V]{Body: list[V]{Data: []V{}}}
	for i, row := range rows {
		if i == q.Limit {
			next := formatCursor(key(rows[i-1]))
			out.Body.NextCursor = &next
			break
		}
		out.Body.Data = append(out.Body.Data, view(row))
	}
	return out
}

// from lets the list go on where the store stopped looking before the page was full.
func (l *listReply[T]) from(page hook.Page) *listReply[T] {
	if l.Body.NextCursor == nil && !page.Stopped.Time.IsZero() {
		l.Body.NextCursor = view.Optional(formatCursor(*page.Stopped))
	}
	return l
}

func formatCursor(c hook.Cursor) string {
	if c.Text != "" {
		return encodeCursor(textCursor + c.ID + " " + c.Text)
	}
	text := c.Time.UTC().Format(time.RFC3339Nano) + " " + c.ID
	if c.Sequence != 0 {
		text += " " + strconv.FormatInt(c.Sequence, 10)
	}
	return encodeCursor(text)
}

// textCursor begins a cursor of a list that is sorted by a text.
const textCursor = "="

func encodeCursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// parseCursor takes nothing but what formatCursor gives: other spellings of a
// time may be past what Postgres holds.
func parseCursor(s string) (hook.Cursor, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return hook.Cursor{}, false
	}
	if sorted, ok := strings.CutPrefix(string(raw), textCursor); ok {
		id, text, _ := strings.Cut(sorted, " ")
		c := hook.Cursor{ID: id, Text: text}
		return c, hook.ValidID(id) && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) && formatCursor(c) == s
	}
	at, rest, _ := strings.Cut(string(raw), " ")
	id, sequence, sequenced := strings.Cut(rest, " ")
	t, err := time.Parse(time.RFC3339Nano, at)
	c := hook.Cursor{Time: t, ID: id}
	if err == nil && sequenced {
		c.Sequence, err = strconv.ParseInt(sequence, 10, 64)
	}
	return c, err == nil && hook.ValidID(id) && formatCursor(c) == s
}

// idFaults says which of filters that hold ids could not be ids at all. Pairs are
// name, value; an empty value is no filter.
func idFaults(pairs ...[2]string) (bad []hook.Field) {
	for _, p := range pairs {
		if p[1] != "" && !hook.ValidID(p[1]) {
			bad = append(bad, hook.Field{Pointer: pointerTo("query", p[0]), Code: hook.FieldForm, Params: hook.Params{"expected": "id"}, Detail: "must be an id"})
		}
	}
	return bad
}

// pathID gives CodeNotFound for what can't be an id, so that it never reaches
// the store.
func pathID(id string) error {
	if !hook.ValidID(id) {
		return hook.Errorf(hook.CodeNotFound, "There is nothing with this id.")
	}
	return nil
}

// newID says why an id that is about to be created can't be one.
func newID(name, id string) error {
	if !hook.ValidID(id) {
		return badParameter(hook.Field{Pointer: pointerTo("path", name), Code: hook.FieldForm, Params: hook.Params{"expected": "id"}, Detail: hook.IDForm + "; in a URL escape them, the slash as %2F"})
	}
	return nil
}
