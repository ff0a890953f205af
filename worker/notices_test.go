package worker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/internal/mail"
	"godwit/worker"
)

// office gives out one notice as often as it is due, and takes the mail.
type office struct {
	mu      sync.Mutex
	claim   hook.NoticeClaim
	due     time.Time // zero = never
	ends    []hook.NoticeEnd
	at      []time.Time
	letters []mail.Notice
	answer  func(ctx context.Context) error
	counted []string
}

func (o *office) ClaimNotices(context.Context, int, time.Duration) ([]hook.NoticeClaim, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.due.IsZero() || o.due.After(time.Now()) {
		return nil, nil
	}
	o.due = time.Time{}
	o.claim.Tries++
	return []hook.NoticeClaim{o.claim}, nil
}

func (o *office) EndNotice(ctx context.Context, e hook.NoticeEnd) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ends = append(o.ends, e)
	if e.Again > 0 {
		o.due = time.Now().Add(e.Again)
	}
	return ctx.Err()
}

func (o *office) Send(ctx context.Context, n mail.Notice) error {
	o.mu.Lock()
	o.letters, o.at = append(o.letters, n), append(o.at, time.Now())
	o.mu.Unlock()
	return o.answer(ctx)
}

func (o *office) Noticed(kind, outcome string) { o.counted = append(o.counted, kind+" "+outcome) }

// work runs the loop for some time and gives what was logged.
func (o *office) work(t *testing.T, d time.Duration) string {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	ctx, cancel := context.WithCancel(t.Context())
	o.due = time.Now()
	n := worker.Notices{Claims: o, Mailer: o, Noticed: o.Noticed, Log: zap.New(core)}
	var group sync.WaitGroup
	group.Go(func() { n.Run(ctx) })
	<-time.After(d)
	cancel()
	group.Wait()
	text := ""
	for _, entry := range logs.All() {
		line, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(entry.Entry, entry.Context)
		require.NoError(t, err)
		text += line.String()
	}
	return text
}

func someClaim() hook.NoticeClaim {
	return hook.NoticeClaim{ID: "ntc_1", Kind: hook.NoticeGone, WebhookID: "wh_1", To: "una@example.com", ToName: "Una", Host: "example.com", Held: 3}
}

func TestAMailServerThatIsDownIsTriedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{claim: someClaim(), answer: func(context.Context) error { return errors.New("450 try una@example.com later") }}
		logged := o.work(t, 48*time.Hour)
		require.Len(t, o.at, 29)
		for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
			require.InDelta(t, want, o.at[i+1].Sub(o.at[i]), float64(2*time.Second))
		}
		require.InDelta(t, 24*time.Hour, o.at[28].Sub(o.at[0]), float64(time.Hour))
		require.Equal(t, "gone retried", o.counted[0])
		require.Equal(t, "gone gave_up", o.counted[28])
		require.Zero(t, o.ends[28].Again)
		require.Contains(t, logged, "450 try (address) later")
		require.NotContains(t, logged, "una@")
	})
}

func TestAMailIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{claim: someClaim(), answer: func(context.Context) error { return nil }}
		require.NotContains(t, o.work(t, time.Hour), "una@")
		require.Equal(t, []hook.NoticeEnd{{ID: "ntc_1", Sent: true}}, o.ends)
		require.Equal(t, []mail.Notice{{ID: "ntc_1", Kind: mail.Gone, WebhookID: "wh_1", To: "una@example.com", ToName: "Una", Host: "example.com", Held: 3}}, o.letters)
		require.Equal(t, []string{"gone sent"}, o.counted)
	})
}

func TestARefusalForGoodIsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mailer, err := mail.New(mail.Options{SMTPURL: "smtp://127.0.0.1:1", From: "godwit@example.com"})
		require.NoError(t, err)
		final := mailer.Send(t.Context(), mail.Notice{ID: "x", To: "nobody"})
		require.True(t, mail.Permanent(final))
		o := &office{claim: someClaim(), answer: func(context.Context) error { return final }}
		o.work(t, time.Hour)
		require.Equal(t, []hook.NoticeEnd{{ID: "ntc_1", Problem: final.Error()}}, o.ends)
		require.Equal(t, []string{"gone refused"}, o.counted)
	})
}

func TestWhatIsNoLongerSoIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{claim: someClaim()}
		o.claim.Outdated = true
		o.work(t, time.Hour)
		require.Empty(t, o.letters)
		require.Len(t, o.ends, 1)
		require.Equal(t, []string{"gone outdated"}, o.counted)
	})
}

func TestAMailUnderWayIsNotCutOffByAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{claim: someClaim(), answer: func(ctx context.Context) error {
			select {
			case <-time.After(3 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		o.work(t, 2*time.Second)
		require.True(t, o.ends[0].Sent)
		stuck := &office{claim: someClaim(), answer: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		stuck.work(t, time.Second)
		require.Equal(t, time.Minute, stuck.ends[0].Again)
	})
}
