package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// ofProject is a combination of which each event of a project counts in one window.
func ofProject() hook.Rule { return pair(func(c *hook.Combination) { c.Same = "" }) }

// together posts n events, of which so many wait for the same window, and gives their answers.
func (s stage) together(t *testing.T, n, waiting int, of func(i int) hook.Event) []hook.Accepted {
	t.Helper()
	ctx := context.Background()
	conn := session(t, s.url)
	_, err := conn.ExecContext(ctx, `BEGIN; SELECT FROM windows FOR UPDATE`)
	require.NoError(t, err)
	out := make([]hook.Accepted, n)
	var group sync.WaitGroup
	post := func(i int) {
		group.Go(func() {
			got, err := s.Ingest(ctx, []hook.Event{of(i)})
			if err != nil || len(got) != 1 {
				t.Error(got, err)
				return
			}
			out[i] = got[0]
		})
	}
	post(n - 1) // it has the first transaction to itself
	require.Eventually(t, s.PartsUnderWay, time.Minute, time.Millisecond)
	for i := range n - 1 {
		post(i)
	}
	require.Eventually(t, func() bool { return s.PartsThatWait() == waiting-1 }, time.Minute, time.Millisecond)
	_, err = conn.ExecContext(ctx, `COMMIT`)
	require.NoError(t, err)
	group.Wait()
	return out
}

func TestIngest_PartsOfOneWindowShareTransactions(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, ofProject())
	s.post(t, happening("first", "TODO_CREATED 1"))
	const n = 32
	for _, got := range s.together(t, n, n, func(i int) hook.Event { return happening(fmt.Sprint("e", i), "TODO_CREATED 1") }) {
		require.Nil(t, got.Err)
		require.True(t, got.Happened)
	}
	open, inside := s.windows(t, w)
	require.Equal(t, []int{1, n + 1}, []int{open, inside})
	require.Equal(t, 2, s.number(t, `SELECT count(DISTINCT xmin::text) FROM events WHERE id LIKE 'e%'`))
	require.Equal(t, n+1, s.number(t, `SELECT count(DISTINCT event_id) FROM window_events`))
	require.Zero(t, s.number(t, `
		SELECT count(*) FROM (SELECT sequence, lag(sequence) OVER (ORDER BY i.seq) AS before FROM window_events i JOIN events e ON e.id = i.event_id) x
		WHERE sequence < before`), "the window has the order of acceptance")
}

// What is wrong with one request fails no other one: half of them send another content
// under the id of the first.
func TestIngest_PartsThatShareATransactionFailOneByOne(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, ofProject())
	s.post(t, happening("e0", "TODO_CREATED 1"))
	conflicts := 0
	for i, got := range s.together(t, 20, 10, func(i int) hook.Event {
		e := happening(fmt.Sprint("e", i%2*(i+1)), "TODO_CREATED 1")
		e.Current = []byte(fmt.Sprintf(`{"id": %d}`, i))
		return e
	}) {
		if i%2 == 1 {
			require.True(t, got.Happened)
		} else if got.Err != nil && got.Err.Code == hook.CodeConflict {
			conflicts++
		}
	}
	require.Equal(t, 10, conflicts)
	_, inside := s.windows(t, w)
	require.Equal(t, 11, inside)
}

// The same event from many requests counts once.
func TestIngest_APartThatComesManyTimesCountsOnce(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, ofProject())
	s.post(t, happening("first", "TODO_CREATED 1"))
	fresh := 0
	for _, got := range s.together(t, 16, 16, func(i int) hook.Event { return happening(fmt.Sprint("e", i%2), "TODO_CREATED 1") }) {
		if !got.Duplicate {
			fresh++
		}
	}
	require.Equal(t, 2, fresh)
	_, inside := s.windows(t, w)
	require.Equal(t, 3, inside)
}

// What a publisher is not made to wait for is kept of each request that shares a
// transaction, and told to each.
func TestIngest_PartsThatShareATransactionKeepWhatIsDeferred(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, ofProject())
	s.post(t, happening("first", "TODO_CREATED 1"))
	s.webhook(t, dear)
	const n = 10
	for i, got := range s.together(t, n, n, func(i int) hook.Event {
		if i%2 == 0 {
			return longEvent(fmt.Sprint("e", i))
		}
		return happening(fmt.Sprint("e", i), "TODO_CREATED 1")
	}) {
		require.True(t, got.Happened)
		require.Equal(t, i%2 == 0, got.Judging, i)
	}
	_, inside := s.windows(t, w)
	require.Equal(t, n+1, inside)
	require.Equal(t, n/2, s.number(t, `SELECT count(DISTINCT event_id) FROM judgements`))
}

// TestIngest_ALockedWindowKeepsNoOtherWebhookWaiting: the window of one project is
// locked, and events of another one go on.
func TestIngest_ALockedWindowKeepsNoOtherWebhookWaiting(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	only := func(project string) hook.Rule {
		r := ofProject()
		r.Projects = []string{project}
		return r
	}
	s.webhook(t, only("p1"))
	s.webhook(t, only("p2"))
	s.post(t, happening("first", "TODO_CREATED 1"))
	conn := session(t, s.url)
	_, err := conn.ExecContext(ctx, `BEGIN; SELECT FROM windows FOR UPDATE`)
	require.NoError(t, err)
	var locked sync.WaitGroup
	var passed atomic.Int64
	for i := range 8 {
		locked.Go(func() {
			if got, err := s.Ingest(ctx, []hook.Event{happening(fmt.Sprint("e", i), "TODO_CREATED 1")}); err == nil && got[0].Happened {
				passed.Add(1)
			}
		})
	}
	require.Eventually(t, s.PartsUnderWay, time.Minute, time.Millisecond)
	for i := range 20 {
		e := happening(fmt.Sprint("other", i), "TODO_CREATED 1")
		e.ProjectID = "p2"
		require.True(t, s.post(t, e).Happened)
	}
	require.Zero(t, passed.Load())
	_, err = conn.ExecContext(ctx, `COMMIT`)
	require.NoError(t, err)
	locked.Wait()
	require.EqualValues(t, 8, passed.Load())
}

// Housekeeping may hold all of its connections: parts have those of the intake, as other
// events do.
func TestIngest_PartsNeedNoConnectionOfHousekeeping(t *testing.T) {
	s := newStage(t)
	s.webhook(t, ofProject())
	s.post(t, happening("first", "TODO_CREATED 1"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	housekeeping := s.Pools()["housekeeping"]
	for range housekeeping.Stats().MaxOpenConnections {
		conn, err := housekeeping.Conn(ctx)
		require.NoError(t, err)
		defer conn.Close()
	}
	got, err := s.Ingest(ctx, []hook.Event{happening("e1", "TODO_CREATED 1")})
	require.NoError(t, err)
	require.True(t, got[0].Happened)
}

// BenchmarkIngest_PartsOfOneWindow is events a second by 32 connections, without a
// combination and with one in whose only window all of these events count, while a
// worker advances that window.
func BenchmarkIngest_PartsOfOneWindow(b *testing.B) {
	for name, rule := range map[string]hook.Rule{"none": {Events: []string{"TAG_CREATED"}}, "combination": ofProject()} {
		b.Run(name, func(b *testing.B) {
			s := newStage(b)
			s.webhook(b, rule)
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.advanceAll(ctx) }()
			var n atomic.Int64
			b.SetParallelism(16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Ingest(context.Background(), []hook.Event{happening(fmt.Sprint("e", n.Add(1)), "TODO_CREATED 1")}); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.StopTimer()
			stop()
			require.NoError(b, <-ended)
		})
	}
}

// advanceAll advances windows until ctx ends, like a worker.
func (s stage) advanceAll(ctx context.Context) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		claims, err := s.ClaimWindows(context.Background(), 10, time.Minute)
		for _, c := range claims {
			for p := (hook.Progress{Open: true}); err == nil && p.Open && p.ClosesIn == 0; {
				p, err = s.Advance(context.Background(), c.RuleID, c.Key)
			}
		}
		if err != nil {
			return err
		}
	}
}
