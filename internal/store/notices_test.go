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

// tells makes a stage that writes notices, with a webhook of u1.
func tells(t *testing.T) (stage, hook.Webhook) {
	t.Helper()
	s := newStage(t).with(t, store.Options{TellOwners: true})
	return s, s.webhook(t, hook.Rule{Events: []string{"*"}})
}

// happens applies causes one after another.
func (s stage) happens(t *testing.T, webhookID string, what ...hook.Happened) {
	t.Helper()
	for _, w := range what {
		_, _, err := s.Happen(context.Background(), webhookID, hook.Cause{What: w, Reason: hook.ReasonStatus5xx, Release: w == hook.Recovered})
		require.NoError(t, err)
	}
}

// later lets time pass for the notices.
func (s stage) later(t *testing.T, d time.Duration) {
	t.Helper()
	pgtest.Exec(t, s.url, `UPDATE notices SET due_at = due_at - make_interval(secs => $1), sent_at = sent_at - make_interval(secs => $1)`, d.Seconds())
}

func (s stage) dueNotices(t *testing.T) []hook.NoticeClaim {
	t.Helper()
	claims, err := s.ClaimNotices(context.Background(), 10, lease)
	require.NoError(t, err)
	return claims
}

func (s stage) sent(t *testing.T, c hook.NoticeClaim) {
	t.Helper()
	require.NoError(t, s.EndNotice(context.Background(), hook.NoticeEnd{ID: c.ID, Sent: true}))
}

func TestANoticeSaysHowThingsStandWhenItIsSent(t *testing.T) {
	s, w := tells(t)
	s.happens(t, w.ID, hook.ProbeFailed)
	require.Empty(t, s.dueNotices(t), "the recovery is given a moment to begin")
	pgtest.Exec(t, s.url, `UPDATE webhooks SET url = 'https://user:hush@example.com:8443/secret?key=1', next_probe_at = '2030-01-01', recover_until = '2030-01-02'`)
	s.posts(t, 3)
	require.NoError(t, s.ChooseLocale(context.Background(), "u1", hook.Polish))
	s.later(t, time.Minute)
	due := s.dueNotices(t)
	require.Len(t, due, 1)
	n := due[0]
	require.WithinDuration(t, time.Now(), n.Since, time.Minute)
	require.Regexp(t, `^ntc_`, n.ID)
	n.ID, n.Since = "", time.Time{}
	require.Equal(t, hook.NoticeClaim{
		Kind: hook.NoticeDeactivated, Tries: 1, WebhookID: w.ID, WebhookName: "feed", Host: "example.com:8443", To: "una@example.com", ToName: "Una", Language: hook.Polish,
		Reason: hook.ReasonStatus5xx, Held: 3,
		NextProbe: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC),
	}, n)
	require.Empty(t, s.dueNotices(t), "it is on its way")
	s.sent(t, due[0])
	s.later(t, 2*time.Hour)
	require.Empty(t, s.dueNotices(t))

	s.happens(t, w.ID, hook.Recovered)
	s.later(t, time.Minute)
	due = s.dueNotices(t)
	require.Len(t, due, 1)
	require.Equal(t, hook.NoticeRecovered, due[0].Kind)
	require.False(t, due[0].Since.IsZero())
}

func TestAWebhookThatComesAndGoesIsOneMailAnHour(t *testing.T) {
	s, w := tells(t)
	s.happens(t, w.ID, hook.ProbeFailed)
	s.later(t, time.Minute)
	s.sent(t, s.dueNotices(t)[0])
	for range 5 {
		s.happens(t, w.ID, hook.Recovered, hook.ProbeFailed)
	}
	require.Equal(t, 2, s.number(t, `SELECT count(*) FROM notices`), "what was never tried is forgotten")
	s.later(t, 58*time.Minute)
	require.Empty(t, s.dueNotices(t))
	s.happens(t, w.ID, hook.Recovered)
	require.Empty(t, s.dueNotices(t), "a newer one does not wait less")
	s.later(t, 3*time.Minute)
	due := s.dueNotices(t)
	require.Len(t, due, 1)
	require.Equal(t, hook.NoticeRecovered, due[0].Kind, "the latest")
	require.False(t, due[0].Outdated)
}

func TestTheHourBeginsWithAMailThatWasOnItsWay(t *testing.T) {
	s, w := tells(t)
	s.happens(t, w.ID, hook.ProbeFailed)
	s.later(t, time.Minute)
	first := s.dueNotices(t)[0]
	s.happens(t, w.ID, hook.Recovered)
	s.sent(t, first)
	s.later(t, lease)
	require.Empty(t, s.dueNotices(t), "its time has come, but the hour is not over")
	s.later(t, time.Hour)
	require.Len(t, s.dueNotices(t), 1)
	require.Equal(t, 1, s.number(t, `SELECT tries FROM notices WHERE kind = 'recovered'`))
}

func TestRacingChecksAreOneTransitionAndOneNotice(t *testing.T) {
	s, w := tells(t)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if _, _, err := s.Happen(context.Background(), w.ID, hook.Cause{What: hook.ProbeFailed}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM transitions`))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM notices`))
}

func TestANoticeIsTriedAgainUntilItsEnd(t *testing.T) {
	s, w := tells(t)
	ctx := context.Background()
	s.happens(t, w.ID, hook.ProbeFailed)
	s.later(t, time.Minute)
	for try := 1; try <= 2; try++ {
		due := s.dueNotices(t)
		require.Len(t, due, 1)
		require.Equal(t, try, due[0].Tries)
		require.NoError(t, s.EndNotice(ctx, hook.NoticeEnd{ID: due[0].ID, Problem: "down\x00 \xff", Again: time.Hour}))
		s.later(t, 59*time.Minute)
		require.Empty(t, s.dueNotices(t))
		s.later(t, time.Minute)
	}
	due := s.dueNotices(t)
	require.NoError(t, s.EndNotice(ctx, hook.NoticeEnd{ID: due[0].ID, Problem: "no such mailbox"}))
	s.later(t, 24*time.Hour)
	require.Empty(t, s.dueNotices(t))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM notices WHERE error = 'no such mailbox' AND sent_at IS NULL`))
}

func TestANoticeThatIsNoLongerSoIsOutdated(t *testing.T) {
	for i, then := range []func(s stage, w hook.Webhook){
		func(s stage, w hook.Webhook) { s.happens(t, w.ID, hook.OwnerEnabled) },
		func(s stage, w hook.Webhook) { s.happens(t, w.ID, hook.OwnerDisabled) },
		func(s stage, w hook.Webhook) { require.NoError(t, s.DeleteWebhook(context.Background(), w.ID)) },
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s, w := tells(t)
			s.happens(t, w.ID, hook.ProbeFailed)
			then(s, w)
			s.later(t, time.Minute)
			due := s.dueNotices(t)
			require.Len(t, due, 1)
			require.True(t, due[0].Outdated)
		})
	}
}

func TestWithoutMailThereAreNoNotices(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.happens(t, w.ID, hook.ProbeFailed, hook.Recovered)
	require.Zero(t, s.number(t, `SELECT count(*) FROM notices`))
}
