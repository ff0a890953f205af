package match_test

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/id"
	"godwit/internal/match"
	"godwit/internal/pgtest"
	"godwit/internal/seal"
	"godwit/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// stage is a store with projects p1 and p2 of company c1, p3 of c2,
// user u1 who is a member of all, u2 of p3 alone; and an engine on it.
type stage struct {
	*store.Store
	*match.Engine
	url      string
	observer *observer
}

// Ingest is the engine's, not the store's.
func (s stage) Ingest(ctx context.Context, events []hook.Event) ([]hook.Accepted, error) {
	return s.Engine.Ingest(ctx, events, nil)
}

// observer counts failed filters by kind.
type observer struct {
	mu    sync.Mutex
	kinds map[string]int
}

func (o *observer) FilterFailed(kind string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kinds[kind]++
}

func newStage(t *testing.T) stage {
	t.Helper()
	url := pgtest.URL(t)
	s := newEngine(t, url)
	ctx := context.Background()
	for _, c := range []string{"c1", "c2"} {
		_, _, err := s.PutCompany(ctx, hook.Company{ID: c, Name: c})
		require.NoError(t, err)
	}
	for _, u := range []string{"u1", "u2"} {
		_, _, err := s.PutUser(ctx, hook.User{ID: u, Name: u, Email: u + "@example.com"})
		require.NoError(t, err)
	}
	for _, p := range [][2]string{{"p1", "c1"}, {"p2", "c1"}, {"p3", "c2"}} {
		_, _, err := s.PutProject(ctx, hook.Project{ID: p[0], CompanyID: p[1], Name: p[0]})
		require.NoError(t, err)
		s.join(t, p[0], "u1")
	}
	s.join(t, "p3", "u2")
	return s
}

// newEngine is another process on the same database.
func newEngine(t *testing.T, url string) stage {
	t.Helper()
	ring, err := seal.New([][]byte{bytes.Repeat([]byte{7}, 32)})
	require.NoError(t, err)
	s, err := store.Open(url, ring, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	o := &observer{kinds: map[string]int{}}
	m, err := match.New(match.Options{Store: s, FilterFailed: o.FilterFailed})
	require.NoError(t, err)
	return stage{s, m, url, o}
}

func (s stage) join(t *testing.T, project, user string) {
	t.Helper()
	_, err := s.PutMember(context.Background(), project, user)
	require.NoError(t, err)
}

// webhook stores a webhook of u1.
func (s stage) webhook(t *testing.T, rules ...hook.Rule) hook.Webhook {
	t.Helper()
	return s.webhookOf(t, "u1", rules...)
}

func (s stage) webhookOf(t *testing.T, owner string, rules ...hook.Rule) hook.Webhook {
	t.Helper()
	w, err := s.CreateWebhook(context.Background(), hook.Webhook{
		ID: id.New(id.Webhook), OwnerID: owner, Name: "feed", URL: "https://example.com/hook", Secret: "whsec_c2VjcmV0", Rules: rules,
		PayloadFormat: hook.FormatStandard, Metadata: []byte("{}"), Enabled: true, Status: hook.Healthy,
	})
	require.NoError(t, err)
	return w
}

// judgeAll judges what was deferred, like a worker.
func (s stage) judgeAll(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for {
		owner, claimed, err := s.ClaimJudgements(ctx, "", 100, time.Minute)
		require.NoError(t, err)
		if owner == "" {
			return
		}
		for _, j := range claimed {
			choice, err := s.JudgeDeferred(ctx, hook.Offer{Candidates: j.Candidates, Load: s.Conditions})
			require.NoError(t, err)
			require.Empty(t, choice.Deferred)
			_, err = s.SettleJudgements(ctx, []hook.Judgement{j}, choice)
			require.NoError(t, err)
		}
	}
}

// matched counts the deliveries of an event.
func (s stage) matched(t *testing.T, eventID string) int {
	t.Helper()
	found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: eventID}, hook.Page{Limit: 1000})
	require.NoError(t, err)
	return len(found)
}

// post publishes one event whose current state is given.
func (s stage) post(t *testing.T, id, eventType, project, current string) hook.Accepted {
	t.Helper()
	got, err := s.Ingest(context.Background(), []hook.Event{{ID: id, Type: eventType, ProjectID: project, Current: []byte(current)}})
	require.NoError(t, err)
	require.Len(t, got, 1)
	return got[0]
}
