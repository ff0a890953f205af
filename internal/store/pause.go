package store

import (
	"database/sql"

	"godwit/internal/hook"
)

// What hook.Pause says of webhook w, as SQL: a pace doubles each
// hook.PaceDoubles and is forgotten after hook.PaceForgotten. So a webhook gets
// faster while it succeeds, although a success writes nothing.
const (
	paused = `coalesce(w.paused_until > now(), false)`
	slowed = `coalesce(w.paused_until > now() - interval '10 minutes', false)`
	pace   = `CASE WHEN ` + slowed + ` THEN w.pace * power(2::float8, greatest(0, extract(epoch FROM now() - w.paused_until))::float8 / 60) END`
	// Pauses a day apart, as hook.MaxPausedInRow, are not in a row.
	pausedSince  = `CASE WHEN w.paused_until > now() - interval '24 hours' THEN w.paused_since END`
	pauseColumns = `w.paused_until, ` + pace + ` AS pace, ` + pausedSince + ` AS pauses_began`
)

type pauseRow struct {
	PausedUntil sql.NullTime    `db:"paused_until"`
	Pace        sql.NullFloat64 `db:"pace"`
	Began       sql.NullTime    `db:"pauses_began"`
}

func (r pauseRow) pause() hook.Pause {
	return hook.Pause{Until: nullTime(r.PausedUntil), Pace: r.Pace.Float64, Since: nullTime(r.Began)}
}
