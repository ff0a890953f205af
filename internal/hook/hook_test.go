package hook_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	base := func(change func(*hook.Parcel)) hook.Parcel {
		p := hook.Parcel{Delivery: hook.Delivery{Status: hook.Pending, Generation: 1}, Webhook: hook.Webhook{Enabled: true}, Now: now}
		if change != nil {
			change(&p)
		}
		return p
	}
	for _, c := range []struct {
		name   string
		change func(*hook.Parcel)
		want   hook.Decision
	}{
		{"first attempt", nil, hook.Decision{Step: hook.StepSend}},
		{"due", func(p *hook.Parcel) { p.Delivery.Status, p.Delivery.NextAttemptAt = hook.Retrying, now }, hook.Decision{Step: hook.StepSend}},
		{"due within the timer's slack", func(p *hook.Parcel) { p.Delivery.NextAttemptAt = now.Add(20 * time.Millisecond) }, hook.Decision{Step: hook.StepSend}},
		{"not due", func(p *hook.Parcel) { p.Delivery.NextAttemptAt = now.Add(time.Minute) }, hook.Decision{Step: hook.StepWait, Wait: time.Minute}},
		{"carried by another workflow", func(p *hook.Parcel) { p.Delivery.Generation = 2 }, hook.Decision{Step: hook.StepSuperseded}},
		{"superseded goes before all else", func(p *hook.Parcel) { p.Delivery.Generation, p.Delivery.Status = 2, hook.Succeeded }, hook.Decision{Step: hook.StepSuperseded}},
		{"succeeded", func(p *hook.Parcel) { p.Delivery.Status = hook.Succeeded }, hook.Decision{Step: hook.StepDone, Status: hook.Succeeded}},
		{"held", func(p *hook.Parcel) { p.Delivery.Status, p.Delivery.Reason = hook.Held, hook.ReasonWebhookDisabled },
			hook.Decision{Step: hook.StepDone, Status: hook.Held, Reason: hook.ReasonWebhookDisabled}},
		{"webhook deleted", func(p *hook.Parcel) { p.WebhookDeleted = true }, hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonWebhookDeleted}},
		{"project deleted", func(p *hook.Parcel) { p.ProjectDeleted = true }, hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonProjectDeleted}},
		{"the payload was expunged", func(p *hook.Parcel) { p.Event.ExpungedAt, p.AccessLost = p.Now, true }, hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonPayloadExpunged}},
		{"membership lost", func(p *hook.Parcel) { p.AccessLost = true }, hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonMembershipLost}},
		{"membership went with the project", func(p *hook.Parcel) { p.AccessLost, p.ProjectDeleted = true, true },
			hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonProjectDeleted}},
		{"may be under way elsewhere", func(p *hook.Parcel) {
			p.BegunAt, p.Patience, p.Webhook.Enabled = now.Add(-time.Second), time.Minute, false
		},
			hook.Decision{Step: hook.StepAwait, Wait: 59 * time.Second}},
		{"must have been lost", func(p *hook.Parcel) { p.BegunAt, p.Patience = now.Add(-time.Minute), time.Minute }, hook.Decision{Step: hook.StepSend}},
		{"too old", func(p *hook.Parcel) { p.Webhook.MaxAge, p.Delivery.CreatedAt = time.Hour, now.Add(-time.Hour) },
			hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonExpired}},
		{"too old while off, or waiting", func(p *hook.Parcel) {
			p.Webhook.MaxAge, p.Delivery.CreatedAt, p.Webhook.Enabled, p.Delivery.NextAttemptAt = time.Hour, now.Add(-2*time.Hour), false, now.Add(time.Hour)
		},
			hook.Decision{Step: hook.StepSettle, Status: hook.Cancelled, Reason: hook.ReasonExpired}},
		{"just young enough", func(p *hook.Parcel) {
			p.Webhook.MaxAge, p.Delivery.CreatedAt = time.Hour, now.Add(time.Millisecond-time.Hour)
		},
			hook.Decision{Step: hook.StepSend}},
		{"as old as can be", func(p *hook.Parcel) { p.Delivery.CreatedAt = now.Add(-time.Hour * 24 * 999) }, hook.Decision{Step: hook.StepSend}},
		{"webhook disabled", func(p *hook.Parcel) { p.Webhook.Enabled = false }, hook.Decision{Step: hook.StepSettle, Status: hook.Held, Reason: hook.ReasonWebhookDisabled}},
		{"all attempts begun", func(p *hook.Parcel) { p.Delivery.Attempts = hook.MaxAttempts }, hook.Decision{Step: hook.StepSettle, Status: hook.Failed, Reason: hook.ReasonExhausted}},
		{"in need of a place for the cap", func(p *hook.Parcel) { p.Webhook.MaxInFlight = 1 }, hook.Decision{Step: hook.StepTakeSlot}},
		{"in need of a place for the rate", func(p *hook.Parcel) { p.Webhook.RateLimitPerSecond = 1 }, hook.Decision{Step: hook.StepTakeSlot}},
		{"has a place", func(p *hook.Parcel) { p.Webhook.MaxInFlight, p.HoldsSlot = 1, true }, hook.Decision{Step: hook.StepSend}},
		{"no place before its time", func(p *hook.Parcel) { p.Webhook.MaxInFlight, p.Delivery.NextAttemptAt = 1, now.Add(time.Minute) },
			hook.Decision{Step: hook.StepWait, Wait: time.Minute}},
		{"no place when off", func(p *hook.Parcel) { p.Webhook.MaxInFlight, p.Webhook.Enabled = 1, false },
			hook.Decision{Step: hook.StepSettle, Status: hook.Held, Reason: hook.ReasonWebhookDisabled}},
		{"used up beats disabled", func(p *hook.Parcel) { p.Delivery.Attempts, p.Webhook.Enabled = hook.MaxAttempts, false },
			hook.Decision{Step: hook.StepSettle, Status: hook.Failed, Reason: hook.ReasonExhausted}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, hook.Decide(base(c.change), 1)) })
	}
}

func TestConclude(t *testing.T) {
	failed := hook.Result{Outcome: hook.Failure, Reason: hook.ReasonStatus5xx}
	wait := func() time.Duration { return time.Minute }
	for _, c := range []struct {
		name   string
		number int
		result hook.Result
		want   hook.Finish
	}{
		{"success", 1, hook.Result{Outcome: hook.Success}, hook.Finish{Status: hook.Succeeded}},
		{"success at last", 5, hook.Result{Outcome: hook.Success}, hook.Finish{Status: hook.Succeeded}},
		{"failure", 1, failed, hook.Finish{Status: hook.Retrying, Wait: time.Minute}},
		{"fourth failure", 4, failed, hook.Finish{Status: hook.Retrying, Wait: time.Minute}},
		{"fifth failure", 5, failed, hook.Finish{Status: hook.Failed, Reason: hook.ReasonExhausted}},
		{"gone", 1, hook.Result{Outcome: hook.Failure, Reason: hook.ReasonGone}, hook.Finish{Status: hook.Failed, Reason: hook.ReasonGone}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.DeliveryID, c.want.Number, c.want.Result = "dlv_1", c.number, c.result
			require.Equal(t, c.want, hook.Conclude("dlv_1", c.number, c.result, wait))
		})
	}
}

func TestCheckRules(t *testing.T) {
	many := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("p%d", i)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		rules []hook.Rule
		want  []string // pointers
	}{
		{"good", []hook.Rule{{Events: []string{"*", "TODO_*", "TODO_CREATED"}, Projects: []string{"p1"}, Companies: []string{"c1"}}}, nil},
		{"none", nil, []string{"/rules"}},
		{"too many", make([]hook.Rule, hook.MaxRules+1), []string{"/rules"}},
		{"no events", []hook.Rule{{Projects: []string{"p1"}}}, []string{"/rules/0/events"}},
		{"suffix", []hook.Rule{{Events: []string{"*_CREATED"}, NotEvents: []string{"TODO_*", "TAG_CREATED", "*_LIST_CREATED"}}}, nil},
		{"what is left out", []hook.Rule{{Events: []string{"A", "*B", "C*", "*"}, NotEvents: []string{"A*", "*B", "*", "C", "*C", "A B"}}},
			[]string{"/rules/0/not_events/5", "/rules/0/not_events/0", "/rules/0/not_events/1", "/rules/0/not_events/2", "/rules/0/not_events/2"}},
		{"left out of a combination", []hook.Rule{{NotEvents: []string{"A"}, Combination: &hook.Combination{Within: "1m",
			AllOf: []hook.Part{{Events: []string{"A"}, NotEvents: []string{"A"}}, {Events: []string{"*"}, NotEvents: []string{"B"}}}}}},
			[]string{"/rules/0/not_events", "/rules/0/all_of/0/not_events/0"}},
		{"bad pattern", []hook.Rule{{Events: []string{"A**", "*A*", "", "A B"}}}, []string{"/rules/0/events/0", "/rules/0/events/1", "/rules/0/events/2", "/rules/0/events/3"}},
		{"probe", []hook.Rule{{Events: []string{hook.HealthCheckType}}}, []string{"/rules/0/events/0"}},
		{"twice", []hook.Rule{{Events: []string{"A", "A"}}}, []string{"/rules/0/events/1"}},
		{"bad ids", []hook.Rule{{Events: []string{"A"}, Projects: []string{"a b"}, Companies: []string{strings.Repeat("x", 129)}}}, []string{"/rules/0/projects/0", "/rules/0/companies/0"}},
		{"long list", []hook.Rule{{Events: []string{"A"}, Projects: many(hook.MaxRuleItems + 1)}}, []string{"/rules/0/projects"}},
		{"too many combinations", []hook.Rule{{Events: many(101), Projects: many(100)}}, []string{"/rules"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range hook.CheckRules(c.rules) {
				got = append(got, f.Pointer)
				require.NotEmpty(t, f.Detail)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestCovers_TakesThePatternsOfRules(t *testing.T) {
	for _, c := range []struct {
		pattern string
		covers  []string
		not     []string
	}{
		{"TODO_CREATED", []string{"TODO_CREATED"}, []string{"TODO_CREATED_AGAIN", "A_TODO_CREATED"}},
		{"TODO_*", []string{"TODO_", "TODO_CREATED"}, []string{"TODO", "A_TODO_CREATED"}},
		{"*_CREATED", []string{"_CREATED", "TODO_CREATED"}, []string{"CREATED", "TODO_CREATED_AGAIN"}},
		{"*", []string{"TODO_CREATED", "webhook.of_somebody"}, []string{hook.TypeDegraded}},
		{"*.degraded", []string{"disk.degraded"}, []string{hook.TypeDegraded}},
		{"webhook.*", []string{hook.TypeDegraded}, []string{hook.TypeDeliveryFailed}},
	} {
		for _, name := range c.covers {
			require.True(t, hook.Covers([]string{c.pattern}, name), "%s %s", c.pattern, name)
		}
		for _, name := range c.not {
			require.False(t, hook.Covers([]string{c.pattern}, name), "%s %s", c.pattern, name)
		}
	}
}

func TestPatternsOf_AreThoseThatCover(t *testing.T) {
	for _, name := range []string{"TODO_CREATED", hook.TypeDegraded, "A"} {
		patterns := hook.PatternsOf(name)
		for _, p := range patterns {
			require.True(t, hook.Covers([]string{p}, name), "%s %s", p, name)
		}
		for _, p := range []string{name, "*", "TODO_*", "TODO_CREATED*", "*_CREATED", "*TODO_CREATED", "webhook.*", "*.degraded", "B", "*B"} {
			require.Equal(t, hook.Covers([]string{p}, name), slices.Contains(patterns, p), "%s %s", p, name)
		}
	}
}

func TestValidNames(t *testing.T) {
	for id, want := range map[string]bool{"a": true, "A-1_b.c:d": true, "": false, "a b": false, "a/b": true, "auth0|1": true, "una+1@example.com": true, "gid://shop/Product/1": true, "b64==": true, "o'b~,!$&()*;": true, "a?b": false, "a#b": false, "a%b": false, `a"b`: false, `a\b`: false, "<a>": false, "{a}": false, "a^b": false, "a`b": false, "é": false,
		strings.Repeat("x", 128): true, strings.Repeat("x", 129): false, "a\n": false} {
		require.Equal(t, want, hook.ValidID(id), "%q", id)
	}
	require.False(t, hook.ValidTypeName(hook.HealthCheckType))
	require.Empty(t, hook.CheckName("/name", "Ünïcode is fine"))
	for _, name := range []string{"", "  ", "a\x00b", "a\nb", strings.Repeat("é", 201), "\xff"} {
		require.NotEmpty(t, hook.CheckName("/name", name), "%q", name)
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("outer: %w", &hook.Error{Code: hook.CodeConflict, Message: "m", Err: errors.New("inner")})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.Empty(t, hook.CodeOf(errors.New("other")))
	require.EqualError(t, err, "outer: conflict: m: inner")
	require.Equal(t, "/a", hook.Invalid("/a", "bad %d", 1).Fields[0].Pointer)
}
