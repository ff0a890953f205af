package store_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/inflight"
	"godwit/internal/match"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// stage is a store on its own database with one company c1, projects p1
// and p2 of it, p3 of company c2, and user u1 who is a member of all three.
type stage struct {
	*store.Store
	url      string
	matching *match.Engine
	firsts   *inflight.Handover // of what its ingests begin
}

// Ingest accepts events as the product does, by package match.
func (s stage) Ingest(ctx context.Context, events []hook.Event) ([]hook.Accepted, error) {
	return s.matching.Ingest(ctx, events, nil)
}

func newMatching(t testing.TB, s *store.Store) *match.Engine {
	t.Helper()
	m, err := match.New(match.Options{Store: s})
	require.NoError(t, err)
	return m
}

func newStage(t testing.TB) stage {
	t.Helper()
	s := stage{url: pgtest.URL(t)}.with(t, store.Options{})
	ctx := context.Background()
	for _, c := range []string{"c1", "c2"} {
		_, _, err := s.PutCompany(ctx, hook.Company{ID: c, Name: "Company " + c})
		require.NoError(t, err)
	}
	_, _, err := s.PutUser(ctx, hook.User{ID: "u1", Name: "Una", Email: "una@example.com"})
	require.NoError(t, err)
	for project, company := range map[string]string{"p1": "c1", "p2": "c1", "p3": "c2"} {
		_, _, err := s.PutProject(ctx, hook.Project{ID: project, CompanyID: company, Name: "Project " + project})
		require.NoError(t, err)
		_, err = s.PutMember(ctx, project, "u1")
		require.NoError(t, err)
	}
	return s
}

// with is another process on the database of the stage.
func (s stage) with(t testing.TB, o store.Options) stage {
	t.Helper()
	firsts := new(inflight.Handover)
	o.Firsts = firsts
	other := openWith(t, s.url, o)
	return stage{other, s.url, newMatching(t, other), firsts}
}

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	return openWith(t, url, store.Options{})
}

func openWith(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(url, ring, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// webhook stores a webhook of u1 with the given rules.
func (s stage) webhook(t testing.TB, rules ...hook.Rule) hook.Webhook {
	t.Helper()
	w, err := s.CreateWebhook(context.Background(), draft("u1", rules...))
	require.NoError(t, err)
	return w
}

func draft(owner string, rules ...hook.Rule) hook.Webhook {
	return hook.Webhook{
		ID: id.New(id.Webhook), OwnerID: owner, Name: "feed", URL: "https://example.com/hook", Secret: "whsec_c2VjcmV0",
		Rules: rules, PayloadFormat: hook.FormatStandard, Headers: map[string]string{"X-Token": "hush"}, AutoRecover: true,
		Metadata: []byte(`{}`), Enabled: true, Status: hook.Healthy,
	}
}

// post ingests one event and gives its answer.
func (s stage) post(t testing.TB, e hook.Event) hook.Accepted {
	t.Helper()
	got, err := s.Ingest(context.Background(), []hook.Event{e})
	require.NoError(t, err)
	require.Len(t, got, 1)
	return got[0]
}

// judgeAll judges what was deferred, like a worker.
func (s stage) judgeAll(t testing.TB) {
	t.Helper()
	for {
		owner, claimed, err := s.ClaimJudgements(context.Background(), "", 100, time.Minute)
		require.NoError(t, err)
		if owner == "" {
			return
		}
		for _, j := range claimed {
			s.settle(t, j)
		}
	}
}

// settle judges and settles what was claimed.
func (s stage) settle(t testing.TB, j hook.Judgement) hook.Settled {
	t.Helper()
	choice, err := s.matching.JudgeDeferred(context.Background(), hook.Offer{Candidates: j.Candidates, Load: s.Conditions})
	require.NoError(t, err)
	settled, err := s.SettleJudgements(context.Background(), []hook.Judgement{j}, choice)
	require.NoError(t, err)
	return settled
}

func event(eventID, eventType, project string) hook.Event {
	return hook.Event{ID: eventID, Type: eventType, ProjectID: project, Current: []byte(`{"id":"r1"}`)}
}

var anyPage = hook.Page{Limit: 200}
