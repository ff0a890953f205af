package store

import (
	"database/sql"
	"strings"
	"time"

	"github.com/lib/pq"
)

// nonEmpty, positive, positiveRate and nullable are NULL for the zero value.
func nonEmpty(text string) sql.NullString    { return sql.NullString{String: text, Valid: text != ""} }
func positive(n int) sql.NullInt64           { return sql.NullInt64{Int64: int64(n), Valid: n > 0} }
func positiveRate(r float64) sql.NullFloat64 { return sql.NullFloat64{Float64: r, Valid: r > 0} }
func nullable(t time.Time) sql.NullTime      { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// orNil makes a list that is empty equal to one that was left out.
func orNil(items pq.StringArray) []string {
	if len(items) == 0 {
		return nil
	}
	return items
}

// nullTime is the zero time for NULL.
func nullTime(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// maxProblem bounds the text that is kept of an error.
const maxProblem = 1000

// storable makes of a remote text one that Postgres takes.
func storable(text string) string {
	text = strings.ReplaceAll(text[:min(len(text), maxProblem)], "\x00", "")
	return strings.ToValidUTF8(text, "")
}
