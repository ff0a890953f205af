package subscription

import (
	"database/sql"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// What hook.Pause says of webhook w, as SQL: a pace doubles each
// hook.PaceDoubles and is forgotten after hook.PaceForgotten. So a webhook gets
// faster while it succeeds, although a success writes nothing.
const (
	Paused = `coalesce(w.paused_until > now(), false)`
	Slowed = `coalesce(w.paused_until > now() - interval '10 minutes', false)`
	Pace   = `CASE WHEN ` + Slowed + ` THEN w.pace * power(2::float8, greatest(0, extract(epoch FROM now() - w.paused_until))::float8 / 60) END`
	// Pauses a day apart, as hook.MaxPausedInRow, are not in a row.
	pausedSince  = `CASE WHEN w.paused_until > now() - interval '24 hours' THEN w.paused_since END`
	PauseColumns = `w.paused_until, ` + Pace + ` AS pace, ` + pausedSince + ` AS pauses_began`
)

// PauseRow is what is stored of a pause.
type PauseRow struct {
	PausedUntil sql.NullTime    `db:"paused_until"`
	Pace        sql.NullFloat64 `db:"pace"`
	Began       sql.NullTime    `db:"pauses_began"`
}

// Pause converts a row.
func (r PauseRow) Pause() hook.Pause {
	return hook.Pause{Until: core.NullTime(r.PausedUntil), Pace: r.Pace.Float64, Since: core.NullTime(r.Began)}
}
