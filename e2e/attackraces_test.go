package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// together is how many requests race.
const together = 8

// tally counts answers by status.
type tally struct {
	mu     sync.Mutex
	counts map[int]int
}

// race sends the i-th request of n at the same moment and counts the answers,
// which may have only the given statuses.
func race(t *testing.T, allowed []int, request func(i int) reply) map[int]int {
	t.Helper()
	out := tally{counts: map[int]int{}}
	atOnce(together, func(i int) {
		got := request(i)
		out.mu.Lock()
		defer out.mu.Unlock()
		out.counts[got.status]++
		require.Contains(t, allowed, got.status, string(got.raw))
	})
	return out.counts
}

// TestAttacks_Races makes requests that contradict each other at the same moment,
// and looks whether what is left fits one order of them.
func TestAttacks_Races(t *testing.T) {
	p := sharedStack(t).standalone
	races := map[string]func(*testing.T, *stageClient){
		"rotations of one secret":               raceRotations,
		"enabling one webhook":                  raceEnable,
		"patches of one version":                racePatches,
		"deletions of one webhook":              raceDeletes,
		"redeliveries of one delivery":          raceRedeliver,
		"one event, published again and again":  racePublish,
		"one idempotency key":                   raceIdempotency,
		"webhooks beside their owner's end":     raceOwner,
		"webhooks beside their project's end":   raceProject,
		"webhooks beside their company's end":   raceCompany,
		"memberships that begin while one ends": raceMembers,
	}
	for name, attack := range races {
		t.Run(name, func(t *testing.T) { attack(t, newStage(t, p)) })
	}
	t.Logf("attacks: races: %d, of %d requests each", len(races), together)
}

func raceRotations(t *testing.T, c *stageClient) {
	w := c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	counts := race(t, []int{200, 409}, func(int) reply { return c.send(t, http.MethodPost, "/v1/webhooks/"+w+"/rotate-secret", nil) })
	require.Len(t, c.get(t, "/v1/webhooks/"+w)["old_secrets"], counts[200], "each rotation that was answered has left an old secret, five at most")
	require.LessOrEqual(t, counts[200], 5)
	require.NotZero(t, counts[200])
}

func raceEnable(t *testing.T, c *stageClient) {
	w := c.webhook(t, newReceiver(t, nil).URL, map[string]any{"enabled": false})["id"].(string)
	counts := race(t, []int{200, 409}, func(int) reply { return c.send(t, http.MethodPost, "/v1/webhooks/"+w+"/enable", nil) })
	require.NotZero(t, counts[200])
	got := c.get(t, "/v1/webhooks/"+w)
	require.Equal(t, true, got["enabled"])
	require.Equal(t, "HEALTHY", got["status"])
}

func racePatches(t *testing.T, c *stageClient) {
	w := c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	tag := c.send(t, http.MethodGet, "/v1/webhooks/"+w, nil).header.Get("ETag")
	counts := race(t, []int{200, 412}, func(i int) reply {
		return c.patchIf(t, "/v1/webhooks/"+w, tag, map[string]any{"name": fmt.Sprintf("n%d", i)})
	})
	require.Equal(t, 1, counts[200], "one of them was first")
}

func raceDeletes(t *testing.T, c *stageClient) {
	w := c.webhook(t, newReceiver(t, nil).URL, nil)["id"].(string)
	counts := race(t, []int{204, 404}, func(int) reply { return c.send(t, http.MethodDelete, "/v1/webhooks/"+w, nil) })
	require.Equal(t, 1, counts[204])
}

func raceRedeliver(t *testing.T, c *stageClient) {
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	event := c.post(t)
	d := c.delivery(t, event, status("succeeded"))["id"].(string)
	counts := race(t, []int{202, 409}, func(int) reply { return c.send(t, http.MethodPost, "/v1/deliveries/"+d+"/redeliver", nil) })
	r.wait(t, 1+counts[202])
	require.Len(t, c.get(t, "/v1/deliveries?event_id="+event)["data"], 1+counts[202])
}

func racePublish(t *testing.T, c *stageClient) {
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	id := c.prefix + "once"
	race(t, []int{202}, func(int) reply {
		return c.send(t, http.MethodPost, "/v1/events", map[string]any{"id": id, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{}})
	})
	c.delivery(t, id, status("succeeded")) // of which there is one
	require.Len(t, r.all(), 1)
}

func raceIdempotency(t *testing.T, c *stageClient) {
	counts := race(t, []int{201, 409}, func(int) reply {
		got, err := c.keyedCreate(c.prefix + "key")
		require.NoError(t, err)
		return got
	})
	require.NotZero(t, counts[201])
	require.Len(t, c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"], 1)
}

// raceOwner has the last request delete the user, in the middle of the others.
func raceOwner(t *testing.T, c *stageClient) {
	url := newReceiver(t, nil).URL
	race(t, []int{201, 204, 404, 409, 422}, func(i int) reply {
		if i == together/2 {
			return c.send(t, http.MethodDelete, "/v1/users/"+c.prefix+"u", nil)
		}
		return c.create(t, url)
	})
	require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, "/v1/users/"+c.prefix+"u", nil).status)
	require.Empty(t, c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"], "nobody owns a webhook any more")
}

func raceProject(t *testing.T, c *stageClient) {
	url := newReceiver(t, nil).URL
	race(t, []int{201, 204, 404, 409, 422}, func(i int) reply {
		if i == together/2 {
			return c.send(t, http.MethodDelete, "/v1/projects/"+c.prefix+"p", nil)
		}
		return c.create(t, url)
	})
	require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, "/v1/projects/"+c.prefix+"p", nil).status)
	refused := c.send(t, http.MethodPost, "/v1/events", map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{}})
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
}

// raceCompany has one request delete the company, which takes its projects along.
func raceCompany(t *testing.T, c *stageClient) {
	url := newReceiver(t, nil).URL
	counts := race(t, []int{201, 204, 404, 409, 422}, func(i int) reply {
		if i == together/2 {
			return c.send(t, http.MethodDelete, "/v1/companies/"+c.prefix+"c", nil)
		}
		return c.create(t, url)
	})
	require.Equal(t, 1, counts[http.StatusNoContent], "nobody can prevent the end of a company by creating webhooks")
	require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, "/v1/companies/"+c.prefix+"c", nil).status)
	require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, "/v1/projects/"+c.prefix+"p", nil).status)
	require.Equal(t, http.StatusUnprocessableEntity, c.create(t, url).status)
	for _, w := range c.get(t, "/v1/webhooks?owner_id="+c.prefix+"u")["data"].([]any) {
		shown := c.get(t, "/v1/webhooks/"+w.(map[string]any)["id"].(string))
		require.Len(t, shown["unreachable_rules"], 1, "a rule for a project that is gone is shown as such")
	}
}

func raceMembers(t *testing.T, c *stageClient) {
	member := "/v1/projects/" + c.prefix + "p/members/" + c.prefix + "u"
	race(t, []int{200, 201, 204, 404}, func(i int) reply {
		return c.send(t, []string{http.MethodPut, http.MethodDelete}[i%2], member, nil)
	})
	c.put(t, member, nil)
	require.Len(t, c.get(t, "/v1/projects/"+c.prefix+"p/members")["data"], 1)
}

// create asks for a webhook for the stage's project, which may be gone by now.
func (c *stageClient) create(t *testing.T, url string) reply {
	t.Helper()
	return c.send(t, http.MethodPost, "/v1/webhooks", map[string]any{"owner_id": c.prefix + "u", "name": "n", "url": url,
		"rules": []any{map[string]any{"events": []string{"*"}, "projects": []string{c.prefix + "p"}}}})
}
