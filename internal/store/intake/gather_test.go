package intake

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// desk is a gather whose statements are answered by the test.
type desk struct {
	gather
	statements chan []string // the ids of the events of each that is under way
	answers    chan error
	got        chan error // what offer returned
}

func newDesk() *desk {
	d := &desk{statements: make(chan []string, 100), answers: make(chan error), got: make(chan error, 1000)}
	d.run = func(_ context.Context, all []*caller) error {
		var ids []string
		for _, c := range all {
			for _, e := range c.events {
				ids = append(ids, e.ID)
			}
		}
		d.statements <- ids
		return <-d.answers
	}
	return d
}

// offers has one request offer these events and waits until it waits.
func (d *desk) offers(ctx context.Context, ids ...string) {
	var o offered
	for _, id := range ids {
		o.events, o.schemas = append(o.events, hook.Event{ID: id}), append(o.schemas, 0)
	}
	go func() {
		_, err := d.offer(ctx, o)
		d.got <- err
	}()
	synctest.Wait()
}

// busy has a statement under way.
func (d *desk) busy() {
	d.offers(context.Background(), "busy")
	<-d.statements
}

// answer ends n statements.
func (d *desk) answer(n int, err error) {
	for range n {
		d.answers <- err
		synctest.Wait()
	}
}

func TestRequestsShareTheNextStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		d.offers(t.Context(), "a", "b")
		d.offers(t.Context(), "c")
		d.offers(t.Context(), "a")
		require.Empty(t, d.statements)
		d.answer(1, nil)
		require.Equal(t, []string{"a", "b", "c"}, <-d.statements, "the same id waits")
		d.answer(1, nil)
		require.Equal(t, []string{"a"}, <-d.statements)
		d.answer(1, nil)
		for range 4 {
			require.NoError(t, <-d.got)
		}
	})
}

func TestWhatManyShareIsLeftToFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		several := func(name string, n int) (ids []string) {
			for i := range n {
				ids = append(ids, fmt.Sprint(name, i))
				d.offers(t.Context(), ids[i])
			}
			return ids
		}
		few := several("few", gatherMany-1)
		d.answer(1, nil)
		require.Equal(t, few, <-d.statements)
		many := several("many", gatherMany)
		d.answer(1, nil)
		require.Equal(t, many, <-d.statements, "few have nobody wait")
		d.answer(1, nil)
		d.offers(t.Context(), "a")
		<-time.After(gatherApart - 1)
		d.offers(t.Context(), "b")
		require.Empty(t, d.statements)
		<-time.After(1)
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, <-d.statements)

		full := several("full", gatherEvents)
		d.answer(1, nil)
		require.Equal(t, full, <-d.statements)
		more := several("more", gatherEvents)
		d.answer(1, nil)
		require.Equal(t, more, <-d.statements, "what is full does not wait")
		d.answer(1, nil)
		<-time.After(gatherApart)
		d.offers(t.Context(), "alone")
		require.Equal(t, []string{"alone"}, <-d.statements, "nor does what comes later")
		d.answer(1, nil)
	})
}

func TestAStatementThatTakesLongHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		d.offers(t.Context(), "a")
		<-time.After(gatherPatience)
		synctest.Wait()
		require.Equal(t, []string{"a"}, <-d.statements, "it goes beside")
		d.offers(t.Context(), "b")
		require.Empty(t, d.statements)
		d.answer(1, nil)
		require.NoError(t, <-d.got)
		require.Empty(t, d.statements, "the other one has just begun")
		require.Equal(t, []string{"b"}, <-d.statements, "it takes long too")
		d.offers(t.Context(), "c")
		<-time.After(gatherPatience)
		synctest.Wait()
		require.Empty(t, d.statements, "two at most")
		d.answer(1, nil)
		require.Equal(t, []string{"c"}, <-d.statements)
		d.answer(2, nil)

		// All is as at first.
		d.busy()
		d.offers(t.Context(), "d")
		require.Empty(t, d.statements)
		d.answer(1, nil)
		require.Equal(t, []string{"d"}, <-d.statements)
		d.answer(1, nil)
		for range 6 - 1 {
			require.NoError(t, <-d.got)
		}
	})
}

func TestAStatementIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		var many []string
		for i := range gatherEvents + 1 {
			many = append(many, fmt.Sprint("many ", i))
		}
		d.offers(t.Context(), many...)
		d.offers(t.Context(), "a")
		d.answer(1, nil)
		require.Len(t, <-d.statements, len(many), "a request is not divided")
		d.answer(1, nil)
		require.Equal(t, []string{"a"}, <-d.statements)
		d.answer(1, nil)
	})
}

func TestNoRequestFailsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		d.offers(t.Context(), "a")
		d.offers(t.Context(), "b")
		d.answer(1, nil)
		require.NoError(t, <-d.got)
		require.Equal(t, []string{"a", "b"}, <-d.statements)
		bad := errors.New("invalid byte sequence")
		d.answer(1, bad)
		require.Equal(t, []string{"a"}, <-d.statements)
		d.answer(1, bad)
		require.ErrorIs(t, <-d.got, bad)
		require.Equal(t, []string{"b"}, <-d.statements)
		d.answer(1, nil)
		require.NoError(t, <-d.got)
	})
}

func TestAnEndedRequestIsNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.busy()
		ctx, cancel := context.WithCancel(t.Context())
		d.offers(ctx, "a")
		cancel()
		require.ErrorIs(t, <-d.got, context.Canceled)
		d.answer(1, nil)
		require.Empty(t, d.statements)
		d.offers(ctx, "b")
		require.Empty(t, d.statements)
	})
}

func TestIngest_LargeRequestsKeepNoSmallOnesWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Store{fanOut: newFanOut()}
		under, release := make(chan int, 10), make(chan struct{})
		s.large.run = func(_ context.Context, all []*caller) error {
			under <- len(all)
			<-release
			return nil
		}
		s.gather.run = func(context.Context, []*caller) error { return nil }
		done := make(chan error, core.GatherStatements+2)
		for range core.GatherStatements + 1 {
			go func() {
				_, err := s.offer(t.Context(), offered{events: make([]hook.Event, gatherEvents+1)})
				done <- err
			}()
		}
		<-time.After(10 * gatherPatience)
		require.Len(t, under, core.GatherStatements, "the third one waits")
		wide := hook.Event{ID: "wide", ProjectID: "p1"}
		s.fanOut.note(wide, manyDeliveries)
		go func() {
			_, err := s.offer(t.Context(), offered{events: []hook.Event{wide}})
			done <- err
		}()
		synctest.Wait()
		require.Len(t, under, core.GatherStatements, "nor does one with many deliveries pass them")
		_, err := s.offer(t.Context(), offered{events: make([]hook.Event, 1)})
		require.NoError(t, err)
		close(release)
		for range cap(done) {
			require.NoError(t, <-done)
		}
	})
}
