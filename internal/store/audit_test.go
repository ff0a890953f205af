package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// by is a context of someone's request.
func by(keyID string) context.Context {
	return hook.WithPrincipal(context.Background(), hook.Principal{
		KeyID: keyID, Role: hook.RoleAdmin, Address: netip.MustParseAddr("2001:db8::7"), RequestID: "request-1",
	})
}

// run runs a statement past the store.
func (s stage) run(t testing.TB, statement string, args ...any) error {
	t.Helper()
	db, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(statement, args...)
	return err
}

// logged gives the audit log, the oldest entry first.
func (s stage) logged(t testing.TB, f hook.AuditFilter) []hook.AuditEntry {
	t.Helper()
	newest, err := s.AuditLog(context.Background(), f, anyPage)
	require.NoError(t, err)
	out := make([]hook.AuditEntry, len(newest))
	for i, e := range newest {
		out[len(newest)-1-i] = e
	}
	return out
}

func actions(entries []hook.AuditEntry) []hook.Action {
	out := make([]hook.Action, len(entries))
	for i, e := range entries {
		out[i] = e.Action
	}
	return out
}

func TestAuditLogShowsWhatDiffers(t *testing.T) {
	s := newStage(t)
	require.Empty(t, s.logged(t, hook.AuditFilter{}), "what Godwit does by itself is not in it")
	ctx := by("key_1")
	for _, name := range []string{"One", "One", "Two"} {
		_, _, err := s.PutCompany(ctx, hook.Company{ID: "c9", Name: name})
		require.NoError(t, err)
	}
	require.NoError(t, s.DeleteCompany(ctx, "c9"))
	got := s.logged(t, hook.AuditFilter{})
	require.Equal(t, []hook.Action{hook.CompanyCreated, hook.CompanyUpdated, hook.CompanyDeleted}, actions(got), "the same again is no change")
	require.Equal(t, hook.PrincipalOf(ctx), got[0].By)
	require.Equal(t, "c9", got[0].ObjectID)
	require.WithinDuration(t, time.Now(), got[0].At, time.Minute)
	require.Nil(t, got[0].Before)
	require.JSONEq(t, `{"name":"One"}`, string(got[0].After))
	require.JSONEq(t, `{"name":"One"}`, string(got[1].Before))
	require.JSONEq(t, `{"name":"Two"}`, string(got[1].After))
	require.JSONEq(t, `{"name":"Two"}`, string(got[2].Before))
	require.Nil(t, got[2].After)
}

func TestAuditLogHidesWhatIsSecret(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	d := draft("u1", hook.Rule{Events: []string{"*"}})
	d.URL = "https://hooks.example.com:8443/services/T0/CANARY?token=CANARY"
	d.Headers = map[string]string{"X-Token": "CANARY"}
	d.Secret = "whsec_CANARY"
	w, err := s.CreateWebhook(ctx, d)
	require.NoError(t, err)
	for _, change := range []func(*hook.Webhook){
		func(w *hook.Webhook) { w.URL += "2" },
		func(w *hook.Webhook) { w.Headers = map[string]string{"X-Token": "CANARY2"} },
		func(w *hook.Webhook) { w.Name, w.Metadata = "other", json.RawMessage(`{ }`) },
		func(w *hook.Webhook) { w.Rules = []hook.Rule{{Events: []string{"*"}, Projects: []string{}}} }, // the same
	} {
		_, err = s.UpdateWebhook(ctx, w.ID, 0, func(w *hook.Webhook) error { change(w); return nil })
		require.NoError(t, err)
	}
	require.NoError(t, s.DeleteWebhook(ctx, w.ID))
	got := s.logged(t, hook.AuditFilter{ObjectID: w.ID})
	for _, e := range got {
		require.NotContains(t, string(e.Before)+string(e.After), "CANARY")
	}
	updated := hook.WebhookUpdated
	require.Equal(t, []hook.Action{hook.WebhookCreated, updated, updated, updated, hook.WebhookDeleted}, actions(got))
	require.JSONEq(t, `{"url":"https://hooks.example.com:8443/[hidden]"}`, string(got[1].After))
	require.JSONEq(t, `{"headers":{"X-Token":"[hidden]"}}`, string(got[2].Before))
	require.JSONEq(t, `{"headers":{"X-Token":"[hidden]"}}`, string(got[2].After))
	require.JSONEq(t, `{"name":"other"}`, string(got[3].After))
}

func TestAuditLogIsAPartOfTheChange(t *testing.T) {
	s := newStage(t)
	ctx := by("key_1")
	_, err := s.CreateWebhook(ctx, draft("nobody", hook.Rule{Events: []string{"*"}}))
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	_, _, err = s.PutProject(ctx, hook.Project{ID: "p9", CompanyID: "nowhere"})
	require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
	require.Error(t, s.DeleteUser(ctx, "nobody"))
	require.Error(t, s.DeleteMember(ctx, "p1", "nobody"))
	added, err := s.PutMember(ctx, "p1", "u1")
	require.NoError(t, err)
	require.False(t, added)
	require.Empty(t, s.logged(t, hook.AuditFilter{}))
}

func TestAuditLogIsAppendOnly(t *testing.T) {
	s := newStage(t)
	_, _, err := s.PutUser(by("key_1"), hook.User{ID: "u9", Name: "Nine"})
	require.NoError(t, err)
	for _, statement := range []string{`UPDATE audit_log SET action = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`, `TRUNCATE users CASCADE; TRUNCATE audit_log`} {
		err := s.run(t, statement)
		require.ErrorContains(t, err, "rows are only ever added", statement)
	}
	require.Len(t, s.logged(t, hook.AuditFilter{}), 1)
}

func TestAuditLogFilters(t *testing.T) {
	s := newStage(t)
	user := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_2", Role: hook.RoleUser, UserID: "u1"})
	w, err := s.CreateWebhook(user, draft("u1", hook.Rule{Events: []string{"*"}}))
	require.NoError(t, err)
	_, _, err = s.PutUser(by("key_1"), hook.User{ID: "u9", Name: "Nine"})
	require.NoError(t, err)
	_, _, err = s.Happen(user, w.ID, hook.Cause{What: hook.OwnerDisabled, Actor: "u1", Note: "a holiday"})
	require.NoError(t, err)
	for range 2 { // a reason that comes later is that of the deed, and is noted once
		_, _, err = s.Happen(user, w.ID, hook.Cause{What: hook.OwnerDisabled, Actor: "u1", Note: "a strike"})
		require.NoError(t, err)
	}
	changes, err := s.Transitions(user, w.ID, time.Time{}, 10)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	require.Equal(t, "a strike", changes[0].Note)
	all := s.logged(t, hook.AuditFilter{})
	require.Equal(t, []hook.Action{hook.WebhookCreated, hook.UserCreated, hook.WebhookDisabled, hook.WebhookDisabled}, actions(all))
	require.JSONEq(t, `{"enabled":false,"disabled_reason":"owner","note":"a holiday"}`, string(all[2].After))
	require.JSONEq(t, `{"note":"a strike"}`, string(all[3].After))
	for _, c := range []struct {
		filter hook.AuditFilter
		want   []hook.AuditEntry
	}{
		{hook.AuditFilter{Action: hook.UserCreated}, all[1:2]},
		{hook.AuditFilter{ObjectID: w.ID}, []hook.AuditEntry{all[0], all[2], all[3]}},
		{hook.AuditFilter{Actor: "u1"}, []hook.AuditEntry{all[0], all[2], all[3]}},
		{hook.AuditFilter{Actor: "key_1"}, all[1:2]},
		{hook.AuditFilter{Since: all[1].At}, all[1:]},
		{hook.AuditFilter{Until: all[1].At}, all[:1]},
	} {
		require.Equal(t, c.want, s.logged(t, c.filter), "%+v", c.filter)
	}
	first, err := s.AuditLog(context.Background(), hook.AuditFilter{}, hook.Page{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, all[3:], first)
	rest, err := s.AuditLog(context.Background(), hook.AuditFilter{}, hook.Page{Limit: 5, After: &hook.Cursor{Time: first[0].At, ID: first[0].ID}})
	require.NoError(t, err)
	require.Equal(t, []hook.AuditEntry{all[2], all[1], all[0]}, rest)
}
