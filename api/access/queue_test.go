package access

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// TestQueue_IsBoundedAndHasShares: one user gets four places of 32, and a request
// that waits too long is refused with Retry-After.
func TestQueue_IsBoundedAndHasShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue()
		q.slots = make(chan struct{}, 1)
		enter := func(user string) (func(), error) {
			return q.Enter(hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_of_" + user, UserID: user}))
		}
		leave, err := enter("u0")
		require.NoError(t, err)
		outcomes := make(chan error, queueLength)
		for i := 1; i < queueLength; i++ {
			go func() { _, err := enter(fmt.Sprintf("u%d", i/queueShare)); outcomes <- err }()
		}
		synctest.Wait()
		for user, code := range map[string]hook.Code{"u0": hook.CodeRateLimited, "u7": hook.CodeRateLimited, "u8": hook.CodeUnavailable} {
			_, err := enter(user)
			var refused *hook.Error
			require.ErrorAs(t, err, &refused, user)
			require.Equal(t, code, refused.Code, user)
			require.Equal(t, time.Second, refused.Wait)
		}
		leave()
		require.NoError(t, <-outcomes, "the first of those that wait")
		<-time.After(queuePatience)
		for range queueLength - 2 {
			require.Equal(t, hook.CodeUnavailable, hook.CodeOf(<-outcomes))
		}
		<-q.slots
		leave, err = enter("u8")
		require.NoError(t, err)
		leave()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		q.slots <- struct{}{}
		_, err = q.Enter(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}
