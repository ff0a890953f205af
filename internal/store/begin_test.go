package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// process is one with room, which keeps what is begun.
type process struct {
	room  hook.Take
	begun []hook.Parcel
	// onRoom runs when it is asked for room, onBegin when something was begun; nil =
	// nothing does.
	onRoom, onBegin func()
}

func (p *process) Room() hook.Take {
	if p.onRoom != nil {
		p.onRoom()
	}
	return p.room
}

func (p *process) Begin(begun []hook.Parcel) {
	p.begun = append(p.begun, begun...)
	if p.onBegin != nil {
		p.onBegin()
	}
}

// beginner has the stage's ingests begin up to so many attempts each.
func (s stage) beginner(limit int) *process {
	p := &process{room: taking}
	p.room.Limit = limit
	s.firsts.Open(p.Room, p.Begin)
	return p
}

func TestAnIngestBeginsWhatThereIsRoomFor(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"*"}, Filter: `current.id == "r1"`})
	p := s.beginner(2)
	for i, e := range []hook.Event{
		{ID: "e0", Type: "TODO_CREATED", ProjectID: "p1", Previous: []byte(`{ }`), Current: []byte(`{"id": "r1"}`)},
		{ID: "e1", Type: "TODO_DELETED", ProjectID: "p3", ActorID: "u1", OccurredAt: time.Now(), Previous: []byte(`1`), Current: []byte(`null`)},
	} {
		got := s.post(t, e)
		matched := 3 - i // the filter does not hold for the second event
		require.Equal(t, hook.Accepted{CompanyID: []string{"c1", "c2"}[i], Matched: matched, Due: matched > 2}, got)
		require.Len(t, p.begun, 2)
		for _, begun := range p.begun {
			require.Equal(t, e.ID, begun.Event.ID)
			want, err := s.Parcel(ctx, begun.Delivery.ID)
			require.NoError(t, err)
			require.Equal(t, begun.Now, want.BegunAt.UTC())
			want.BegunAt, want.Now, want.Last = time.Time{}, begun.Now, hook.Attempt{}
			require.Equal(t, want, begun, "as the ledger has it")
			require.NoError(t, s.Finish(ctx, hook.Conclude(begun.Delivery.ID, 1, success(), nil)))
		}
		require.Len(t, s.taken(t), matched-2, "the others are due")
		p.begun = nil
	}
	require.True(t, s.post(t, hook.Event{ID: "e1", Type: "TODO_DELETED", ProjectID: "p3", ActorID: "u1", Previous: []byte(`2`)}).Err != nil)
	require.Empty(t, p.begun)
	require.Empty(t, s.checked(t, 100).Differences)
}

func TestAnIngestBeginsManyEventsTogether(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.webhook(t, hook.Rule{Events: []string{"*"}})
	}
	p := s.beginner(10)
	var events []hook.Event
	for i := range 4 {
		events = append(events, event(fmt.Sprint("e", i), "TODO_CREATED", []string{"p1", "p3"}[i%2]))
	}
	got, err := s.Ingest(context.Background(), events)
	require.NoError(t, err)
	for i, a := range got {
		require.Equal(t, hook.Accepted{CompanyID: []string{"c1", "c2"}[i%2], Matched: 3, Due: i == 3}, a, "in the order of the events")
	}
	require.Len(t, p.begun, 10)
	for i, begun := range p.begun {
		require.Equal(t, events[i/3].ID, begun.Event.ID)
		require.Equal(t, []string{"Project p1", "Project p3"}[i/3%2], begun.Event.ProjectName)
	}
	require.Len(t, s.taken(t), 2)
}

func TestAnIngestDoesNotBeginWhatHasToWait(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.limited(t, 5, 0)
	s.limited(t, 0, 5)
	crowded := s.webhook(t, hook.Rule{Events: []string{"*"}})
	off := s.webhook(t, hook.Rule{Events: []string{"*"}})
	_, err := s.UpdateWebhook(ctx, off.ID, 0, func(w *hook.Webhook) error { w.Enabled = false; return nil })
	require.NoError(t, err)
	p := s.beginner(64)
	p.room.Crowded = []string{crowded.ID}
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 4, Due: true}, s.post(t, event("e1", "TODO_CREATED", "p1")))
	require.Empty(t, p.begun)
	require.Zero(t, s.number(t, `SELECT sum(attempts) FROM deliveries`))
	require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE status = 'held'`))
	require.Equal(t, 3, s.number(t, `SELECT count(*) FROM deliveries WHERE dispatch_at = 'infinity'`))
	require.Empty(t, s.taken(t))
	require.Len(t, s.takenQueued(t), 1, "of the crowded webhook")
}

// What is written in a transaction that goes on may be undone with it.
func TestAnIngestInATransactionBeginsNothing(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"*"}, Filter: `current.id == "r1"`})
	p := s.beginner(64)
	_, _, err := s.Once(context.Background(), keyed("k"), func(ctx context.Context) []byte {
		got, err := s.Ingest(ctx, []hook.Event{event("e1", "TODO_CREATED", "p1")})
		require.NoError(t, err)
		require.Equal(t, []hook.Accepted{{CompanyID: "c1", Matched: 2, Due: true}}, got)
		return []byte("{}")
	})
	require.NoError(t, err)
	require.Empty(t, p.begun)
	require.Len(t, s.taken(t), 2)
}

func TestAnIngestBeginsAlsoWhenItsRequestEnds(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	s.webhook(t, hook.Rule{Events: []string{"TODO_DELETED"}, Filter: `current.id == "r1"`})
	for i, eventType := range []string{"TODO_CREATED", "TODO_DELETED"} {
		p := s.beginner(64)
		ctx, cancel := context.WithCancel(context.Background())
		asked, done := 0, make(chan struct{})
		p.onRoom = func() {
			if asked++; asked == i+1 { // the last moment before the statement that inserts
				cancel()
			}
		}
		p.onBegin = func() { close(done) }
		_, _ = s.Ingest(ctx, []hook.Event{event(eventType, eventType, "p1")}) // nobody waits for the answer
		<-done
		require.Zero(t, s.number(t, `SELECT count(*) FROM deliveries WHERE attempts = 0`))
		require.Len(t, p.begun, 1)
	}
}

func TestWhatAnIngestBeganIsDueAgainAfterItsTime(t *testing.T) {
	s := newStage(t)
	w := draft("u1", hook.Rule{Events: []string{"*"}})
	w.Timeout = 3 * time.Second
	_, err := s.CreateWebhook(context.Background(), w)
	require.NoError(t, err)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.beginner(64)
	s.posts(t, 1)
	for _, seconds := range []int{13, 20} { // its own timeout or the default, and the margin
		require.Equal(t, 1, s.number(t, `SELECT count(*) FROM deliveries WHERE dispatch_at = begun_at + make_interval(secs => $1)`, seconds))
	}
	pgtest.Exec(t, s.url, `UPDATE deliveries SET dispatch_at = now()`)
	claims, err := s.Store.Claim(context.Background(), 64, lease)
	require.NoError(t, err)
	require.Len(t, claims, 2)
}
