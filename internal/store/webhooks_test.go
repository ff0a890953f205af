package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

func TestWebhookIsReadBackAsWritten(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	want := draft("u1", hook.Rule{Events: []string{"TODO_*", "COMMENT_CREATED"}, Projects: []string{"p1"}, Companies: []string{"c2"}}, hook.Rule{Events: []string{"*"}})
	want.ClientCertificate, want.ClientKey, want.CACertificate = "-- certificate", "-- key", "-- authority"
	want.Timeout, want.RateLimitPerSecond, want.MaxInFlight, want.Metadata = 7*time.Second, 3, 2, []byte(`{"a": 1}`)
	got, err := s.CreateWebhook(ctx, want)
	require.NoError(t, err)
	want.Version, want.CreatedAt, want.UpdatedAt = 1, got.CreatedAt, got.UpdatedAt
	require.Equal(t, want, got)
	all, err := s.Webhooks(ctx, hook.WebhookFilter{ProjectID: "p1", OwnerID: "u1", Status: hook.Healthy, Enabled: new(true)}, anyPage)
	require.NoError(t, err)
	require.Equal(t, []hook.Webhook{want}, all)
	require.NotContains(t, string(column(t, s.url, `SELECT client_key FROM webhooks`)), "key")
	none, err := s.Webhooks(ctx, hook.WebhookFilter{ProjectID: "p2"}, anyPage)
	require.NoError(t, err)
	require.Empty(t, none)
}

// column reads one value.
func column(t *testing.T, url, query string) []byte {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	var value []byte
	require.NoError(t, db.QueryRow(query).Scan(&value))
	return value
}

func TestDeletedWebhook_KeepsNoCertificates(t *testing.T) {
	s := newStage(t)
	w := draft("u1", hook.Rule{Events: []string{"*"}})
	w.ClientCertificate, w.ClientKey, w.CACertificate = "-- certificate", "-- key", "-- authority"
	w, err := s.CreateWebhook(context.Background(), w)
	require.NoError(t, err)
	require.NoError(t, s.DeleteWebhook(context.Background(), w.ID))
	require.Empty(t, column(t, s.url, `SELECT client_certificate::bytea || client_key || ca_certificate::bytea FROM webhooks`))
}

func TestBadRulesNameEachFault(t *testing.T) {
	s := newStage(t)
	require.NoError(t, s.DeleteMember(context.Background(), "p2", "u1"))
	_, err := s.CreateWebhook(context.Background(), draft("u1",
		hook.Rule{Events: []string{"NO_SUCH", "NO_*"}, Projects: []string{"p1", "p2", "nowhere"}, Companies: []string{"c1", "nobody"}}))
	var e *hook.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, hook.CodeInvalid, e.Code)
	var pointers []string
	for _, f := range e.Fields {
		pointers = append(pointers, f.Pointer)
	}
	require.Equal(t, []string{"/rules/0/events/0", "/rules/0/projects/1", "/rules/0/projects/2", "/rules/0/companies/1"}, pointers)
	_, err = s.CreateWebhook(context.Background(), draft("ghost", hook.Rule{Events: []string{"*"}}))
	require.ErrorAs(t, err, &e)
	require.Equal(t, "/owner_id", e.Fields[0].Pointer)
}

func TestBadRules_NameWhatIsLeftOutInVain(t *testing.T) {
	s := newStage(t)
	pgtest.Exec(t, s.url, `UPDATE event_types SET archived_at = now() WHERE name = 'TAG_CREATED'`)
	_, err := s.CreateWebhook(context.Background(), draft("u1",
		hook.Rule{Events: []string{"TODO_*"}, NotEvents: []string{"*_NOTHING", "TAG_CREATED", "TODO_CREATEDD"}},
		hook.Rule{Combination: &hook.Combination{Within: "1h", AllOf: []hook.Part{{Events: []string{"*"}, NotEvents: []string{"TAGG"}}, {Events: []string{"*"}}}}}))
	var bad *hook.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, []hook.Field{
		{Pointer: "/rules/0/not_events/2", Code: hook.FieldNotFound, Params: hook.Params{"kind": "event_type", "id": "TODO_CREATEDD"}, Detail: `there is no event type "TODO_CREATEDD"; GET /v1/event-types lists them`},
		{Pointer: "/rules/1/all_of/0/not_events/0", Code: hook.FieldNotFound, Params: hook.Params{"kind": "event_type", "id": "TAGG"}, Detail: `there is no event type "TAGG"; GET /v1/event-types lists them`},
	}, bad.Fields)
}

func TestUpdateChecksTheVersion(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	rename := func(name string) func(*hook.Webhook) error {
		return func(w *hook.Webhook) error { w.Name = name; return nil }
	}
	got, err := s.UpdateWebhook(ctx, w.ID, 1, rename("second"))
	require.NoError(t, err)
	require.EqualValues(t, 2, got.Version)
	_, err = s.UpdateWebhook(ctx, w.ID, 1, rename("third"))
	require.Equal(t, hook.CodeStale, hook.CodeOf(err))
	require.Equal(t, hook.CodeStale, hook.CodeOf(s.DeleteVersion(ctx, w.ID, 1)))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteVersion(ctx, "wh_none", 1)))
	require.NoError(t, s.DeleteVersion(ctx, w.ID, 2))
	_, err = s.UpdateWebhook(ctx, "wh_none", 0, rename("x"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
}

func TestChangedRulesCountForTheNextEvent(t *testing.T) {
	s := newStage(t)
	w := s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	_, err := s.UpdateWebhook(context.Background(), w.ID, 0, func(w *hook.Webhook) error {
		w.Rules = []hook.Rule{{Events: []string{"TODO_DELETED"}}}
		return nil
	})
	require.NoError(t, err)
	require.Zero(t, s.post(t, event("e1", "TODO_CREATED", "p1")).Matched)
	require.Equal(t, 1, s.post(t, event("e2", "TODO_DELETED", "p1")).Matched)
}

func TestAWebhookWhoseProjectIsGoneCanStillBeDisabled(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}, Projects: []string{"p1"}})
	require.NoError(t, s.DeleteProject(ctx, "p1"))
	got, err := s.UpdateWebhook(ctx, w.ID, 0, disable)
	require.NoError(t, err)
	require.False(t, got.Enabled)
}

func TestDeletingAUserDeletesTheirWebhooks(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	w := s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	require.NoError(t, s.DeleteUser(ctx, "u1"))
	_, err := s.Webhook(ctx, w.ID)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	all, err := s.Deliveries(ctx, hook.DeliveryFilter{WebhookID: w.ID}, anyPage)
	require.NoError(t, err)
	require.Equal(t, hook.Cancelled, all[0].Status)
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteUser(ctx, "u1")))
}

func TestSecretOfAnotherRowDoesNotOpen(t *testing.T) {
	s := newStage(t)
	a, b := s.webhook(t, hook.Rule{Events: []string{"*"}}), s.webhook(t, hook.Rule{Events: []string{"*"}})
	pgtest.Exec(t, s.url, `UPDATE webhooks SET secret = (SELECT secret FROM webhooks WHERE id = $1) WHERE id = $2`, a.ID, b.ID)
	got, err := s.Webhook(context.Background(), b.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"secret"}, got.Unreadable)
	require.Empty(t, got.Secret)
}

func TestListsAreStableWhileRowsAreAdded(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	var made []string
	for range 5 {
		made = append(made, s.webhook(t, hook.Rule{Events: []string{"*"}}).ID)
	}
	var seen []string
	page := hook.Page{Limit: 2}
	for {
		got, err := s.Webhooks(ctx, hook.WebhookFilter{}, page)
		require.NoError(t, err)
		if len(got) == 0 {
			break
		}
		for _, w := range got {
			seen = append(seen, w.ID)
		}
		last := got[len(got)-1]
		page.After = &hook.Cursor{Time: last.CreatedAt, ID: last.ID}
		s.webhook(t, hook.Rule{Events: []string{"*"}}) // newer, so on no later page
	}
	require.Equal(t, []string{made[4], made[3], made[2], made[1], made[0]}, seen)
}

func TestDirectory(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	c, created, err := s.PutCompany(ctx, hook.Company{ID: "c1", Name: "Renamed"})
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, "Renamed", c.Name)
	_, _, err = s.PutProject(ctx, hook.Project{ID: "p9", CompanyID: "none", Name: "x"})
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	_, err = s.PutMember(ctx, "p1", "ghost")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	again, err := s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	require.False(t, again)
	of, err := s.Projects(ctx, hook.ProjectFilter{CompanyID: "c1"}, anyPage)
	require.NoError(t, err)
	require.Len(t, of, 2)

	s.webhook(t, hook.Rule{Events: []string{"*"}})
	s.post(t, event("e1", "TODO_CREATED", "p1"))
	require.NoError(t, s.DeleteCompany(ctx, "c1"))
	_, err = s.Project(ctx, "p1")
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(err))
	all, err := s.Deliveries(ctx, hook.DeliveryFilter{EventID: "e1"}, anyPage)
	require.NoError(t, err)
	require.Equal(t, hook.ReasonProjectDeleted, all[0].Reason)
}

func TestEventTypes(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	all, err := s.EventTypes(ctx)
	require.NoError(t, err)
	require.Len(t, all, 41, "37 of Blue, 4 of Godwit's own")
	custom := hook.EventType{Name: "invoice.paid", Group: "Invoices", Description: "Paid"}
	_, created, err := s.PutEventType(ctx, custom)
	require.NoError(t, err)
	require.True(t, created)
	require.Nil(t, s.post(t, event("e1", "invoice.paid", "p1")).Err)
	_, _, err = s.PutEventType(ctx, hook.EventType{Name: "TODO_CREATED", Group: "x", Description: "x"})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.Equal(t, hook.CodeConflict, hook.CodeOf(s.DeleteEventType(ctx, "TODO_CREATED")))
	require.NoError(t, s.DeleteEventType(ctx, "invoice.paid"))
	require.Equal(t, hook.CodeNotFound, hook.CodeOf(s.DeleteEventType(ctx, "invoice.paid")))
	require.NotNil(t, s.post(t, event("e2", "invoice.paid", "p1")).Err)
}

func TestDatabaseOutOfReachIsUnavailable(t *testing.T) {
	s := open(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	_, err := s.Company(context.Background(), "c1")
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
	_, err = newMatching(t, s).Ingest(context.Background(), []hook.Event{event("e", "TODO_CREATED", "p1")}, nil)
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
}
