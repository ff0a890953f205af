package core

import (
	"database/sql"
	"strings"
	"time"

	"github.com/lib/pq"
)

// NonEmpty is NULL for the empty text.
func NonEmpty(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

// Positive is NULL for 0.
func Positive(n int) sql.NullInt64 { return sql.NullInt64{Int64: int64(n), Valid: n > 0} }

// PositiveRate is NULL for 0.
func PositiveRate(r float64) sql.NullFloat64 { return sql.NullFloat64{Float64: r, Valid: r > 0} }

// Nullable is NULL for the zero time.
func Nullable(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// OrNil makes a list that is empty equal to one that was left out.
func OrNil(items pq.StringArray) []string {
	if len(items) == 0 {
		return nil
	}
	return items
}

// NullTime is the zero time for NULL.
func NullTime(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// maxProblem bounds the text that is kept of an error.
const maxProblem = 1000

// Storable makes of a remote text one that Postgres takes.
func Storable(text string) string {
	text = strings.ReplaceAll(text[:min(len(text), maxProblem)], "\x00", "")
	return strings.ToValidUTF8(text, "")
}
