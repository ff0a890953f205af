package worker

import (
	"context"
	"regexp"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/mail"
)

const (
	// noticesAtOnce is how many mails are on their way at one moment.
	noticesAtOnce = 4
	// noticesEvery is how often is asked for due ones: nobody waits for a mail by
	// the second.
	noticesEvery = time.Second
	// noticeLease is far longer than the mailer may take for one.
	noticeLease = 2 * time.Minute
	// noticeGrace is how long a mail under way may go on after a stop was asked
	// for. One that is cut off may arrive twice.
	noticeGrace = 2 * time.Second
	// firstNoticePause and longestNoticePause bound the pause before the next try;
	// maxNoticeTries of them take about a day.
	firstNoticePause   = time.Minute
	longestNoticePause = time.Hour
	maxNoticeTries     = 29
)

// NoticeClaims gives out what the owners of webhooks are to be told; it is a
// *store.Store. It is an interface because the tests of a day of tries run on virtual
// time.
type NoticeClaims interface {
	ClaimNotices(ctx context.Context, limit int, lease time.Duration) ([]hook.NoticeClaim, error)
	// EndNotice writes down the outcome of one.
	EndNotice(ctx context.Context, e hook.NoticeEnd) error
}

// Mailer sends one mail. mail.Permanent tells the errors that are final.
type Mailer interface {
	Send(ctx context.Context, n mail.Notice) error
}

// The outcomes of a try, which are labels of a metric.
const (
	noticeSent     = "sent"
	noticeRetried  = "retried"
	noticeRefused  = "refused"  // for good
	noticeGaveUp   = "gave_up"  // after a day
	noticeOutdated = "outdated" // it is no longer so, and was not sent
)

// NoticeOutcomes lists them.
func NoticeOutcomes() []string {
	return []string{noticeSent, noticeRetried, noticeRefused, noticeGaveUp, noticeOutdated}
}

// Notices sends mail to the owners of webhooks.
type Notices struct {
	Claims NoticeClaims
	Mailer Mailer
	// Noticed counts a try by the kind of notice and its outcome.
	Noticed func(kind, outcome string)
	Log     *zap.Logger
}

// Run sends what is due until ctx ends, and returns when no mail is under way.
func (n *Notices) Run(ctx context.Context) {
	pause := noticesEvery
	for ctx.Err() == nil {
		claims, err := n.Claims.ClaimNotices(ctx, noticesAtOnce, noticeLease)
		if err != nil && ctx.Err() == nil {
			pause = min(2*pause, longestPause)
			n.Log.Warn("sending mail to owners pauses", zap.Error(err), zap.Duration("pause", pause))
			wait(ctx, nil, pause)
			continue
		}
		var group sync.WaitGroup
		for _, c := range claims {
			group.Go(func() { n.one(ctx, c) })
		}
		group.Wait()
		pause = noticesEvery
		if len(claims) < noticesAtOnce {
			wait(ctx, nil, pause)
		}
	}
}

// one sends a notice, and writes down its outcome: also while stopping, or
// it would be sent again.
func (n *Notices) one(ctx context.Context, c hook.NoticeClaim) {
	end, outcome := n.send(ctx, c)
	n.Noticed(string(c.Kind), outcome)
	fields := []zap.Field{
		zap.String("notice_id", c.ID), zap.String("kind", string(c.Kind)), zap.String("webhook_id", c.WebhookID),
		zap.String("outcome", outcome), zap.Int("try", c.Tries),
	}
	if end.Problem != "" {
		fields = append(fields, zap.String("problem", addresses.ReplaceAllLiteralString(end.Problem, "(address)")))
	}
	n.Log.Info("notice.tried", fields...)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	if err := n.Claims.EndNotice(ctx, end); err != nil {
		n.Log.Warn("what came of a notice could not be written down, it is tried again", zap.String("notice_id", c.ID), zap.Error(err))
	}
}

// addresses are what a mail server repeats in its answers; a log has none.
var addresses = regexp.MustCompile(`\S*@\S*`)

func (n *Notices) send(ctx context.Context, c hook.NoticeClaim) (hook.NoticeEnd, string) {
	if c.Outdated {
		return hook.NoticeEnd{ID: c.ID, Problem: "the webhook no longer stands like this"}, noticeOutdated
	}
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(noticeGrace, cancel) })()
	err := n.Mailer.Send(sending, letter(c))
	switch {
	case err == nil:
		return hook.NoticeEnd{ID: c.ID, Sent: true}, noticeSent
	case mail.Permanent(err):
		return hook.NoticeEnd{ID: c.ID, Problem: err.Error()}, noticeRefused
	case c.Tries >= maxNoticeTries:
		return hook.NoticeEnd{ID: c.ID, Problem: err.Error()}, noticeGaveUp
	}
	return hook.NoticeEnd{ID: c.ID, Problem: err.Error(), Again: noticePause(c.Tries)}, noticeRetried
}

// noticePause doubles with each try that was made.
func noticePause(tries int) time.Duration {
	pause := firstNoticePause
	for range tries - 1 {
		pause = min(2*pause, longestNoticePause)
	}
	return pause
}

func letter(c hook.NoticeClaim) mail.Notice {
	return mail.Notice{
		ID: c.ID, Kind: mail.Kind(c.Kind), To: c.To, ToName: c.ToName, Language: c.Language, WebhookID: c.WebhookID, WebhookName: c.WebhookName,
		Host: c.Host, Reason: c.Reason, Since: c.Since, Held: c.Held, NextProbe: c.NextProbe, Until: c.Until,
	}
}
