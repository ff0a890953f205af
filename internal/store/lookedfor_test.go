package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

func TestSearch_FindsByNameHostAndID(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutUser(ctx, hook.User{ID: "u2", Name: "u2", Email: "u2@example.com"})
	require.NoError(t, err)
	_, err = s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	make := func(owner, name, url string, events ...string) string {
		w := draft(owner, hook.Rule{Events: events})
		w.Name, w.URL = name, url
		made, err := s.CreateWebhook(ctx, w)
		require.NoError(t, err)
		return made.ID
	}
	orders := make("u1", "New ORDERS", "https://hooks.example.com/s3cret?key=hidden", "TODO_CREATED")
	crm := make("u1", "100% _CRM_", "https://crm.example.org:8443/in", "TODO_CREATED", "TAG_CREATED")
	inCompany := draft("u1", hook.Rule{Events: []string{"TAG_DELETED"}, Companies: []string{"c2"}})
	inCompany.Name = "All of c2"
	madeInCompany, err := s.CreateWebhook(ctx, inCompany)
	require.NoError(t, err)
	company := madeInCompany.ID
	theirs := make("u2", "Orders of others", "https://hooks.example.net/", "TODO_*")
	for _, tc := range []struct {
		who  context.Context
		f    hook.WebhookFilter
		want []string
	}{
		{ctx, hook.WebhookFilter{Text: "orders"}, []string{theirs, orders}},
		{as("u1"), hook.WebhookFilter{Text: "oRdErS"}, []string{orders}},
		{ctx, hook.WebhookFilter{Text: "hooks.example"}, []string{theirs, orders}},
		{ctx, hook.WebhookFilter{Text: "org:8443"}, []string{crm}},
		{ctx, hook.WebhookFilter{Text: orders[:12]}, []string{theirs, crm, orders}},
		{ctx, hook.WebhookFilter{Text: orders}, []string{orders}},
		{ctx, hook.WebhookFilter{Text: "0% _"}, []string{crm}},
		{ctx, hook.WebhookFilter{Text: "%"}, []string{crm}},
		{ctx, hook.WebhookFilter{Text: "s3cret"}, nil},
		{ctx, hook.WebhookFilter{Text: "hidden"}, nil},
		{ctx, hook.WebhookFilter{Text: "https"}, nil},
		{ctx, hook.WebhookFilter{EventType: "TAG_CREATED"}, []string{crm}},
		{as("u1"), hook.WebhookFilter{EventType: "TODO_CREATED", Text: "new"}, []string{orders}},
		{as("u2"), hook.WebhookFilter{EventType: "TAG_CREATED"}, nil},
		{ctx, hook.WebhookFilter{Reaches: "p1"}, []string{theirs, crm, orders}},
		{as("u2"), hook.WebhookFilter{Reaches: "p1"}, []string{theirs}},
		{ctx, hook.WebhookFilter{Reaches: "p2"}, []string{crm, orders}}, // of which u2 is no member
		{ctx, hook.WebhookFilter{Reaches: "p3"}, []string{company, crm, orders}},
		{ctx, hook.WebhookFilter{Reaches: "nowhere"}, nil},
	} {
		found, err := s.Webhooks(tc.who, tc.f, anyPage)
		require.NoError(t, err)
		var ids []string
		for _, w := range found {
			ids = append(ids, w.ID)
		}
		if tc.f.Text == orders[:12] { // ids that were made in one moment begin the same
			require.Contains(t, ids, orders)
			continue
		}
		require.Equal(t, tc.want, ids, "%+v", tc.f)
	}
}

func TestSearch_FindsWebhooksByIDs(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	first, second := s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}}).ID, s.webhook(t, hook.Rule{Events: []string{"TAG_CREATED"}}).ID
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	for _, tc := range []struct {
		who  context.Context
		f    hook.WebhookFilter
		want []string
	}{
		{ctx, hook.WebhookFilter{IDs: []string{first, "wh_none", second}}, []string{second, first}},
		{as("u1"), hook.WebhookFilter{IDs: []string{first, second}, EventType: "TAG_CREATED"}, []string{second}},
		{as("u2"), hook.WebhookFilter{IDs: []string{first}}, nil},
		{ctx, hook.WebhookFilter{IDs: []string{}}, nil},
	} {
		found, err := s.Webhooks(tc.who, tc.f, anyPage)
		require.NoError(t, err)
		require.Equal(t, tc.want, idsOf(found, func(w hook.Webhook) string { return w.ID }), "%+v", tc.f)
	}
}

func TestSearch_FindsWebhooksThatATypeMatches(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	part := func(events, not []string) hook.Part { return hook.Part{Events: events, NotEvents: not} }
	both := func(first hook.Part, none ...hook.Part) hook.Rule {
		return hook.Rule{Combination: &hook.Combination{AllOf: []hook.Part{first, part([]string{"TAG_DELETED"}, nil)}, Within: "1m", NoneOf: none}}
	}
	id := map[string]string{}
	for _, w := range []struct {
		name  string
		rules []hook.Rule
	}{
		{"named", []hook.Rule{{Events: []string{"TAG_DELETED"}}, {Events: []string{"TODO_CREATED"}}}},
		{"prefix", []hook.Rule{{Events: []string{"TODO_*"}}}},
		{"suffix", []hook.Rule{{Events: []string{"*_CREATED"}}}},
		{"everything", []hook.Rule{{Events: []string{"*"}}}},
		{"left out", []hook.Rule{{Events: []string{"*"}, NotEvents: []string{"*_CREATED"}}}},
		{"part", []hook.Rule{both(part([]string{"TODO_*"}, nil))}},
		{"left out of a part", []hook.Rule{both(part([]string{"TODO_*"}, []string{"TODO_CREATED"}))}},
		{"must not happen", []hook.Rule{both(part([]string{"COMMENT_CREATED"}, nil), part([]string{"TODO_CREATED"}, nil))}},
		{"own", []hook.Rule{{Events: []string{hook.TypeDegraded}}}},
		{"own by prefix", []hook.Rule{{Events: []string{"webhook.*"}}}},
	} {
		id[s.webhook(t, w.rules...).ID] = w.name
	}
	for _, tc := range []struct {
		who  context.Context
		name string
		want []string
	}{
		{ctx, "TODO_CREATED", []string{"part", "everything", "suffix", "prefix", "named"}},
		{ctx, "TODO_MOVED", []string{"left out of a part", "part", "left out", "everything", "prefix"}},
		{as("u1"), "TAG_CREATED", []string{"everything", "suffix"}},
		{as("u2"), "TAG_CREATED", nil},
		{ctx, hook.TypeDegraded, []string{"own by prefix", "own"}},
	} {
		found, err := s.Webhooks(tc.who, hook.WebhookFilter{Matches: tc.name}, anyPage)
		require.NoError(t, err)
		require.Equal(t, tc.want, idsOf(found, func(w hook.Webhook) string { return id[w.ID] }), tc.name)
	}
}

func TestActorNames_AreThoseOfThePeopleOfAProject(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	for _, u := range []string{"u2", "u3"} {
		_, _, err := s.PutUser(ctx, hook.User{ID: u, Name: "Name of " + u, Email: u + "@example.com"})
		require.NoError(t, err)
	}
	_, err := s.PutMember(ctx, "p1", "u2")
	require.NoError(t, err)
	asked := []hook.ActorIn{{ActorID: "u2", ProjectID: "p1"}, {ActorID: "u2", ProjectID: "p2"}, {ActorID: "u3", ProjectID: "p1"}, {}, {ActorID: "u2"}, {ActorID: "robot", ProjectID: "p1"}}
	admin := hook.WithPrincipal(ctx, hook.Principal{KeyID: "key_1", Role: hook.RoleAdmin})
	for _, tc := range []struct {
		who  context.Context
		want []string
	}{
		{admin, []string{"Name of u2", "Name of u2", "Name of u3", "", "Name of u2", ""}},
		{as("u1"), []string{"Name of u2", "", "", "", "", ""}},
		{as("u2"), []string{"Name of u2", "Name of u2", "", "", "Name of u2", ""}},
		{ctx, []string{"Name of u2", "", "", "", "", ""}},
	} {
		names, err := s.ActorNames(tc.who, asked)
		require.NoError(t, err)
		require.Equal(t, tc.want, names)
	}
	none, err := s.ActorNames(admin, []hook.ActorIn{{ProjectID: "p1"}})
	require.NoError(t, err)
	require.Equal(t, []string{""}, none)
}

func TestSearch_FindsInTheDirectory(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	_, _, err := s.PutCompany(ctx, hook.Company{ID: "zeta", Name: "Ünlü & Söhne"})
	require.NoError(t, err)
	_, _, err = s.PutProject(ctx, hook.Project{ID: "shop-1", CompanyID: "zeta", Name: "Online Shop"})
	require.NoError(t, err)
	_, _, err = s.PutUser(ctx, hook.User{ID: "u-zoe", Name: "Zoë", Email: "zoe@mail.example"})
	require.NoError(t, err)
	for text, want := range map[string][]string{"söhne": {"zeta"}, "ZET": nil, "zet": {"zeta"}, "nobody": nil} {
		found, err := s.Companies(ctx, text, anyPage)
		require.NoError(t, err)
		require.Equal(t, want, idsOf(found, func(c hook.Company) string { return c.ID }), text)
	}
	for text, want := range map[string][]string{"shop": {"shop-1"}, "line s": {"shop-1"}, "%": nil} {
		found, err := s.Projects(ctx, hook.ProjectFilter{Text: text}, anyPage)
		require.NoError(t, err)
		require.Equal(t, want, idsOf(found, func(p hook.Project) string { return p.ID }), text)
	}
	none, err := s.Projects(as("u1"), hook.ProjectFilter{Text: "shop"}, anyPage)
	require.NoError(t, err)
	require.Empty(t, none, "u1 is no member")
	for text, want := range map[string][]string{"zoë": {"u-zoe"}, "mail.exam": {"u-zoe"}, "u-z": {"u-zoe"}, "'": nil} {
		found, err := s.Users(ctx, text, anyPage)
		require.NoError(t, err)
		require.Equal(t, want, idsOf(found, func(u hook.User) string { return u.ID }), text)
	}
}

func idsOf[T any](rows []T, id func(T) string) (ids []string) {
	for _, r := range rows {
		ids = append(ids, id(r))
	}
	return ids
}

// TestSearch_ReadsNoMoreAsTablesGrow counts the pages of a search that finds nothing
// among many, and among three times as many.
func TestSearch_ReadsNoMoreAsTablesGrow(t *testing.T) {
	s := newStage(t)
	page := hook.Page{Limit: 51, Stopped: new(hook.Cursor)}
	queries := map[string][]store.Query{
		"webhooks": store.WebhookQueries(context.Background(), hook.WebhookFilter{Text: "nowhere", Status: hook.Unhealthy, EventType: "TAG_CREATED"}, page),
		"users":    store.UserQueries("nowhere", page),
		"name":     store.WebhookQueries(context.Background(), hook.WebhookFilter{Text: "nowhere", Sort: hook.SortName}, page),
		"need":     store.WebhookQueries(context.Background(), hook.WebhookFilter{Text: "nowhere", Sort: hook.SortAttention}, page),
		"stuck":    store.WebhookQueries(context.Background(), hook.WebhookFilter{Stuck: true, Sort: hook.SortAttention}, page),
		"reaches":  store.WebhookQueries(context.Background(), hook.WebhookFilter{Reaches: "p1", Text: "nowhere"}, page),
		"matches":  store.WebhookQueries(context.Background(), hook.WebhookFilter{Matches: "TAG_CREATED"}, page),
		"first":    store.WebhookQueries(context.Background(), hook.WebhookFilter{Sort: hook.SortAttention}, page),
	}
	grow := func(from, to int) {
		pgtest.Exec(t, s.url, `INSERT INTO webhooks (id, owner_id, name, url, secret, headers, payload_format, auto_recover, metadata, enabled, status)
			SELECT 'wh_' || g, 'u1', 'w', 'https://example.com/', '', '', 'standard', true, '{}', true, 'HEALTHY' FROM generate_series($1::int, $2::int) g`, from, to)
		pgtest.Exec(t, s.url, `INSERT INTO users (id, name, email) SELECT 'x' || g, 'x', 'x@example.com' FROM generate_series($1::int, $2::int) g`, from, to)
		pgtest.Exec(t, s.url, `VACUUM ANALYZE webhooks`)
		pgtest.Exec(t, s.url, `VACUUM ANALYZE users`)
	}
	pages := func() map[string]int {
		out := map[string]int{}
		for name, of := range queries {
			for _, q := range of {
				out[name] += cost(t, reading(t, s.url), q).pages()
			}
		}
		return out
	}
	grow(1, 15_000)
	before := pages()
	grow(15_001, 45_000)
	after := pages()
	t.Logf("pages before %v and after %v", before, after)
	for name := range queries {
		require.LessOrEqual(t, after[name], before[name]+before[name]/2, name)
		require.Less(t, after[name], 2*store.MostScanned, name)
	}
}
