package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClock(t *testing.T) {
	database := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	// reading is a statement that the database answered so long after it was sent.
	type reading struct{ there, back, skew time.Duration }
	for name, tc := range map[string]struct {
		readings []reading
		want     time.Duration
		within   time.Duration
	}{
		"nothing was read yet":           {nil, 0, 0},
		"the clocks agree":               {[]reading{{time.Millisecond, time.Millisecond, 0}}, 0, 0},
		"ahead":                          {[]reading{{time.Millisecond, 3 * time.Millisecond, 10 * time.Minute}}, 10 * time.Minute, 3 * time.Millisecond},
		"behind":                         {[]reading{{time.Millisecond, 3 * time.Millisecond, -10 * time.Minute}}, -10 * time.Minute, 3 * time.Millisecond},
		"a slow answer takes nothing":    {[]reading{{1e6, 1e6, time.Minute}, {30e9, 30e9, time.Minute}}, time.Minute, time.Millisecond},
		"a slow first answer is bounded": {[]reading{{5e9, 5e9, time.Minute}}, time.Minute, 5 * time.Second},
		"a fast one makes it exact":      {[]reading{{5e9, 5e9, time.Minute}, {1e6, 1e6, time.Minute}}, time.Minute, time.Millisecond},
		"the clock is set right":         {[]reading{{1e6, 1e6, 10 * time.Minute}, {1e6, 1e6, 0}}, 0, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock(func() time.Time { return database.Add(tc.want) })
			for _, r := range tc.readings {
				at := database
				c.seen(at, at.Add(r.skew-r.there), at.Add(r.skew+r.back))
			}
			require.InDelta(t, tc.want, c.offset(), float64(tc.within))
			require.WithinDuration(t, database, c.now(), tc.within)
		})
	}
}

// TestClock_SetWhileItIsRead: what a reading says across a step of the local clock
// back is worth nothing.
func TestClock_SetWhileItIsRead(t *testing.T) {
	c, at := newClock(time.Now), time.Now()
	c.seen(at, at.Add(time.Hour), at.Add(time.Hour-time.Minute))
	require.Zero(t, c.offset())
}
