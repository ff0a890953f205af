package hook_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func TestPlayAnswer_IsReadFromTheQuery(t *testing.T) {
	for query, want := range map[string]hook.PlayAnswer{
		"":              {StatusCode: 200},
		"token=of+mine": {StatusCode: 200},
		"status=503&retry_after=7&body=not+now&delay=300ms": {StatusCode: 503, RetryAfter: 7, Body: "not now", Delay: 300 * time.Millisecond},
		"delay=2&failure_rate=0.25":                         {StatusCode: 200, Delay: 2 * time.Second, FailureRate: 0.25},
		"delay=35s&failure_rate=1&status=200":               {StatusCode: 200, Delay: 35 * time.Second, FailureRate: 1},
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		got, err := hook.ParsePlayAnswer(values)
		require.NoError(t, err, query)
		require.Equal(t, want, got, query)
	}
}

func TestPlayAnswer_NamesTheParameterThatIsWrong(t *testing.T) {
	for name, bad := range map[string][]string{
		"status": {"199", "600", "-1", "ok", "200.5"}, "delay": {"36s", "-1s", "soon", "1h"}, "failure_rate": {"1.1", "-0.1", "NaN", "half"},
		"retry_after": {"-1", "86401", "1s"}, "body": {strings.Repeat("x", hook.MaxPlayAnswer+1)},
	} {
		for _, value := range bad {
			_, err := hook.ParsePlayAnswer(url.Values{name: {value}})
			require.ErrorContains(t, err, "The parameter "+name+" of the play address must be", value)
			require.Equal(t, hook.CodeInvalid, hook.CodeOf(err))
		}
	}
}

func TestPlayAnswer_FailsAsOftenAsItIsAsked(t *testing.T) {
	a := hook.PlayAnswer{StatusCode: 202, FailureRate: 0.3}
	require.Equal(t, 500, a.Failed(0).StatusCode)
	require.Equal(t, 500, a.Failed(0.29).StatusCode)
	require.Equal(t, 202, a.Failed(0.3).StatusCode)
	require.Equal(t, 202, hook.PlayAnswer{StatusCode: 202}.Failed(0).StatusCode)
	require.Equal(t, 500, hook.PlayAnswer{StatusCode: 202, FailureRate: 1}.Failed(0.999).StatusCode)
}
