package match_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func filtered(source string) hook.Rule { return hook.Rule{Events: []string{"TODO_*"}, Filter: source} }

func TestFiltersDecide(t *testing.T) {
	s := newStage(t)
	high := s.webhook(t, filtered("current.priority == 'high'"))
	either := s.webhook(t, filtered("current.priority == 'high'"), filtered("current.n > 9007199254740992"))
	always := s.webhook(t, filtered("current.priority == 'low'"), hook.Rule{Events: []string{"*"}})
	for i, tc := range []struct {
		current string
		want    []hook.Webhook
	}{
		{`{"priority":"high","n":1}`, []hook.Webhook{high, either, always}},
		{`{"priority":"low","n":9007199254740993}`, []hook.Webhook{either, always}},
		{`{"priority":"low","n":9007199254740992}`, []hook.Webhook{always}},
		{`{}`, []hook.Webhook{always}},
	} {
		eventID := fmt.Sprintf("e%d", i)
		require.Equal(t, len(tc.want), s.post(t, eventID, "TODO_CREATED", "p1", tc.current).Matched, tc.current)
		for _, w := range tc.want {
			found, err := s.Deliveries(context.Background(), hook.DeliveryFilter{EventID: eventID, WebhookID: w.ID}, hook.Page{Limit: 2})
			require.NoError(t, err)
			require.Len(t, found, 1)
		}
	}
	// {"priority":…} lacks n nowhere but in the last, where three filters find no key.
	require.Equal(t, map[string]int{"missing_key": 3}, s.observer.kinds)
}

func TestFilterThatFailsStandsInNobodysWay(t *testing.T) {
	s := newStage(t)
	for _, source := range []string{"current.a.b.c", "current.list.exists(x, current.list.exists(y, x + y < 0))", "current.a + 1 > 0"} {
		s.webhook(t, filtered(source))
	}
	s.webhook(t, filtered("'a' in changed"))
	list := "[" + fmt.Sprint(1)
	for i := range 2000 {
		list += fmt.Sprintf(",%d", i*7)
	}
	require.Equal(t, 1, s.post(t, "e1", "TODO_CREATED", "p1", `{"a":"x","list":`+list+`]}`).Matched)
	s.judgeAll(t)
	require.Equal(t, 1, s.observer.kinds["cost"])
	require.Equal(t, 3, s.observer.kinds["cost"]+s.observer.kinds["type"]+s.observer.kinds["missing_key"])
}

func TestFilterSeesTheEventAsItIsStored(t *testing.T) {
	s := newStage(t)
	s.webhook(t, filtered("company_id == 'c1' && project_id == 'p1' && type == 'TODO_CREATED' && actor_id == '' && previous == null && occurred_at > timestamp('2026-01-01T00:00:00Z')"))
	require.Equal(t, 1, s.post(t, "e1", "TODO_CREATED", "p1", `{}`).Matched)
	require.Equal(t, 0, s.post(t, "e2", "TODO_CREATED", "p3", `{}`).Matched)
}

func TestAnEndedRequestMatchesNothingByHalves(t *testing.T) {
	s := newStage(t)
	s.webhook(t, filtered("current.n == 1"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Ingest(ctx, []hook.Event{{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{"n":1}`)}})
	require.Error(t, err)
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 1, Due: true}, s.post(t, "e1", "TODO_CREATED", "p1", `{"n":1}`), "nothing of it was stored")
}

func TestSchemaIsEnforced(t *testing.T) {
	s := newStage(t)
	s.schema(t, `{"properties":{"total":{"type":"integer","minimum":0}},"required":["total"]}`)
	s.webhook(t, hook.Rule{Events: []string{"*"}})
	bad := s.post(t, "e1", "invoice.paid", "p1", `{"total":-1}`)
	require.Equal(t, hook.CodeInvalid, bad.Err.Code)
	require.Equal(t, "/current/total", bad.Err.Fields[0].Pointer)
	require.Equal(t, hook.Accepted{CompanyID: "c1", Matched: 1, Due: true}, s.post(t, "e1", "invoice.paid", "p1", `{"total":1}`))

	got, err := s.Ingest(context.Background(), []hook.Event{
		{ID: "e2", Type: "invoice.paid", ProjectID: "p1", Current: []byte(`{"total":2}`)},
		{ID: "e3", Type: "invoice.paid", ProjectID: "p1", Current: []byte(`{}`)},
		{ID: "e4", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)},
	})
	require.NoError(t, err)
	require.Equal(t, 1, got[0].Matched)
	require.NotNil(t, got[1].Err)
	require.Equal(t, 1, got[2].Matched)
}

func TestWhatWasAcceptedStaysADuplicateUnderAStricterSchema(t *testing.T) {
	s := newStage(t)
	s.schema(t, `{}`)
	require.Nil(t, s.post(t, "e1", "invoice.paid", "p1", `{"total":"x"}`).Err)
	s.schema(t, `{"properties":{"total":{"type":"integer"}}}`)
	require.Equal(t, hook.Accepted{Duplicate: true}, s.post(t, "e1", "invoice.paid", "p1", `{"total":"x"}`))
	require.Equal(t, hook.CodeConflict, s.post(t, "e1", "invoice.paid", "p1", `{"total":"y"}`).Err.Code)
	require.Equal(t, hook.CodeInvalid, s.post(t, "e2", "invoice.paid", "p1", `{"total":"x"}`).Err.Code)
}

// schema gives the type invoice.paid a schema.
func (s stage) schema(t *testing.T, schema string) {
	t.Helper()
	_, _, err := s.PutEventType(context.Background(), hook.EventType{Name: "invoice.paid", Group: "Billing", Description: "Paid.", Schema: []byte(schema)})
	require.NoError(t, err)
}

func TestSchemaOfAnotherProcessCountsAtOnce(t *testing.T) {
	s := newStage(t)
	other := newEngine(t, s.url)
	for i := range 20 {
		eventID := fmt.Sprintf("e%d", i)
		if i%2 == 0 {
			s.schema(t, `{"properties":{"total":{"type":"integer"}}}`)
			require.Equal(t, hook.CodeInvalid, other.post(t, eventID, "invoice.paid", "p1", `{"total":"x"}`).Err.Code)
		} else {
			s.schema(t, `{"properties":{"total":{"type":"string"}}}`)
			require.Nil(t, other.post(t, eventID, "invoice.paid", "p1", `{"total":"x"}`).Err)
		}
	}
}

// TestIngest_ChecksAnewWhatAnotherSchemaCountsFor: between a check and the transaction
// the schema may change.
func TestIngest_ChecksAnewWhatAnotherSchemaCountsFor(t *testing.T) {
	s, ctx := newStage(t), context.Background()
	s.schema(t, `{}`)
	events := func(id string) []hook.Event {
		return []hook.Event{{ID: id, Type: "invoice.paid", ProjectID: "p1", Current: []byte(`{"total":"x"}`)}, {ID: id + "b", Type: "TODO_CREATED", ProjectID: "p1", Current: []byte(`{}`)}}
	}
	checks, err := s.Check(ctx, events("e1"))
	require.NoError(t, err)
	s.schema(t, `{"properties":{"total":{"type":"integer"}}}`)
	got, err := s.Engine.Ingest(ctx, events("e1"), checks)
	require.NoError(t, err)
	require.Equal(t, hook.CodeInvalid, got[0].Err.Code)
	require.Nil(t, got[1].Err)

	checks, err = s.Check(ctx, events("e2"))
	require.NoError(t, err)
	got, err = s.Engine.Ingest(ctx, events("e2"), checks)
	require.NoError(t, err)
	require.Equal(t, "/current/total", got[0].Err.Fields[0].Pointer)
	require.Nil(t, got[1].Err)
}

func TestManyEnginesAtOnce(t *testing.T) {
	s := newStage(t)
	for i := range 20 {
		s.webhook(t, filtered(fmt.Sprintf("current.n %% 20 == %d", i)))
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				got, err := s.Ingest(context.Background(), []hook.Event{{ID: fmt.Sprintf("e%d.%d", worker, i), Type: "TODO_CREATED", ProjectID: "p1", Current: fmt.Appendf(nil, `{"n":%d}`, i)}})
				if err != nil || got[0].Matched != 1 {
					t.Errorf("%v %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

// TestIngest_TheSameMeaningIsADuplicate sends what a producer that lost an answer
// sends: the same event, serialised anew.
func TestIngest_TheSameMeaningIsADuplicate(t *testing.T) {
	s := newStage(t)
	s.webhook(t, hook.Rule{Events: []string{"TODO_CREATED"}})
	at := time.Date(2026, 5, 4, 9, 30, 0, 123_456_789, time.UTC)
	first := hook.Event{ID: "e1", Type: "TODO_CREATED", ProjectID: "p1", OccurredAt: at, Current: []byte(`{"a":1,"b":[1.50,null]}`)}
	send := func(change func(e *hook.Event)) hook.Accepted {
		e := first
		change(&e)
		got, err := s.Ingest(context.Background(), []hook.Event{e})
		require.NoError(t, err)
		return got[0]
	}
	require.Equal(t, 1, send(func(*hook.Event) {}).Matched)
	for name, change := range map[string]func(e *hook.Event){
		"nothing":  func(*hook.Event) {},
		"order":    func(e *hook.Event) { e.Current = []byte("{ \"b\": [1.5, null],\n\"a\": 1.0 }") },
		"as shown": func(e *hook.Event) { e.OccurredAt = at.Round(time.Microsecond) },
		"no time":  func(e *hook.Event) { e.OccurredAt = time.Time{} },
		"all of it": func(e *hook.Event) {
			e.Current, e.OccurredAt = []byte(`{"b":[15e-1,null],"a":1}`), at.Round(time.Microsecond)
		},
	} {
		got := send(change)
		require.Nil(t, got.Err, "%s: %v", name, got.Err)
		require.True(t, got.Duplicate, name)
		require.Equal(t, 1, got.Matched, name)
	}
	for name, change := range map[string]func(e *hook.Event){
		"value":  func(e *hook.Event) { e.Current = []byte(`{"a":2,"b":[1.50,null]}`) },
		"actor":  func(e *hook.Event) { e.ActorID = "una" },
		"second": func(e *hook.Event) { e.OccurredAt = at.Add(time.Second) },
	} {
		require.Equal(t, hook.CodeConflict, send(change).Err.Code, name)
	}
}
