package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// combining is a webhook with a combination rule and its receiver.
type combining struct {
	*stageClient
	receiver *receiver
	webhook  map[string]any
	posted   int
}

// combine makes a webhook for a record that is created and then gets an assignee;
// fields override the rule.
func combine(t testing.TB, c *stageClient, fields map[string]any) *combining {
	t.Helper()
	r := newReceiver(t, nil)
	rule := map[string]any{
		"all_of": []any{part("TODO_CREATED"), part("TODO_ASSIGNEE_ADDED")}, "within": "10m", "same": "current.id", "projects": []string{c.prefix + "p"},
	}
	for name, value := range fields {
		rule[name] = value
	}
	return &combining{stageClient: c, receiver: r, webhook: c.webhook(t, r.URL, map[string]any{"rules": []any{rule}})}
}

func part(eventType string) map[string]any { return map[string]any{"events": []string{eventType}} }

// happens posts an event about the record of the given id and gives the event's id.
func (c *combining) happens(t testing.TB, eventType, todo string) string {
	t.Helper()
	c.posted++
	eventID := fmt.Sprintf("%sc%d", c.prefix, c.posted)
	c.send(t, http.MethodPost, "/v1/events", []byte(fmt.Sprintf(
		`{"id":%q,"type":%q,"project_id":"%sp","actor_id":"u9","previous":null,"current":{ "id":%q, "n":1.0 }}`,
		eventID, eventType, c.prefix, todo))).json(t, http.StatusAccepted)
	return eventID
}

// fired waits for n firings and gives the parts of each as the receiver got them.
func (c *combining) fired(t testing.TB, n int) [][]string {
	t.Helper()
	var out [][]string
	for _, r := range c.receiver.wait(t, n) {
		var body struct {
			Type string
			Data struct {
				Events            []struct{ ID string }
				Previous, Current any
			}
		}
		require.NoError(t, json.Unmarshal(r.body, &body))
		require.Equal(t, "combination", body.Type)
		require.Equal(t, "combination", r.header.Get("Godwit-Event"))
		require.Nil(t, body.Data.Previous)
		require.Nil(t, body.Data.Current)
		var parts []string
		for _, e := range body.Data.Events {
			parts = append(parts, e.ID)
		}
		out = append(out, parts)
	}
	require.Len(t, out, n)
	return out
}

// deliveries lists what there is for the webhook.
func (c *combining) deliveries(t testing.TB) []any {
	t.Helper()
	return c.get(t, "/v1/deliveries?webhook_id="+c.webhook["id"].(string))["data"].([]any)
}

// onlyThis makes another record fire and asserts that it is the only one that did:
// had anything else been going to fire, it would have before.
func (c *combining) onlyThis(t testing.TB, todo string) {
	t.Helper()
	a, b := c.happens(t, "TODO_CREATED", todo), c.happens(t, "TODO_ASSIGNEE_ADDED", todo)
	require.Equal(t, [][]string{{a, b}}, c.fired(t, 1))
	require.Len(t, c.deliveries(t), 1)
}

func TestCombinationFiresOnceWithBothParts(t *testing.T) {
	c := combine(t, newStage(t, sharedStack(t).standalone), nil)
	b, a := c.happens(t, "TODO_ASSIGNEE_ADDED", "t1"), c.happens(t, "TODO_CREATED", "t1")
	require.Equal(t, [][]string{{a, b}}, c.fired(t, 1), "in the order of the parts")
	arrived := c.receiver.all()[0]
	require.Contains(t, string(arrived.body), `"current":{ "id":"t1", "n":1.0 }`, "the producer's bytes")
	verifier, err := standardwebhooks.NewWebhook(c.webhook["secret"].(string))
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(arrived.body, arrived.header))

	eventID := arrived.header.Get("webhook-id")
	d := c.delivery(t, eventID, status("succeeded"))
	require.Equal(t, "combination", d["event_type"])
	event := c.get(t, "/v1/events/"+eventID)
	require.Len(t, event["current"].(map[string]any)["events"], 2)

	// It needs all parts anew.
	c.happens(t, "TODO_CREATED", "t1")
	later := c.happens(t, "TODO_ASSIGNEE_ADDED", "t1")
	require.Equal(t, later, c.fired(t, 2)[1][1])
	require.Len(t, c.deliveries(t), 2)
}

func TestCombinationDoesNotFire(t *testing.T) {
	for name, x := range map[string]struct {
		fields  map[string]any
		happens []string // "type todo"
	}{
		"for another key":         {nil, []string{"TODO_CREATED t1", "TODO_ASSIGNEE_ADDED t2"}},
		"with one part alone":     {nil, []string{"TODO_CREATED t1", "TODO_CREATED t1"}},
		"in the wrong order":      {map[string]any{"in_order": true}, []string{"TODO_ASSIGNEE_ADDED t1", "TODO_CREATED t1"}},
		"with none_of in between": {map[string]any{"none_of": []any{part("TODO_DELETED")}}, []string{"TODO_CREATED t1", "TODO_DELETED t1", "TODO_ASSIGNEE_ADDED t1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := combine(t, newStage(t, sharedStack(t).standalone), x.fields)
			for _, event := range x.happens {
				var eventType, todo string
				_, err := fmt.Sscan(event, &eventType, &todo)
				require.NoError(t, err)
				c.happens(t, eventType, todo)
			}
			c.onlyThis(t, "other")
		})
	}
}

func TestCombinationDoesNotFireAfterItsWindow(t *testing.T) {
	c := combine(t, newStage(t, sharedStack(t).standalone), map[string]any{"within": "1s"})
	first := c.happens(t, "TODO_CREATED", "t1")
	accepted := parseTime(t, c.get(t, "/v1/events/"+first)["accepted_at"])
	eventually(t, func() (bool, string) { return time.Since(accepted) > 1050*time.Millisecond, "the window is not over" })
	c.happens(t, "TODO_ASSIGNEE_ADDED", "t1")
	c.onlyThis(t, "other")
}

func TestCombinationKeepsItsWindowWhenAnotherRuleChanges(t *testing.T) {
	c := combine(t, newStage(t, sharedStack(t).standalone), nil)
	path := "/v1/webhooks/" + c.webhook["id"].(string)
	a := c.happens(t, "TODO_CREATED", "t1")
	rules := append(c.get(t, path)["rules"].([]any), map[string]any{"events": []string{"COMMENT_CREATED"}, "projects": []string{c.prefix + "p"}})
	c.send(t, http.MethodPatch, path, map[string]any{"rules": rules}).json(t, http.StatusOK)
	b := c.happens(t, "TODO_ASSIGNEE_ADDED", "t1")
	require.Equal(t, [][]string{{a, b}}, c.fired(t, 1))
}

// TestKilledInsideOfAWindowACombinationFiresOnce ends a whole standalone by
// kill -9 in the middle of a window, right after its last part was accepted, and
// while the delivery is under way.
func TestKilledInsideOfAWindowACombinationFiresOnce(t *testing.T) {
	t.Parallel()
	env := standaloneEnv(t, filepath.Join(t.TempDir(), "data"))
	p := startStandalone(t, env)
	c := combine(t, newStage(t, p), nil)
	restart := func() {
		p.kill(t)
		p = startStandalone(t, env)
	}

	t.Log("kill in the middle of the window")
	first := c.happens(t, "TODO_CREATED", "t1")
	restart()
	second := c.happens(t, "TODO_ASSIGNEE_ADDED", "t1")
	require.Equal(t, [][]string{{first, second}}, c.fired(t, 1))

	t.Log("kill right after the 202 of the last part")
	want := map[string]bool{first + " " + second: true}
	for i := range 20 {
		todo := fmt.Sprintf("late%d", i)
		a := c.happens(t, "TODO_CREATED", todo)
		want[a+" "+c.happens(t, "TODO_ASSIGNEE_ADDED", todo)] = true
	}
	restart()
	eventually(t, func() (bool, string) {
		list := c.deliveries(t)
		for _, d := range list {
			if d.(map[string]any)["status"] != "succeeded" {
				return false, fmt.Sprint(d)
			}
		}
		return len(list) == len(want), fmt.Sprintf("%d deliveries of %d", len(list), len(want))
	})
	// A request that was on its way may have come twice, with the same id.
	got := make(map[string]string)
	for i, parts := range c.fired(t, len(c.receiver.all())) {
		id := c.receiver.all()[i].header.Get("webhook-id")
		pair := parts[0] + " " + parts[1]
		require.Contains(t, want, pair)
		if other, seen := got[pair]; seen {
			require.Equal(t, other, id, "one event made it")
		}
		got[pair] = id
	}
	require.Len(t, got, len(want))
	require.Len(t, c.deliveries(t), len(want))
}
