package ops_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/internal/ops"
)

func TestComplaints_AreFewHoweverOftenItGoesWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		c := ops.NewComplaints(zap.New(core), "requests are refused")
		c.Over()
		require.Zero(t, logs.Len())
		refused := func(why string) error {
			return &hook.Error{Code: hook.CodeUnavailable, Why: why, Err: errors.New("another text each time")}
		}
		for range 27 * 400 { // 27 s
			c.Add(refused("dial: connection refused"))
			<-time.After(2500 * time.Microsecond)
		}
		require.Equal(t, 3, logs.Len())
		require.Equal(t, "dial: connection refused", logs.All()[0].ContextMap()["reason"])
		require.EqualValues(t, 4000, logs.All()[1].ContextMap()["times"])
		require.Equal(t, "dial: connection refused", c.Lately())

		c.Add(refused("the database system is starting up (57P03)"))
		require.Equal(t, 4, logs.Len(), "another reason is said at once")
		c.Over()
		require.Empty(t, c.Lately(), "what goes well now")
		require.Equal(t, 4, logs.Len(), "but it is not over yet")
		<-time.After(5 * time.Second)
		c.Over()
		c.Over()
		require.Equal(t, 5, logs.Len())
		require.EqualValues(t, 27*400+1, logs.All()[4].ContextMap()["times"])
		require.Equal(t, 27*time.Second, logs.All()[4].ContextMap()["lasted"])

		c.Add(errors.New("plain"))
		require.Equal(t, 6, logs.Len())
		require.Equal(t, "plain", c.Lately())
		<-time.After(time.Minute)
		require.Empty(t, c.Lately(), "nobody tries any more")
	})
}

// TestComplaints_OfReasonsThatTakeTurnsAreFew: a broken connection ends for one
// request, and is reset for the next.
func TestComplaints_OfReasonsThatTakeTurnsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		c := ops.NewComplaints(zap.New(core), "requests are refused")
		for range 27 * 200 { // 27 s
			for _, reason := range []string{"EOF", "connection reset by peer"} {
				c.Add(errors.New(reason))
				<-time.After(2500 * time.Microsecond)
			}
		}
		require.Equal(t, 6, logs.Len())
		require.Equal(t, "connection reset by peer", c.Lately())
		for n := range 1000 {
			c.Add(fmt.Errorf("another each time: %d", n))
		}
		require.Less(t, logs.Len(), 20)
	})
}
