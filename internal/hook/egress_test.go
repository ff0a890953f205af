package hook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestEgress_TellsOwnTroubleFromThatOfReceivers(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fails := func(host string, after time.Duration) seen { return seen{host, hook.ReasonConnectTimeout, 0, after} }
	answers := func(host string, status int, after time.Duration) seen { return seen{host, "", status, after} }
	many := func(n int, every time.Duration) (out []seen) {
		for i := range n {
			out = append(out, fails(fmt.Sprint("host", i), time.Duration(i)*every))
		}
		return out
	}
	for name, tc := range map[string]struct {
		seen []seen
		at   time.Duration
		want bool
	}{
		"nothing is known":                      {nil, 0, false},
		"one host fails, however often":         {[]seen{fails("a", 0), fails("a", 1), fails("a", 2), fails("a", 3), fails("a", 4), fails("a", 5)}, 6, false},
		"four hosts":                            {many(4, time.Second), time.Minute, false},
		"five hosts":                            {many(5, time.Second), time.Minute, true},
		"hundreds of hosts":                     {many(300, time.Second), 5 * time.Minute, true},
		"an answer in between":                  {append(append(many(4, 0), answers("b", 200, 1)), fails("c", 2)), 3, false},
		"an error in between is an answer, too": {append(append(many(4, 0), answers("b", 500, 1)), fails("c", 2)), 3, false},
		"an answer ends it":                     {append(many(9, 0), answers("b", 404, 1)), 2, false},
		"long ago":                              {many(5, 0), hook.IsolatedWithin + 1, false},
		"over hours":                            {many(40, 20*time.Minute), 40 * 20 * time.Minute, false},
		"for too long":                          {append(many(5, 0), renewed(5, hook.IsolatedAtMost+1)...), hook.IsolatedAtMost + 2, false},
		"blocked addresses say nothing":         {[]seen{{"a", hook.ReasonBlockedAddress, 0, 0}, {"b", hook.ReasonBlockedAddress, 0, 0}, {"c", hook.ReasonBlockedAddress, 0, 0}, {"d", hook.ReasonBlockedAddress, 0, 0}, {"e", hook.ReasonBlockedAddress, 0, 0}}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			var e hook.Egress
			for _, s := range tc.seen {
				e = e.After(s.host, hook.Result{Reason: s.reason, StatusCode: s.status}, now.Add(s.after))
			}
			require.Equal(t, tc.want, e.Isolated(now.Add(tc.at)))
			require.LessOrEqual(t, len(e.Failed), 4*hook.IsolatedHosts, "it is bounded")
		})
	}
}

// seen is the outcome of an attempt.
type seen struct {
	host   string
	reason hook.Reason
	status int
	after  time.Duration
}

func renewed(n int, after time.Duration) (out []seen) {
	for i := range n {
		out = append(out, seen{fmt.Sprint("host", i), hook.ReasonDNS, 0, after})
	}
	return out
}
