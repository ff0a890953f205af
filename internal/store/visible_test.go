package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// as is the context of a request that a user's key makes.
func as(userID string) context.Context {
	return hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_1", Role: hook.RoleUser, UserID: userID})
}

// shared is a stage with a second user u2 who is a member of p1 alone, and has a
// webhook of its own.
type shared struct {
	stage
	mine, theirs hook.Webhook
}

func newShared(t *testing.T) shared {
	t.Helper()
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "Two", Email: "two@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	theirs, err := s.CreateWebhook(ctx, draft("u2", hook.Rule{Events: []string{"*"}}))
	require.NoError(t, err)
	return shared{s, s.webhook(t, hook.Rule{Events: []string{"*"}}), theirs}
}

// test sends a test to a webhook and gives the event's id.
func (s shared) test(t *testing.T, webhookID, eventType string) string {
	t.Helper()
	eventID, _, err := s.SendTest(context.Background(), hook.TestEvent{WebhookID: webhookID, Type: eventType})
	require.NoError(t, err)
	return eventID
}

// pages reads a list to its end, two rows at a time.
func pages[T any](t *testing.T, read func(hook.Page) ([]T, error), key func(T) hook.Cursor) (ids []string) {
	t.Helper()
	page := hook.Page{Limit: 2}
	for {
		rows, err := read(page)
		require.NoError(t, err)
		for _, row := range rows {
			ids = append(ids, key(row).ID)
		}
		if len(rows) < page.Limit {
			return ids
		}
		after := key(rows[len(rows)-1])
		page.After = &after
	}
}

func (s shared) events(t *testing.T, ctx context.Context, f hook.EventFilter) []string {
	t.Helper()
	read := func(p hook.Page) ([]hook.Event, error) { return s.Events(ctx, f, p) }
	return pages(t, read, func(e hook.Event) hook.Cursor { return hook.Cursor{Time: e.AcceptedAt, ID: e.ID} })
}

func (s shared) deliveries(t *testing.T, ctx context.Context, f hook.DeliveryFilter) []string {
	t.Helper()
	read := func(p hook.Page) ([]hook.Delivery, error) { return s.Deliveries(ctx, f, p) }
	return pages(t, read, func(d hook.Delivery) hook.Cursor { return hook.Cursor{Time: d.CreatedAt, ID: d.ID} })
}

// requireEvents says which of all events a user sees: by the list, the newest
// first, and one by one.
func (s shared) requireEvents(t *testing.T, userID string, want ...string) {
	t.Helper()
	require.Equal(t, want, s.events(t, as(userID), hook.EventFilter{}), userID)
	for _, id := range s.events(t, context.Background(), hook.EventFilter{}) {
		err := s.Visible(as(userID), hook.KindEvent, id)
		require.Equal(t, slices.Contains(want, id), err == nil, "%s of %s: %v", id, userID, err)
	}
}

func TestUsersSeeEventsOfTheirProjects(t *testing.T) {
	s := newShared(t)
	for i, project := range []string{"p1", "p2", "p3", "p1", "p1"} {
		s.post(t, event([]string{"a", "b", "c", "d", "e"}[i], "TODO_CREATED", project))
	}
	s.requireEvents(t, "u1", "e", "d", "c", "b", "a")
	s.requireEvents(t, "u2", "e", "d", "a")
	s.requireEvents(t, "nobody", []string(nil)...)
	s.requireEvents(t, "", []string(nil)...)
	require.Equal(t, []string{"e", "d", "a"}, s.events(t, as("u2"), hook.EventFilter{Type: "TODO_CREATED", ProjectID: "p1"}))
	require.Empty(t, s.events(t, as("u2"), hook.EventFilter{ProjectID: "p2"}))
	require.Empty(t, s.events(t, as("u2"), hook.EventFilter{Until: time.Now().Add(-time.Hour)}))
	require.NoError(t, s.DeleteMember(context.Background(), "p1", "u2"))
	s.requireEvents(t, "u2", []string(nil)...)
	require.Len(t, s.deliveries(t, as("u2"), hook.DeliveryFilter{}), 3, "what was delivered stays")
}

func TestWhatWasMadeForOneWebhookIsItsOwnersAlone(t *testing.T) {
	s := newShared(t)
	mine, theirs := s.test(t, s.mine.ID, "TODO_CREATED"), s.test(t, s.theirs.ID, "TODO_CREATED")
	about := s.test(t, s.mine.ID, hook.TypeDegraded)
	s.requireEvents(t, "u1", about, mine)
	s.requireEvents(t, "u2", theirs)

	s.combination(t, "both", s.theirs.ID)
	pgtest.Exec(t, s.url, `UPDATE events SET private_to = 'u2' WHERE id = 'both'`)
	s.requireEvents(t, "u2", theirs)
	_, err := s.PutMember(context.Background(), "p2", "u2")
	require.NoError(t, err)
	s.requireEvents(t, "u2", "both", theirs)
	s.requireEvents(t, "u1", about, mine)
	recent, err := s.Recent(context.Background(), hook.RecentQuery{Since: time.Now().Add(-time.Hour), Until: time.Now(), OfProjects: true, ProjectIDs: []string{"p1"}}, anyPage)
	require.NoError(t, err)
	require.Empty(t, recent, "no rule matches them, so no preview counts them")
}

func TestACombinationIsItsOwnersAlone(t *testing.T) {
	o := combination(t, nil)
	o.happens(t, "p1", first, time.Minute)
	o.happens(t, "p2", second, 0)
	require.Len(t, o.advance(t).Fired, 1)
	require.Equal(t, 1, o.count(t, `SELECT count(*) FROM events WHERE type = 'combination' AND private_to = 'u1'`))
}

func TestUsersSeeTheirOwnWebhooksAndDeliveries(t *testing.T) {
	s := newShared(t)
	ctx := context.Background()
	s.post(t, event("a", "TODO_CREATED", "p1"))
	s.post(t, event("b", "TODO_CREATED", "p2"))
	s.post(t, event("c", "TODO_CREATED", "p1"))
	require.Len(t, s.deliveries(t, ctx, hook.DeliveryFilter{}), 5)
	mine, theirs := s.deliveries(t, as("u1"), hook.DeliveryFilter{}), s.deliveries(t, as("u2"), hook.DeliveryFilter{})
	require.Equal(t, s.deliveries(t, ctx, hook.DeliveryFilter{WebhookID: s.mine.ID}), mine)
	require.Equal(t, s.deliveries(t, ctx, hook.DeliveryFilter{WebhookID: s.theirs.ID}), theirs)
	require.Len(t, s.deliveries(t, as("u2"), hook.DeliveryFilter{EventID: "a", Statuses: []hook.DeliveryStatus{hook.Pending}}), 1)
	for _, f := range []hook.DeliveryFilter{{WebhookID: s.mine.ID}, {EventID: "b"}, {ProjectID: "p2"}} {
		require.Empty(t, s.deliveries(t, as("u2"), f))
	}
	for user, own := range map[string][]string{"u1": mine, "u2": theirs, "": nil} {
		for _, id := range slices.Concat(mine, theirs) {
			require.Equal(t, slices.Contains(own, id), s.Visible(as(user), hook.KindDelivery, id) == nil)
		}
		webhooks, err := s.Webhooks(as(user), hook.WebhookFilter{}, anyPage)
		require.NoError(t, err)
		for _, w := range webhooks {
			require.Equal(t, user, w.OwnerID)
		}
		for _, w := range []hook.Webhook{s.mine, s.theirs} {
			require.Equal(t, user == w.OwnerID, s.Visible(as(user), hook.KindWebhook, w.ID) == nil)
		}
	}
	foreign, err := s.Webhooks(as("u2"), hook.WebhookFilter{OwnerID: "u1"}, anyPage)
	require.NoError(t, err)
	require.Empty(t, foreign)

	require.NoError(t, s.DeleteWebhook(ctx, s.theirs.ID))
	require.Error(t, s.Visible(as("u2"), hook.KindWebhook, s.theirs.ID))
	require.NoError(t, s.Visible(as("u2"), hook.KindDelivery, theirs[0]), "the ledger stays")
}

func TestUsersSeeTheirProjects(t *testing.T) {
	s := newShared(t)
	for user, want := range map[string][]string{"u1": {"p1", "p2", "p3"}, "u2": {"p1"}, "": nil} {
		read := func(p hook.Page) ([]hook.Project, error) { return s.Projects(as(user), hook.ProjectFilter{}, p) }
		require.ElementsMatch(t, want, pages(t, read, func(p hook.Project) hook.Cursor { return hook.Cursor{Time: p.CreatedAt, ID: p.ID} }))
		for _, id := range []string{"p1", "p2", "p3"} {
			require.Equal(t, slices.Contains(want, id), s.Visible(as(user), hook.KindProject, id) == nil)
		}
	}
	none, err := s.Projects(as("u2"), hook.ProjectFilter{CompanyID: "c2"}, anyPage)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestWhatIsHiddenReadsLikeWhatIsNotThere(t *testing.T) {
	s := newShared(t)
	ctx := context.Background()
	_, project := s.Project(ctx, "x")
	_, event := s.Event(ctx, "x")
	_, webhook := s.Webhook(ctx, "x")
	_, delivery := s.Delivery(ctx, "x")
	for kind, want := range map[hook.Kind]error{
		hook.KindProject: project, hook.KindEvent: event, hook.KindWebhook: webhook, hook.KindDelivery: delivery,
	} {
		require.Equal(t, want, s.Visible(as("u2"), kind, "x"))
		require.NoError(t, s.Visible(ctx, kind, "x"), "who sees everything is told by the read")
	}
	require.Error(t, s.Visible(as("u2"), "secret", "x"))

	for user, pointers := range map[string]int{"u2": 4, "u1": 2} {
		err := s.CheckRules(as(user), user, []hook.Rule{{Events: []string{"*"}, Projects: []string{"p2", "none"}, Companies: []string{"c2", "none"}}})
		var bad *hook.Error
		require.ErrorAs(t, err, &bad)
		require.Len(t, bad.Fields, pointers)
		for _, f := range bad.Fields {
			require.Contains(t, []string{
				`there is no project "p2" that you are a member of`, `there is no project "none" that you are a member of`,
				`there is no company "c2" with a project that you are a member of`, `there is no company "none" with a project that you are a member of`,
			}, f.Detail)
		}
	}
}

func TestStatsOfAUser(t *testing.T) {
	s := newShared(t)
	s.post(t, event("a", "TODO_CREATED", "p1"))
	s.post(t, event("b", "TODO_CREATED", "p2"))
	s.test(t, s.theirs.ID, hook.TypeDegraded)
	theirs := s.deliveries(t, as("u2"), hook.DeliveryFilter{EventID: "a"})
	_, err := s.Claim(context.Background(), 10, lease)
	require.NoError(t, err)
	s.attempt(t, theirs[0], success())
	stats := func(ctx context.Context) []int {
		got, err := s.Stats(ctx, time.Now().Add(-time.Hour))
		require.NoError(t, err)
		return []int{got.Events, got.Deliveries[hook.Pending], got.Deliveries[hook.Succeeded], got.Backlog[hook.Pending], got.Attempts, got.Succeeded}
	}
	require.Equal(t, []int{3, 3, 1, 3, 1, 1}, stats(context.Background()))
	require.Equal(t, []int{2, 2, 0, 2, 0, 0}, stats(as("u1")))
	require.Equal(t, []int{2, 1, 1, 1, 1, 1}, stats(as("u2")))
	require.Equal(t, []int{0, 0, 0, 0, 0, 0}, stats(as("")))
}
