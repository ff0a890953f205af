package retry_test

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
	"godwit/internal/retry"
)

const (
	earliest = 0.0
	middle   = 0.5
	latest   = 1.0
)

func TestWait(t *testing.T) {
	tests := []struct {
		attempt    int
		random     float64
		retryAfter time.Duration
		want       time.Duration
	}{
		{1, middle, 0, 5 * time.Second},
		{2, middle, 0, 30 * time.Second},
		{3, middle, 0, 2 * time.Minute},
		{4, middle, 0, 10 * time.Minute},
		{1, earliest, 0, 4 * time.Second},
		{1, latest, 0, 6 * time.Second},
		{2, earliest, 0, 24 * time.Second},
		{2, latest, 0, 36 * time.Second},
		{3, earliest, 0, 96 * time.Second},
		{3, latest, 0, 144 * time.Second},
		{4, earliest, 0, 8 * time.Minute},
		{4, latest, 0, 12 * time.Minute},

		{1, middle, 20 * time.Second, 20 * time.Second},
		{4, middle, 20 * time.Second, 10 * time.Minute},
		{1, middle, time.Hour, time.Hour},
		{1, middle, time.Hour + 1, time.Hour},
		{1, middle, math.MaxInt64, time.Hour},
		{1, middle, -time.Hour, 5 * time.Second},
		{1, middle, math.MinInt64, 5 * time.Second},

		{0, middle, 0, 5 * time.Second},
		{-7, middle, 0, 5 * time.Second},
		{5, middle, 0, 10 * time.Minute},
		{math.MaxInt, middle, 0, 10 * time.Minute},
		{1, -3, 0, 4 * time.Second},
		{1, 17, 0, 6 * time.Second},
		{1, math.NaN(), 0, 5 * time.Second},
		{1, math.Inf(1), 0, 6 * time.Second},
		{1, math.Inf(-1), 0, 4 * time.Second},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.attempt, tt.random, tt.retryAfter), func(t *testing.T) {
			require.Equal(t, tt.want, retry.Default().Wait(tt.attempt, tt.random, tt.retryAfter))
		})
	}
}

func TestWaitOfExtremeSchedules(t *testing.T) {
	require.Zero(t, retry.Schedule{}.Wait(1, latest, 0))
	require.Zero(t, retry.Schedule{-time.Minute}.Wait(1, latest, 0))
	require.Equal(t, time.Duration(math.MaxInt64), retry.Schedule{math.MaxInt64}.Wait(1, latest, 0))
	require.Equal(t, 3*time.Hour, retry.Schedule{3 * time.Hour}.Wait(1, middle, math.MaxInt64),
		"Retry-After never shortens the schedule's own wait")
}

func TestWaitStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 4).Draw(t, "attempt")
		random := rapid.Float64Range(0, 1).Draw(t, "random")
		after := time.Duration(rapid.Int64().Draw(t, "retryAfter"))
		base := retry.Default()[attempt-1]
		got := retry.Default().Wait(attempt, random, after)
		require.GreaterOrEqual(t, got, base*8/10)
		require.LessOrEqual(t, got, max(base*12/10, retry.MaxRetryAfter))
		require.GreaterOrEqual(t, got, min(after, retry.MaxRetryAfter))
	})
}

func TestClassify(t *testing.T) {
	for status := -1; status <= 1000; status++ {
		outcome, reason := retry.Classify(status)
		require.Equal(t, wantReason(status), reason, status)
		require.Equal(t, reason == "", outcome == hook.Success, status)
		require.Contains(t, []hook.Outcome{hook.Success, hook.Failure}, outcome, status)
	}
}

// wantReason states the table by the hundred, so that it shares no comparison
// with the code under test.
func wantReason(status int) hook.Reason {
	named := map[int]hook.Reason{410: hook.ReasonGone, 429: hook.ReasonStatus429}
	if r, ok := named[status]; ok {
		return r
	}
	classes := map[int]hook.Reason{
		1: hook.ReasonProtocol, 2: "", 3: hook.ReasonRedirect,
		4: hook.ReasonStatus4xx, 5: hook.ReasonStatus5xx,
	}
	if r, ok := classes[status/100]; ok {
		return r
	}
	return hook.ReasonStatusOther
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 10, 21, 7, 28, 0, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"0", 0, true},
		{"1", time.Second, true},
		{"120", 2 * time.Minute, true},
		{"  120\t", 2 * time.Minute, true},
		{"007", 7 * time.Second, true},
		{"3600", time.Hour, true},
		{"3601", time.Hour, true},
		{"9223372036854775807", time.Hour, true},
		{"9223372036854775808", time.Hour, true},
		{"99999999999999999999999999999999999999999999", time.Hour, true},

		{"Wed, 21 Oct 2026 07:28:30 GMT", 30 * time.Second, true},
		{"Wednesday, 21-Oct-26 07:28:30 GMT", 30 * time.Second, true},
		{"Wed Oct 21 07:28:30 2026", 30 * time.Second, true},
		{"Wed, 21 Oct 2026 07:28:00 GMT", 0, true},
		{"Wed, 21 Oct 2015 07:28:00 GMT", 0, true},
		{"Fri, 31 Dec 9999 23:59:59 GMT", time.Hour, true},

		{"", 0, false},
		{" ", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{"1.5", 1500 * time.Millisecond, true},
		{"0.064", 64 * time.Millisecond, true},
		{"2.000", 2 * time.Second, true},
		{"3600.001", time.Hour, true},
		{"1.", time.Second, true},
		{".5", 0, false},
		{"1.5.0", 0, false},
		{"1,5", 0, false},
		{"-0.5", 0, false},
		{"1e3", 0, false},
		{"0x10", 0, false},
		{"1_000", 0, false},
		{"1 2", 0, false},
		{"١٢", 0, false},
		{"NaN", 0, false},
		{"soon", 0, false},
		{"2026-10-21T07:28:30Z", 0, false},
		{"Wed, 21 Oct 2026 07:28:30 PST", 0, false},
		{"Wed, 21 Oct 2026 07:28:30 +0000", 0, false},
		{"Wed, 32 Oct 2026 07:28:30 GMT", 0, false},
		{"\x00", 0, false},
		{"\xff\xfe", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			got, ok := retry.ParseRetryAfter(tt.value, now)
			require.Equal(t, tt.ok, ok)
			require.Equal(t, tt.want, got)
		})
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "-1", "99999999999999999999", "Wed, 21 Oct 2026 07:28:30 GMT",
		"Wednesday, 21-Oct-26 07:28:30 GMT", "Wed Oct 21 07:28:30 2026", "\xff\x00"} {
		f.Add(seed, int64(1_792_567_680))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		got, ok := retry.ParseRetryAfter(value, time.Unix(now, 0))
		if got < 0 || got > retry.MaxRetryAfter || (!ok && got != 0) {
			t.Fatalf("ParseRetryAfter(%q) = %v, %v", value, got, ok)
		}
		if n, err := strconv.ParseUint(strings.Trim(value, " \t"), 10, 64); err == nil {
			want := time.Duration(min(n, uint64(retry.MaxRetryAfter/time.Second))) * time.Second
			require.True(t, ok)
			require.Equal(t, want, got, "seconds")
		} else if at, err := http.ParseTime(strings.Trim(value, " \t")); err == nil && ok {
			require.Equal(t, min(max(at.Sub(time.Unix(now, 0)), 0), retry.MaxRetryAfter), got, "date")
		}
	})
}
