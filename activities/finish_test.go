package activities

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// desk is a ledger that is answered by the test.
type desk struct {
	Activities
	Ledger
	statements chan int // how many ends each has
	answers    chan error
	began      time.Time
}

func (d *desk) Succeed(_ context.Context, ends []hook.Finish) (hook.Recorded, error) {
	return hook.Recorded{}, d.Fail(context.Background(), ends)
}

func (d *desk) Fail(_ context.Context, ends []hook.Finish) error {
	d.statements <- len(ends)
	return <-d.answers
}

func (d *desk) Improve(context.Context, string, []string) error { return nil }

// end has n attempts end, and waits until they wait.
func (d *desk) end(n int, f hook.Finish) {
	for range n {
		go func() { _ = d.finish(f) }()
	}
	synctest.Wait()
}

// expect looks at the next statement, and how long after the answer to the one
// before it came.
func (d *desk) expect(t *testing.T, ends int, after time.Duration, why string) {
	t.Helper()
	require.Equal(t, ends, <-d.statements, why)
	require.Equal(t, after, time.Since(d.began), why)
}

func (d *desk) answer() {
	d.answers <- nil
	d.began = time.Now()
}

func TestOutcomesShareStatements(t *testing.T) {
	for _, f := range []hook.Finish{{Status: hook.Succeeded}, {Status: hook.Retrying, WebhookID: "wh_1"}, {Status: hook.Failed, WebhookID: "wh_1"}} {
		t.Run(string(f.Status), func(t *testing.T) { outcomesShareStatements(t, f) })
	}
}

func outcomesShareStatements(t *testing.T, f hook.Finish) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{statements: make(chan int), answers: make(chan error), began: time.Now()}
		d.Activities.Ledger = d
		d.end(1, f)
		d.expect(t, 1, 0, "alone: at once")
		for _, step := range []struct {
			come, n int
			after   time.Duration
			why     string
		}{
			{finishMany, finishMany, 0, "one was before them"},
			{2, 2, finishApart, "many were before them"},
			{finishTogether + 3, finishTogether, 0, "few were before them"},
			{0, 3, 0, "the one before was full"},
		} {
			d.end(step.come, f)
			d.answer()
			d.expect(t, step.n, step.after, step.why)
		}
		d.answer()
		synctest.Wait()
		d.began = time.Now()
		d.end(1, f)
		d.expect(t, 1, 0, "alone again")
		d.answer()
	})
}
