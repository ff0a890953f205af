package hook_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func n(v int64) *int64 { return &v }

func TestLimits_TakeTheLargestThatACompanyHas(t *testing.T) {
	installation := hook.Limits{Webhooks: 10, Rules: 20, TestEvents: 30, StoredBytes: 40, Events: 50, Bytes: 60}
	require.Equal(t, installation, installation.With())
	require.Equal(t, installation, installation.With(hook.OwnLimits{}, hook.OwnLimits{}))
	own := hook.OwnLimits{Webhooks: n(1), Rules: n(2), TestEvents: n(3), StoredBytes: n(4), Events: n(5), Bytes: n(6)}
	require.Equal(t, hook.Limits{Webhooks: 1, Rules: 2, TestEvents: 3, StoredBytes: 4, Events: 5, Bytes: 6}, installation.With(own), "smaller ones count, too")
	mixed := installation.With(hook.OwnLimits{Webhooks: n(3)}, own, hook.OwnLimits{Webhooks: n(2), Rules: n(0)})
	require.EqualValues(t, 3, mixed.Webhooks)
	require.Zero(t, mixed.Rules, "0 is any number, which is the most")
}

func TestUsage_GrowsUpToItsLimits(t *testing.T) {
	limits := hook.Limits{Webhooks: 3, Rules: 10}
	for name, c := range map[string]struct {
		has             hook.Usage
		webhooks, rules int64
		full            hook.QuotaName
	}{
		"the first":                           {hook.Usage{}, 1, 10, ""},
		"the last":                            {hook.Usage{Webhooks: 2, Rules: 9}, 1, 1, ""},
		"one webhook too many":                {hook.Usage{Webhooks: 3}, 1, 1, hook.QuotaWebhooks},
		"above the limit already":             {hook.Usage{Webhooks: 7}, 1, 1, hook.QuotaWebhooks},
		"one rule too many":                   {hook.Usage{Webhooks: 1, Rules: 9}, 0, 2, hook.QuotaRules},
		"fewer rules, though above the limit": {hook.Usage{Rules: 40}, 0, -1, ""},
		"as many rules, though above":         {hook.Usage{Webhooks: 9, Rules: 40}, 0, 0, ""},
	} {
		after, err := c.has.Grow(limits, c.webhooks, c.rules)
		if c.full == "" {
			require.NoError(t, err, name)
			require.Equal(t, c.has.Webhooks+c.webhooks, after.Webhooks, name)
			require.Equal(t, c.has.Rules+c.rules, after.Rules, name)
			continue
		}
		var full *hook.Error
		require.ErrorAs(t, err, &full, name)
		require.Equal(t, hook.CodeQuota, full.Code, name)
		require.Equal(t, c.full, full.Quota.Name, name)
		require.Contains(t, full.Message, "PUT /v1/companies/{id}", name)
	}
	_, err := hook.Usage{Webhooks: 1 << 40, Rules: 1 << 40}.Grow(hook.Limits{}, 1, 50)
	require.NoError(t, err, "0 is no limit")
}

func TestUsage_CountsTestEventsAndTheirBytes(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	limits := hook.Limits{TestEvents: 2, StoredBytes: 1000}
	var u hook.Usage
	for range 2 {
		var err error
		u, err = u.Test(limits, 400, now)
		require.NoError(t, err)
	}
	_, err := u.Test(limits, 400, now)
	require.Equal(t, hook.CodeQuota, hook.CodeOf(err), "waiting would not help")
	_, err = u.Test(limits, 200, now)
	var limited *hook.Error
	require.ErrorAs(t, err, &limited)
	require.Equal(t, hook.CodeRateLimited, limited.Code)
	require.Equal(t, 30*time.Second, limited.Wait)
	u, err = u.Test(limits, 200, now.Add(30*time.Second))
	require.NoError(t, err)
	require.EqualValues(t, 1000, u.StoredBytes)
}

func TestBucket_GivesBackWhatItsRateAllows(t *testing.T) {
	r := hook.Rate{Name: hook.QuotaEvents, Limit: 10, Window: time.Second}
	now := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	var b hook.Bucket
	took := 0
	for at := now; at.Before(now.Add(2 * time.Second)); at = at.Add(10 * time.Millisecond) {
		var err error
		if b, err = b.Take(r, 1, at); err == nil {
			took++
		}
	}
	require.Equal(t, 29, took, "10 at once, and 10 a second for the 1.99 seconds after")
	_, err := b.Take(r, 1, now)
	require.Error(t, err, "a clock that goes back fills nothing")
	b, err = hook.Bucket{}.Take(r, 25, now)
	require.NoError(t, err, "what is larger than the limit passes when nothing else does")
	_, err = b.Take(r, 1, now)
	var limited *hook.Error
	require.True(t, errors.As(err, &limited))
	require.InDelta(t, 1600*time.Millisecond, limited.Wait, float64(time.Millisecond))
	_, err = hook.Bucket{}.Take(hook.Rate{}, 1<<40, now)
	require.NoError(t, err, "0 is any number")
}
