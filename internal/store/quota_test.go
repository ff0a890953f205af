package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

func limit(v int64) *int64 { return &v }

// quotas are what u1 has of each quota.
func (s stage) quotas(t *testing.T) map[hook.QuotaName]hook.Quota {
	t.Helper()
	all, err := s.UserQuotas(context.Background(), "u1")
	require.NoError(t, err)
	out := map[hook.QuotaName]hook.Quota{}
	for _, q := range all {
		out[q.Name] = q
	}
	return out
}

// full says that a quota is used up.
func full(t *testing.T, err error, name hook.QuotaName) {
	t.Helper()
	var known *hook.Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, hook.CodeQuota, known.Code)
	require.Equal(t, name, known.Quota.Name)
}

var everything = hook.Rule{Events: []string{"*"}}

// TestQuota_GivesTheLastPlaceOnce has 20 creations meet in two processes where one
// more webhook is allowed.
func TestQuota_GivesTheLastPlaceOnce(t *testing.T) {
	s := newStage(t)
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 3}})
	other := s.with(t, store.Options{Limits: hook.Limits{Webhooks: 3}})
	s.webhook(t, everything)
	s.webhook(t, everything)
	var group sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		on := []interface {
			CreateWebhook(context.Context, hook.Webhook) (hook.Webhook, error)
		}{s.Store, other}[i%2]
		group.Go(func() { _, errs[i] = on.CreateWebhook(context.Background(), draft("u1", everything)) })
	}
	group.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		full(t, err, hook.QuotaWebhooks)
	}
	require.Equal(t, 1, made)
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM webhooks`))
	require.EqualValues(t, 3, s.quotas(t)[hook.QuotaWebhooks].Used)
}

func TestQuota_CountsTheRulesOfAllWebhooks(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s = s.with(t, store.Options{Limits: hook.Limits{Rules: 4}})
	w := s.webhook(t, everything, everything)
	_, err := s.CreateWebhook(ctx, draft("u1", everything, everything, everything))
	full(t, err, hook.QuotaRules)
	rules := func(n int) error {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error {
			w.Rules = nil
			for range n {
				w.Rules = append(w.Rules, everything)
			}
			return nil
		})
		return err
	}
	require.NoError(t, rules(4))
	full(t, rules(5), hook.QuotaRules)
	require.NoError(t, rules(3))
	require.EqualValues(t, 3, s.quotas(t)[hook.QuotaRules].Used)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	require.Zero(t, s.quotas(t)[hook.QuotaRules].Used)
	require.Zero(t, s.quotas(t)[hook.QuotaWebhooks].Used)
	s.webhook(t, everything, everything, everything, everything)
}

// TestQuota_LeavesWhatIsAboveIt: an update of Godwit breaks no installation.
func TestQuota_LeavesWhatIsAboveIt(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, everything, everything)
	s.webhook(t, everything)
	pgtest.Exec(t, s.url, `DELETE FROM user_usage`) // as after the migration
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 1, Rules: 1}})
	_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.Name = "other"; return nil })
	require.NoError(t, err)
	_, err = s.CreateWebhook(ctx, draft("u1", everything))
	full(t, err, hook.QuotaWebhooks)
	require.Equal(t, 2, s.post(t, event("e1", "TODO_CREATED", "p1")).Matched)
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
}

// TestQuota_CountsAgain: other versions of Godwit, which count nothing, may run
// beside this one for a while.
func TestQuota_CountsAgain(t *testing.T) {
	s := newStage(t)
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 2}})
	w := s.webhook(t, everything)
	pgtest.Exec(t, s.url, `UPDATE user_usage SET webhooks = 7, rules = 70`)
	_, err := s.CreateWebhook(context.Background(), draft("u1", everything))
	full(t, err, hook.QuotaWebhooks)
	pgtest.Exec(t, s.url, `UPDATE user_usage SET counted_at = counted_at - interval '61 minutes'`)
	require.EqualValues(t, 1, s.quotas(t)[hook.QuotaWebhooks].Used, "what is shown is counted anew, too")
	s.webhook(t, everything)
	require.EqualValues(t, 2, s.quotas(t)[hook.QuotaWebhooks].Used)
	require.EqualValues(t, 2, s.quotas(t)[hook.QuotaRules].Used)
	require.NoError(t, s.DeleteWebhook(context.Background(), w.ID))
}

func TestQuota_IsThatOfTheCompany(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 1, Rules: 9}})
	own := func(company string, limits *hook.OwnLimits) {
		_, _, err := s.PutCompany(ctx, hook.Company{ID: company, Name: company, Limits: limits})
		require.NoError(t, err)
	}
	own("c1", &hook.OwnLimits{Webhooks: limit(2)})
	own("c2", &hook.OwnLimits{Webhooks: limit(3), Events: limit(100)})
	own("c2", nil) // which changes nothing
	c, err := s.Company(ctx, "c2")
	require.NoError(t, err)
	require.Equal(t, &hook.OwnLimits{Webhooks: limit(3), Events: limit(100)}, c.Limits)
	for range 3 {
		s.webhook(t, everything)
	}
	_, err = s.CreateWebhook(ctx, draft("u1", everything))
	full(t, err, hook.QuotaWebhooks)
	require.EqualValues(t, 9, s.quotas(t)[hook.QuotaRules].Limit)
	own("c2", &hook.OwnLimits{})
	require.EqualValues(t, 2, s.quotas(t)[hook.QuotaWebhooks].Limit)
	found, err := s.CompanyLimits(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]hook.OwnLimits{"c1": {Webhooks: limit(2)}}, found)
}

func TestQuota_OfTestEventsIsExactAmongManyAtOnce(t *testing.T) {
	s := newStage(t)
	s = s.with(t, store.Options{Limits: hook.Limits{TestEvents: 3}})
	w := s.webhook(t, everything)
	var group sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		group.Go(func() { _, _, errs[i] = s.SendTest(context.Background(), hook.TestEvent{WebhookID: w.ID}) })
	}
	group.Wait()
	sent := 0
	for _, err := range errs {
		if err == nil {
			sent++
			continue
		}
		var limited *hook.Error
		require.ErrorAs(t, err, &limited)
		require.Equal(t, hook.CodeRateLimited, limited.Code)
		require.Positive(t, limited.Wait)
	}
	require.Equal(t, 3, sent)
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM events`))
}

// TestQuota_BytesComeBackByRetention fills what an owner's test events may take up,
// by a user's tests and an admin's, and removes them.
func TestQuota_BytesComeBackByRetention(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s = s.with(t, store.Options{Limits: hook.Limits{StoredBytes: 20_000}})
	w := s.webhook(t, everything)
	test := hook.TestEvent{WebhookID: w.ID, Current: []byte(fmt.Sprintf(`{"id":%05000d}`, 1)), Previous: []byte(`{}`)}
	for range 2 {
		s.tested(t, test)
	}
	_, _, err := s.SendTest(ctx, test)
	full(t, err, hook.QuotaStoredBytes)
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM events`), "it is refused before it is stored")
	used := s.quotas(t)[hook.QuotaStoredBytes].Used
	require.EqualValues(t, 2*hook.TestBytes(test.Previous, test.Current), used)

	pgtest.Exec(t, s.url, `UPDATE deliveries SET status = 'cancelled', reason = 'cancelled', dispatch_at = NULL, finished_at = now() - interval '3 days'`)
	pgtest.Exec(t, s.url, `UPDATE events SET accepted_at = now() - interval '3 days'`)
	for {
		step, err := s.RetentionStep(ctx, hook.Keep{Data: 48 * time.Hour, Audit: 999 * time.Hour}, 100)
		require.NoError(t, err)
		if step.Done {
			break
		}
	}
	require.Zero(t, s.number(t, `SELECT count(*) FROM events`))
	require.Zero(t, s.quotas(t)[hook.QuotaStoredBytes].Used)
	s.tested(t, test)
}

func TestQuota_GoesWithItsUser(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s = s.with(t, store.Options{Limits: hook.Limits{Webhooks: 1}})
	s.webhook(t, everything)
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	require.Zero(t, s.number(t, `SELECT count(*) FROM user_usage`))
	_, _, err := s.PutUser(ctx, hook.User{ID: "u1", Name: "Una", Email: "una@example.com"})
	require.NoError(t, err)
	s.webhook(t, everything)
	require.NoError(t, s.EraseUser(ctx, "u1"))
	require.Zero(t, s.number(t, `SELECT count(*) FROM user_usage`))
}
