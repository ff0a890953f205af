package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyedCreate makes a webhook under an idempotency key. The error is that of a
// connection which broke before the answer was there.
func (c *stageClient) keyedCreate(key string) (reply, error) {
	body := fmt.Sprintf(`{"owner_id":"%su","name":%q,"url":"http://127.0.0.1:1/","rules":[{"events":["TODO_*"]}]}`, c.prefix, key)
	req, err := http.NewRequest(http.MethodPost, c.base+"/v1/webhooks", strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, raw}, err
}

// TestKilledWhileCreatingNothingIsMadeTwice ends a process by kill -9 while many
// webhooks are being made, and repeats every request: whatever had become of it,
// there is one webhook for each key.
func TestKilledWhileCreatingNothingIsMadeTwice(t *testing.T) {
	s := sharedStack(t)
	env := serveEnv(t, s.migrated(t), s.temporal(), "idempotency")
	env["GODWIT_MANAGEMENT_RATE"] = "0"
	p := startServe(t, env, "--role", "api")
	c := newStage(t, p)
	const keys, clients, answersBeforeKill = 150, 8, 40
	var mu sync.Mutex
	answers := map[string]reply{}
	next := make(chan string, keys)
	for i := range keys {
		next <- fmt.Sprint("key-", i)
	}
	close(next)
	var kill sync.Once
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for key := range next {
				got, err := c.keyedCreate(key)
				if err != nil {
					continue // it was on its way, or nobody is there any more
				}
				mu.Lock()
				answers[key] = got
				enough := len(answers) == answersBeforeKill
				mu.Unlock()
				if enough {
					kill.Do(func() { p.kill(t) })
				}
			}
		})
	}
	group.Wait()
	require.GreaterOrEqual(t, len(answers), answersBeforeKill)
	require.Less(t, len(answers), keys, "it was killed in the middle")

	p = startServe(t, env, "--role", "api")
	c = c.as("", p)
	made := map[string]bool{}
	for i := range keys {
		key := fmt.Sprint("key-", i)
		got, err := c.keyedCreate(key)
		require.NoError(t, err)
		if before, known := answers[key]; known {
			require.Equal(t, string(before.raw), string(got.raw))
			require.Equal(t, "true", got.header.Get("Idempotency-Replayed"))
		}
		made[got.json(t, http.StatusCreated)["id"].(string)] = true
	}
	require.Len(t, made, keys)
	require.Equal(t, keys, query(t, env["GODWIT_DATABASE_URL"], `SELECT count(*) FROM webhooks`))
	require.Equal(t, keys, query(t, env["GODWIT_DATABASE_URL"], `SELECT count(*) FROM audit_log WHERE action = 'webhook.created'`))
}
