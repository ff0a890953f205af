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
	successes
	statements chan int // how many ends each has
	answers    chan error
	began      time.Time
}

func (d *desk) Succeed(_ context.Context, ends []hook.Finish) error {
	d.statements <- len(ends)
	return <-d.answers
}

// ends has n attempts end, and waits until they wait.
func (d *desk) ends(n int) {
	for range n {
		go func() { _ = d.write(d, hook.Finish{}) }()
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
	synctest.Test(t, func(t *testing.T) {
		d := &desk{statements: make(chan int), answers: make(chan error), began: time.Now()}
		d.ends(1)
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
			d.ends(step.come)
			d.answer()
			d.expect(t, step.n, step.after, step.why)
		}
		d.answer()
		synctest.Wait()
		d.began = time.Now()
		d.ends(1)
		d.expect(t, 1, 0, "alone again")
		d.answer()
	})
}
