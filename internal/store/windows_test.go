package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
)

// opening is a webhook with one combination rule, and the windows of that rule.
type opening struct {
	stage
	webhook hook.Webhook
	ruleID  int64
	db      *sql.DB
	seq     int
}

// combination makes a webhook for a record that is created and then deleted within
// ten minutes, in any project.
func combination(t *testing.T, change func(*hook.Combination)) *opening {
	t.Helper()
	return newStage(t).opening(t, change)
}

func (s stage) opening(t *testing.T, change func(*hook.Combination)) *opening {
	t.Helper()
	o := &opening{stage: s}
	c := &hook.Combination{
		AllOf:  []hook.Part{{Events: []string{"TODO_CREATED"}}, {Events: []string{"TODO_DELETED"}}},
		Within: "10m",
	}
	if change != nil {
		change(c)
	}
	o.webhook = o.stage.webhook(t, hook.Rule{Combination: c})
	var err error
	o.db, err = sql.Open("postgres", o.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.db.Close()) })
	require.NoError(t, o.db.QueryRow(`SELECT id FROM rules WHERE webhook_id = $1`, o.webhook.ID).Scan(&o.ruleID))
	return o
}

// first and second are the parts that an event fills.
const (
	first  = 1
	second = 2
)

// happens writes what an ingest does for an event that was accepted some time
// ago, and gives the event's id.
func (o *opening) happens(t *testing.T, project string, parts int, ago time.Duration) string {
	t.Helper()
	o.seq++
	eventID := fmt.Sprintf("e%d", o.seq)
	pgtest.Exec(t, o.url, `
		INSERT INTO events (id, type, project_id, company_id, actor_id, occurred_at, accepted_at, current, fingerprint)
		SELECT $1, 'TODO_CREATED', $2, company_id, 'u7', '2026-01-02T03:04:05Z', now() - make_interval(secs => $3), '{ "n" : 1.0 }', 'x'
		FROM projects WHERE id = $2`, eventID, project, ago.Seconds())
	pgtest.Exec(t, o.url, `
		INSERT INTO windows (rule_id, key, webhook_id, dispatch_at) VALUES ($1, 'k', $2, now())
		ON CONFLICT (rule_id, key) DO UPDATE SET dispatch_at = now()`, o.ruleID, o.webhook.ID)
	pgtest.Exec(t, o.url, `INSERT INTO window_events (rule_id, key, event_id, parts) VALUES ($1, 'k', $2, $3)`, o.ruleID, eventID, parts)
	return eventID
}

func (o *opening) advance(t *testing.T) hook.Progress {
	t.Helper()
	p, err := o.Advance(context.Background(), o.ruleID, "k")
	require.NoError(t, err)
	return p
}

func (o *opening) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	require.NoError(t, o.db.QueryRow(query).Scan(&n))
	return n
}

// closed asserts that nothing is left of the window.
func (o *opening) closed(t *testing.T) {
	t.Helper()
	require.Zero(t, o.count(t, `SELECT (SELECT count(*) FROM windows) + (SELECT count(*) FROM window_events)`))
}

func TestAdvanceFiresOnce(t *testing.T) {
	o := combination(t, nil)
	ctx := context.Background()
	b, a := o.happens(t, "p3", second, time.Minute), o.happens(t, "p1", first, 0)
	p := o.advance(t)
	require.Len(t, p.Fired, 1)
	require.Equal(t, hook.Progress{Fired: p.Fired}, p)
	o.closed(t)

	e, err := o.Event(ctx, p.Fired[0])
	require.NoError(t, err)
	require.Equal(t, hook.CombinationType, e.Type)
	require.Equal(t, "p1 c1", e.ProjectID+" "+e.CompanyID, "where its newest part happened")
	require.WithinDuration(t, time.Now(), e.AcceptedAt, time.Minute)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), e.OccurredAt)
	require.Nil(t, e.Previous)
	part := `{"id":"%s","sequence":%[4]d,"type":"TODO_CREATED","timestamp":"2026-01-02T03:04:05Z","project":{"id":"%[2]s","name":"Project %[2]s"},` +
		`"company":{"id":"%[3]s","name":"Company %[3]s"},"actor_id":"u7","previous":null,"current":{ "n" : 1.0 }}`
	require.Equal(t, `{"events":[`+fmt.Sprintf(part, a, "p1", "c1", 2)+","+fmt.Sprintf(part, b, "p3", "c2", 1)+`]}`, string(e.Current))
	var projects, parts pq.StringArray
	require.NoError(t, o.db.QueryRow(`SELECT project_ids FROM events WHERE id = $1`, e.ID).Scan(&projects))
	require.Equal(t, pq.StringArray{"p1", "p3"}, projects)
	require.NoError(t, o.db.QueryRow(`
		SELECT array_agg(part_event_id ORDER BY position) FROM combination_parts WHERE event_id = $1 AND rule_id = $2 AND position > 0`,
		e.ID, o.ruleID).Scan(&parts))
	require.Equal(t, pq.StringArray{a, b}, parts)

	claims, err := o.Claim(ctx, 10, lease)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, o.webhook.ID+" "+e.ID+" combination", claims[0].WebhookID+" "+claims[0].EventID+" "+claims[0].EventType)
	require.Equal(t, hook.Progress{}, o.advance(t), "it is used up")
	require.Equal(t, 1, o.count(t, `SELECT count(*) FROM deliveries`))
}

func TestAdvanceWaitsForTheOtherPart(t *testing.T) {
	o := combination(t, nil)
	o.happens(t, "p1", first, 3*time.Minute)
	newer := o.happens(t, "p1", first, 2*time.Minute)
	p := o.advance(t)
	require.InDelta(t, 8*time.Minute+time.Second, p.ClosesIn, float64(10*time.Second))
	require.Equal(t, hook.Progress{Open: true, Waiting: []hook.WaitingEvent{{EventID: newer, Parts: []int{1}}}, ClosesIn: p.ClosesIn}, p)
	require.Equal(t, 1, o.count(t, `SELECT count(*) FROM window_events`), "the older one can't be of use any more")
	require.Equal(t, 480, o.count(t, `SELECT round(extract(epoch FROM ends_at - now()) / 10) * 10 FROM windows WHERE dispatch_at = 'infinity'`),
		"it is due when another event comes, and ends by itself")
	require.Zero(t, o.count(t, `SELECT count(*) FROM deliveries`))

	o.happens(t, "p2", second, 0)
	require.Len(t, o.advance(t).Fired, 1)
	o.closed(t)
}

func TestAdvanceClosesALittleLaterThanItsEventsSay(t *testing.T) {
	o := combination(t, nil)
	o.happens(t, "p1", first, 10*time.Minute+200*time.Millisecond)
	require.True(t, o.advance(t).Open, "an ingest that began in time may not have ended")
	pgtest.Exec(t, o.url, `UPDATE events SET accepted_at = accepted_at - interval '1 s'`)
	require.Equal(t, hook.Progress{}, o.advance(t))
	o.closed(t)
}

func TestAdvanceDoesNotFire(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*hook.Combination)
		happens func(*testing.T, *opening)
		open    bool
	}{
		{"outside of the window", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 11*time.Minute)
			o.happens(t, "p1", second, 30*time.Second)
		}, true},
		{"in the wrong order", func(c *hook.Combination) { c.InOrder = true }, func(t *testing.T, o *opening) {
			o.happens(t, "p1", second, 2*time.Minute)
			o.happens(t, "p1", first, time.Minute)
		}, true},
		{"with one of none_of in between", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 3*time.Minute)
			o.happens(t, "p1", 0, 2*time.Minute)
			o.happens(t, "p1", second, time.Minute)
		}, true},
		{"when the membership has ended", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 2*time.Minute)
			o.happens(t, "p2", second, time.Minute)
			require.NoError(t, o.DeleteMember(context.Background(), "p1", "u1"))
		}, true},
		{"when the projects are gone", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 2*time.Minute)
			o.happens(t, "p2", second, time.Minute)
			require.NoError(t, o.DeleteCompany(context.Background(), "c1"))
		}, false},
		{"when the webhook is gone", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 2*time.Minute)
			o.happens(t, "p1", second, time.Minute)
			require.NoError(t, o.DeleteWebhook(context.Background(), o.webhook.ID))
		}, false},
		{"when its owner is gone", nil, func(t *testing.T, o *opening) {
			o.happens(t, "p1", first, 2*time.Minute)
			o.happens(t, "p1", second, time.Minute)
			require.NoError(t, o.DeleteUser(context.Background(), "u1"))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := combination(t, c.change)
			c.happens(t, o)
			p := o.advance(t)
			require.Empty(t, p.Fired)
			require.Equal(t, c.open, p.Open)
			require.Zero(t, o.count(t, `SELECT count(*) FROM deliveries`))
			if c.open {
				require.Equal(t, 1, o.count(t, `SELECT count(*) FROM window_events`))
			} else {
				o.closed(t)
			}
		})
	}
}

func TestAFiringIsDeliveredAsAnyEvent(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*hook.Webhook) error
		want   hook.DeliveryStatus
		due    int
	}{
		{"webhook is off", disable, hook.Held, 0},
		{"webhook has a limit", func(w *hook.Webhook) error { w.MaxInFlight = 1; return nil }, hook.Pending, 0},
		{"plain webhook", func(*hook.Webhook) error { return nil }, hook.Pending, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := combination(t, nil)
			o.happens(t, "p1", first, 0)
			require.True(t, o.advance(t).Open)
			_, err := o.UpdateWebhook(context.Background(), o.webhook.ID, 0, c.change)
			require.NoError(t, err)
			o.happens(t, "p1", second, 0)
			p := o.advance(t)
			require.Len(t, p.Fired, 1, "an edit that leaves the rule as it is keeps its windows")
			all, err := o.Deliveries(context.Background(), hook.DeliveryFilter{EventID: p.Fired[0]}, anyPage)
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.Equal(t, c.want, all[0].Status)
			require.Equal(t, c.due, o.count(t, `SELECT count(*) FROM deliveries WHERE dispatch_at <= now()`))
		})
	}
}

func TestAWindowFiresSeveralTimesAtOnce(t *testing.T) {
	o := combination(t, nil)
	for range 3 {
		o.happens(t, "p1", first, 0)
		o.happens(t, "p1", second, 0)
	}
	last := o.happens(t, "p1", first, 0)
	p := o.advance(t)
	require.Len(t, p.Fired, 3)
	require.Equal(t, []hook.WaitingEvent{{EventID: last, Parts: []int{1}}}, p.Waiting)
}

func TestALongBacklogIsLookedAtBitByBit(t *testing.T) {
	o := combination(t, func(c *hook.Combination) { c.Within = "3s" })
	o.happens(t, "p1", first, time.Hour)
	// Of 500 events, a second apart, each fourth is a second part.
	pgtest.Exec(t, o.url, `
		WITH e AS (
			INSERT INTO events (id, type, project_id, company_id, occurred_at, accepted_at, current, fingerprint)
			SELECT 'b' || n, 'TODO_CREATED', 'p1', 'c1', now(), now() - make_interval(secs => 1000 - n), '{}', 'x' FROM generate_series(1, 500) n
			RETURNING id, substr(id, 2)::int AS n
		)
		INSERT INTO window_events (rule_id, key, event_id, parts)
		SELECT $1, 'k', id, CASE WHEN n % 4 = 0 THEN 2 ELSE 1 END FROM e ORDER BY n`, o.ruleID)
	var fired, looks int
	for p := (hook.Progress{Open: true}); p.Open; looks++ {
		require.Zero(t, p.ClosesIn, "there is more")
		p = o.advance(t)
		fired += len(p.Fired)
	}
	require.Equal(t, 3, looks)
	require.Equal(t, 125, fired)
	o.closed(t)
}

func TestAdvancedManyTimesAtOnceItFiresOnce(t *testing.T) {
	o := combination(t, nil)
	o.happens(t, "p1", first, 0)
	o.happens(t, "p1", second, 0)
	var mu sync.Mutex
	var fired []string
	var group sync.WaitGroup
	for range 64 { // more than there are connections
		group.Go(func() {
			p, err := o.Advance(context.Background(), o.ruleID, "k")
			mu.Lock()
			defer mu.Unlock()
			require.NoError(t, err)
			fired = append(fired, p.Fired...)
		})
	}
	group.Wait()
	require.Len(t, fired, 1)
	require.Equal(t, 1, o.count(t, `SELECT count(*) FROM events WHERE type = 'combination'`))
}

func TestWindowsAreClaimedOnceUntilTheLeaseEnds(t *testing.T) {
	o := combination(t, nil)
	ctx := context.Background()
	o.happens(t, "p1", first, 0)
	claim := func(lease time.Duration) []hook.WindowClaim {
		claims, err := o.ClaimWindows(ctx, 10, lease)
		require.NoError(t, err)
		return claims
	}
	want := []hook.WindowClaim{{RuleID: o.ruleID, Key: "k", WebhookID: o.webhook.ID}}
	require.Equal(t, want, claim(lease))
	require.Empty(t, claim(lease))
	require.NoError(t, o.UnclaimWindows(ctx, want))
	require.Equal(t, want, claim(-time.Second)) // a lease that is over at once
	require.Equal(t, want, claim(lease))
	require.True(t, o.advance(t).Open)
	require.Empty(t, claim(lease), "it was looked at")
	o.happens(t, "p1", first, 0)
	require.Equal(t, want, claim(lease))
}
