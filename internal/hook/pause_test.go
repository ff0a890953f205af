package hook_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestPause_After(t *testing.T) {
	for name, tc := range map[string]struct {
		before hook.Pause
		wait   time.Duration
		rate   float64
		want   hook.Pause
	}{
		"the first one halves what the webhook does":    {hook.Pause{}, 10 * time.Second, 50, hook.Pause{Until: noon.Add(10 * time.Second), Pace: 25, Since: noon}},
		"a quiet webhook is taken for one a second":     {hook.Pause{}, 10 * time.Second, 0.001, hook.Pause{Until: noon.Add(10 * time.Second), Pace: 0.5, Since: noon}},
		"the next one halves what it has grown to":      {hook.Pause{Until: noon.Add(-time.Minute), Pace: 4, Since: noon.Add(-time.Hour)}, 10 * time.Second, 50, hook.Pause{Until: noon.Add(10 * time.Second), Pace: 2, Since: noon.Add(-time.Hour)}},
		"one of the same burst halves nothing":          {hook.Pause{Until: noon.Add(9 * time.Second), Pace: 4, Since: noon}, 10 * time.Second, 50, hook.Pause{Until: noon.Add(10 * time.Second), Pace: 4, Since: noon}},
		"a shorter one shortens nothing":                {hook.Pause{Until: noon.Add(time.Minute), Pace: 4, Since: noon}, 10 * time.Second, 50, hook.Pause{Until: noon.Add(time.Minute), Pace: 4, Since: noon}},
		"one that ends now is over":                     {hook.Pause{Until: noon, Pace: 4, Since: noon}, time.Second, 0, hook.Pause{Until: noon.Add(time.Second), Pace: 2, Since: noon}},
		"at least one a minute":                         {hook.Pause{Pace: hook.MinPace, Since: noon}, time.Second, 0, hook.Pause{Until: noon.Add(time.Second), Pace: hook.MinPace, Since: noon}},
		"an hour at most":                               {hook.Pause{}, 2 * time.Hour, 2, hook.Pause{Until: noon.Add(time.Hour), Pace: 1, Since: noon}},
		"a second at least, where no time was named":    {hook.Pause{}, 0, 2, hook.Pause{Until: noon.Add(time.Second), Pace: 1, Since: noon}},
		"a second at least, where the time was shorter": {hook.Pause{}, time.Millisecond, 2, hook.Pause{Until: noon.Add(time.Second), Pace: 1, Since: noon}},
	} {
		require.Equal(t, tc.want, tc.before.After(noon, tc.wait, tc.rate), name)
	}
}

func TestPause_TooLongAfterADay(t *testing.T) {
	require.False(t, hook.Pause{}.TooLong(noon))
	p := hook.Pause{Since: noon.Add(-hook.MaxPausedInRow)}
	require.True(t, p.TooLong(noon))
	require.False(t, p.TooLong(noon.Add(-time.Nanosecond)))
}

func TestWebhook_Rate(t *testing.T) {
	for _, tc := range []struct{ owner, pace, want float64 }{{0, 0, 0}, {5, 0, 5}, {0, 2, 2}, {5, 2, 2}, {0.1, 2, 0.1}} {
		w := hook.Webhook{RateLimitPerSecond: tc.owner, Pause: hook.Pause{Pace: tc.pace}, Status: hook.Healthy}
		require.Equal(t, tc.want, w.Rate(), tc)
		require.Equal(t, tc.want > 0, w.Limited(), tc)
	}
}

// answered is the result of a request with an answer.
func answered(status int, after time.Duration) hook.Result {
	r := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx, StatusCode: status, RetryAfter: after, URL: "https://receiver.example"}
	switch {
	case status == 410:
		r.Reason = hook.ReasonGone
	case status == 429:
		r.Reason = hook.ReasonStatus429
	case status > 0 && status < 300:
		r.Outcome, r.Reason = hook.Success, ""
	}
	return r
}

func TestParcel_Conclude(t *testing.T) {
	day := hook.Pause{Since: noon.Add(-hook.MaxPausedInRow)}
	for name, tc := range map[string]struct {
		unused, number int
		pause          hook.Pause
		result         hook.Result
		status         hook.DeliveryStatus
		reason         hook.Reason
		outcome        hook.Outcome
		wait           time.Duration
		causes         []hook.Happened
	}{
		"a success":                       {0, 1, hook.Pause{}, answered(204, 0), hook.Succeeded, "", hook.Success, 0, []hook.Happened{hook.AttemptSucceeded}},
		"a failure":                       {0, 4, hook.Pause{}, answered(500, 0), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.AttemptFailed}},
		"the fifth failure":               {0, 5, hook.Pause{}, answered(500, 0), hook.Failed, hook.ReasonExhausted, hook.Failure, 0, []hook.Happened{hook.AttemptFailed, hook.DeliveryExhausted}},
		"gone":                            {0, 1, hook.Pause{}, answered(410, 0), hook.Failed, hook.ReasonGone, hook.Failure, 0, []hook.Happened{hook.ReceiverGone}},
		"put off by 429":                  {0, 1, hook.Pause{}, answered(429, 7*time.Second), hook.Retrying, "", hook.PutOff, 7 * time.Second, []hook.Happened{hook.ReceiverPaused}},
		"put off by 503":                  {0, 1, hook.Pause{}, answered(503, 7*time.Second), hook.Retrying, "", hook.PutOff, 7 * time.Second, []hook.Happened{hook.ReceiverPaused}},
		"put off in its fifth attempt":    {0, 5, hook.Pause{}, answered(429, 7*time.Second), hook.Retrying, "", hook.PutOff, 7 * time.Second, []hook.Happened{hook.ReceiverPaused}},
		"put off for the 100th time":      {99, 100, hook.Pause{}, answered(429, 7*time.Second), hook.Retrying, "", hook.PutOff, 7 * time.Second, []hook.Happened{hook.ReceiverPaused}},
		"what was put off uses nothing":   {99, 103, hook.Pause{}, answered(500, 0), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.AttemptFailed}},
		"429 without a time":              {0, 1, hook.Pause{}, answered(429, 0), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.ReceiverPaused, hook.AttemptFailed}},
		"503 without a time":              {0, 1, hook.Pause{}, answered(503, 0), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.AttemptFailed}},
		"500 with a time":                 {0, 1, hook.Pause{}, answered(500, time.Hour), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.AttemptFailed}},
		"after a day of nothing but this": {0, 1, day, answered(429, 7*time.Second), hook.Retrying, "", hook.Failure, time.Minute, []hook.Happened{hook.AttemptFailed}},
		"and then the fifth attempt":      {2, 7, day, answered(503, 7*time.Second), hook.Failed, hook.ReasonExhausted, hook.Failure, 0, []hook.Happened{hook.AttemptFailed, hook.DeliveryExhausted}},
	} {
		p := hook.Parcel{Delivery: hook.Delivery{ID: "dlv_1", Attempts: tc.number, Unused: tc.unused}, Webhook: hook.Webhook{Pause: tc.pause}, Now: noon}
		f := p.Conclude(tc.number, tc.result, func() time.Duration { return time.Minute })
		require.Equal(t, []any{"dlv_1", tc.number, tc.status, tc.reason, tc.outcome, tc.wait}, []any{f.DeliveryID, f.Number, f.Status, f.Reason, f.Result.Outcome, f.Wait}, name)
		var causes []hook.Happened
		for _, c := range f.Causes() {
			causes = append(causes, c.What)
			require.Equal(t, "https://receiver.example", c.URL, name)
			require.Equal(t, tc.result.Reason, c.Reason, name)
			if c.What == hook.ReceiverPaused {
				require.Equal(t, tc.result.RetryAfter, c.Wait, name)
			}
		}
		require.Equal(t, tc.causes, causes, name)
	}
}

func TestDecide_CountsWhatIsUsed(t *testing.T) {
	p := hook.Parcel{
		Delivery: hook.Delivery{Status: hook.Retrying, Generation: 1, Attempts: 104, Unused: 100},
		Webhook:  hook.Webhook{Enabled: true, Status: hook.Healthy},
	}
	require.Equal(t, hook.StepSend, hook.Decide(p, 1).Step)
	p.Delivery.Attempts++
	require.Equal(t, hook.Decision{Step: hook.StepSettle, Status: hook.Failed, Reason: hook.ReasonExhausted}, hook.Decide(p, 1))
}

func TestProbeOf(t *testing.T) {
	for status := 0; status <= 999; status++ {
		want := hook.ProbePassed
		switch {
		case status == 0, status/100 == 5:
			want = hook.ProbeFailed
		case status == 410:
			want = hook.ReceiverGone
		}
		r := answered(status, 0)
		require.Equal(t, want, hook.ProbeOf(r), status)
		if want == hook.ProbePassed {
			want = hook.Recovered
		}
		require.Equal(t, want, hook.Recovery{}.ProbeOf(r), status)
		if want == hook.Recovered && r.Outcome != hook.Success {
			want = hook.ProbeFailed // it refuses, which is why the webhook is off
		}
		require.Equal(t, want, hook.Recovery{Refuses: true}.ProbeOf(r), status)
	}
}
