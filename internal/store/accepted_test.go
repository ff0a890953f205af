package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// renamed gives the project p1 and its company other names.
func (s stage) renamed(t *testing.T) {
	t.Helper()
	_, _, err := s.PutProject(context.Background(), hook.Project{ID: "p1", CompanyID: "c1", Name: "Another project"})
	require.NoError(t, err)
	_, _, err = s.PutCompany(context.Background(), hook.Company{ID: "c1", Name: "Another company"})
	require.NoError(t, err)
}

// The names that an event is sent with are those of its acceptance, whichever way
// its attempts are begun.
func TestNames_AreThoseOfAcceptance(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	p := s.beginner(1)
	s.post(t, event("begun", "TODO_CREATED", "p1"))
	p.room.Limit = 0
	s.post(t, event("taken", "TODO_CREATED", "p1"))
	_, testID, err := s.SendTest(ctx, hook.TestEvent{WebhookID: w.ID, Type: "TODO_CREATED"})
	require.NoError(t, err)
	s.renamed(t)

	requireOld := func(e hook.Event) {
		require.Equal(t, []string{"Project p1", "Company c1"}, []string{e.ProjectName, e.CompanyName}, e.ID)
	}
	requireOld(p.begun[0].Event)
	requireOld(s.parcel(t, p.begun[0].Delivery.ID).Event)
	requireOld(s.parcel(t, testID).Event)
	taken := s.taken(t)
	require.Len(t, taken, 2)
	for _, parcel := range taken {
		requireOld(parcel.Event)
		requireOld(s.parcel(t, parcel.Delivery.ID).Event)
	}
	require.NoError(t, s.Finish(ctx, hook.Conclude(p.begun[0].Delivery.ID, 1, success(), nil)))
	again, err := s.Redeliver(ctx, p.begun[0].Delivery.ID)
	require.NoError(t, err)
	requireOld(s.parcel(t, again.ID).Event)

	s.post(t, event("later", "TODO_CREATED", "p1"))
	require.Equal(t, "Another project", s.taken(t)[1].Event.ProjectName)
}

func (s stage) parcel(t *testing.T, deliveryID string) hook.Parcel {
	t.Helper()
	p, err := s.Parcel(context.Background(), deliveryID)
	require.NoError(t, err)
	return p
}

// Events from before names were kept have those of now.
func TestNames_OfOldEventsAreThoseOfNow(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	pgtest.Exec(t, s.url, `UPDATE events SET project_name = NULL, company_name = NULL, sequence = 0`)
	s.renamed(t)
	taken := s.taken(t)
	require.Equal(t, "Another project", taken[0].Event.ProjectName)
	require.Equal(t, "Another company", s.parcel(t, taken[0].Delivery.ID).Event.CompanyName)
}

// The format blue shows the webhook itself, which may change before the last
// attempt. What is shown is the webhook as it accepted the event.
func TestBlue_ShowsTheWebhookOfAcceptance(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := draft("u1", hook.Rule{Events: []string{"TODO_*"}, Projects: []string{"p1"}}, hook.Rule{Events: []string{"COMMENT_CREATED"}, Companies: []string{"c2"}})
	w.PayloadFormat = hook.FormatBlue
	w, err := s.CreateWebhook(ctx, w)
	require.NoError(t, err)
	p := s.beginner(1)
	s.post(t, event("begun", "TODO_CREATED", "p1"))
	p.room.Limit = 0
	s.post(t, event("taken", "TODO_CREATED", "p1"))
	s.post(t, event("held", "TODO_CREATED", "p1"))

	want := &hook.BlueWebhook{Name: "feed", URL: "https://example.com/hook", Status: hook.Healthy, Enabled: true, Rules: []hook.Rule{
		{Events: []string{"TODO_*"}, Projects: []string{"p1"}, Companies: []string{}},
		{Events: []string{"COMMENT_CREATED"}, Projects: []string{}, Companies: []string{"c2"}},
	}}
	change := func(w *hook.Webhook) error {
		w.Name, w.URL, w.Rules = "new", "https://example.com/new", []hook.Rule{{Events: []string{"*"}}}
		return nil
	}
	_, err = s.UpdateWebhook(ctx, w.ID, 0, change)
	require.NoError(t, err)
	s.attempt(t, p.begun[0].Delivery.ID, failure()) // DEGRADED
	for range 2 {
		s.off(t, w.ID)
		s.on(t, w.ID)
	}
	require.Equal(t, want, p.begun[0].Blue)
	require.Equal(t, want, s.parcel(t, p.begun[0].Delivery.ID).Blue)
	require.Equal(t, "https://example.com/new", s.parcel(t, p.begun[0].Delivery.ID).Webhook.URL, "where it goes is as of now")
	deliveries, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID}, anyPage)
	require.NoError(t, err)
	require.Len(t, deliveries, 3)
	for _, d := range deliveries {
		require.Equal(t, want, s.parcel(t, d.ID).Blue)
	}
	s.post(t, event("later", "TODO_CREATED", "p1"))
	later, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "later"}, anyPage)
	require.NoError(t, err)
	require.Equal(t, "new", s.parcel(t, later[0].ID).Blue.Name)
	require.NoError(t, s.Finish(ctx, hook.Conclude(deliveries[0].ID, 1, success(), nil)))
	again, err := s.Redeliver(ctx, deliveries[0].ID)
	require.NoError(t, err)
	require.Equal(t, want, s.parcel(t, again.ID).Blue)
}

// A format that becomes blue later is what the owner wants; from its first
// attempt in that format the body stays the same.
func TestBlue_IsFixedByTheFirstAttemptInThatFormat(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	s.post(t, event("e2", "TODO_CREATED", "p1"))
	set := func(change func(*hook.Webhook)) {
		_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { change(w); return nil })
		require.NoError(t, err)
	}
	first, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	require.Nil(t, s.parcel(t, first[0].ID).Blue)
	set(func(w *hook.Webhook) { w.PayloadFormat, w.Name = hook.FormatBlue, "blue" })
	require.Equal(t, "blue", s.parcel(t, first[0].ID).Blue.Name)
	set(func(w *hook.Webhook) { w.Name = "later" })
	require.Equal(t, "blue", s.parcel(t, first[0].ID).Blue.Name)
	names := map[string]string{}
	for _, parcel := range s.taken(t) {
		names[parcel.Event.ID] = parcel.Blue.Name
	}
	require.Equal(t, map[string]string{"e1": "blue", "e2": "later"}, names)
}

// The sequence rises in the order of acceptance, within a batch in its order, and
// lists follow it.
func TestSequence_RisesInTheOrderOfAcceptance(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.webhook(t, hook.Rule{Events: []string{"TODO_DELETED"}, Filter: `current.id == "r1"`})
	var batch []hook.Event
	for i := range 40 {
		eventType := []string{"TODO_CREATED", "TODO_DELETED"}[i/20] // what is asked of a filter takes another way
		batch = append(batch, event(fmt.Sprintf("e%02d", 99-i), eventType, []string{"p1", "p3"}[i%2]))
	}
	p := s.beginner(1000)
	_, err := s.Ingest(ctx, batch[:20])
	require.NoError(t, err)
	_, err = s.Ingest(ctx, batch[20:])
	require.NoError(t, err)

	var last int64
	for _, e := range batch {
		got, err := s.Event(ctx, e.ID)
		require.NoError(t, err)
		require.Greater(t, got.Sequence, last, e.ID)
		last = got.Sequence
	}
	for _, parcel := range p.begun {
		stored, err := s.Event(ctx, parcel.Event.ID)
		require.NoError(t, err)
		require.Equal(t, stored.Sequence, parcel.Event.Sequence)
		d, err := s.Delivery(ctx, parcel.Delivery.ID)
		require.NoError(t, err)
		require.Equal(t, stored.Sequence, d.Sequence)
	}
	want := make([]string, len(batch))
	for i, e := range batch {
		want[len(batch)-1-i] = e.ID
	}
	user := hook.WithPrincipal(ctx, hook.Principal{Role: hook.RoleUser, UserID: "u1"})
	for name, ctx := range map[string]context.Context{"all": ctx, "a user's": user} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, want, pagedEvents(t, s, ctx, hook.EventFilter{}))
			ofProject := pagedEvents(t, s, ctx, hook.EventFilter{ProjectID: "p3"})
			require.Len(t, ofProject, 20)
			require.Equal(t, "e60", ofProject[0])
			require.Equal(t, "e98", ofProject[19])
		})
	}
}

// pagedEvents gives the ids of a list that is read in small pages.
func pagedEvents(t *testing.T, s stage, ctx context.Context, f hook.EventFilter) (ids []string) {
	page := hook.Page{Limit: 3}
	for {
		rows, err := s.Events(ctx, f, page)
		require.NoError(t, err)
		if len(rows) == 0 {
			return ids
		}
		for _, e := range rows {
			ids = append(ids, e.ID)
		}
		end := rows[len(rows)-1]
		page.After = &hook.Cursor{Time: end.AcceptedAt, Sequence: end.Sequence, ID: end.ID}
	}
}

// Requests that come at once have no order between them, but each keeps its own,
// and no two events share a number.
func TestSequence_OfRequestsAtOnce(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	var group sync.WaitGroup
	for r := range 20 {
		group.Go(func() {
			var events []hook.Event
			for i := range 10 {
				events = append(events, event(fmt.Sprintf("r%02d.%d", r, 9-i), "TODO_CREATED", "p1"))
			}
			if _, err := s.Ingest(ctx, events); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	seen := map[int64]bool{}
	for r := range 20 {
		var last int64
		for i := range 10 {
			e, err := s.Event(ctx, fmt.Sprintf("r%02d.%d", r, 9-i))
			require.NoError(t, err)
			require.Greater(t, e.Sequence, last)
			require.False(t, seen[e.Sequence])
			last, seen[e.Sequence] = e.Sequence, true
		}
	}
}

// A request of a delivery may be shown whose webhook took the format blue after the
// event was accepted. What its first attempt will keep is not kept by looking.
func TestBlue_IsNotKeptByASnapshot(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	_, err := s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { w.PayloadFormat = hook.FormatBlue; return nil })
	require.NoError(t, err)
	found, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID}, anyPage)
	require.NoError(t, err)
	require.NoError(t, s.Snapshot(ctx, func(ctx context.Context) error {
		shown, err := s.Parcel(ctx, found[0].ID)
		require.Equal(t, hook.FormatBlue, shown.Webhook.PayloadFormat)
		require.Nil(t, shown.Blue)
		return err
	}))
	require.NotNil(t, s.parcel(t, found[0].ID).Blue, "as the first attempt has it")
}
