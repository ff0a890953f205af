package activities

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/hook"
)

// gauge is a ledger in which a failure takes a while, and counts those under way.
type gauge struct {
	Ledger
	mu   sync.Mutex
	now  map[string]int // by owner, "" for all
	most map[string]int
	done []string // owners, in the order of the ends
}

func (g *gauge) Fail(_ context.Context, ends []hook.Finish) error {
	owner := ends[0].OwnerID
	g.add(owner, 1)
	<-time.After(10 * time.Millisecond)
	g.add(owner, -1)
	return nil
}

func (g *gauge) add(owner string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, of := range []string{"", owner} {
		g.now[of] += n
		g.most[of] = max(g.most[of], g.now[of])
	}
	if n < 0 {
		g.done = append(g.done, owner)
	}
}

// TestFail_LeavesConnectionsToOthers: each webhook's failures are a transaction, so
// that those of 200 webhooks could take every connection to the database.
func TestFail_LeavesConnectionsToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gauge{now: map[string]int{}, most: map[string]int{}}
		a := &Activities{Ledger: g, Log: zap.NewNop()}
		var group sync.WaitGroup
		fails := func(owner string, webhooks int) {
			for i := range webhooks {
				group.Go(func() {
					if err := a.finish(hook.Finish{Status: hook.Retrying, WebhookID: fmt.Sprint(owner, i), OwnerID: owner}); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
		}
		fails("noisy", 200)
		require.Equal(t, 4, g.most[""])
		fails("quiet", 1)
		fails("other", 200)
		group.Wait()
		require.LessOrEqual(t, g.most[""], 8)
		require.LessOrEqual(t, g.most["noisy"], 4)
		require.Contains(t, g.done[:8], "quiet")
		require.Len(t, g.done, 401)
		<-time.After(time.Second)
	})
}
