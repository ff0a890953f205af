package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/hook"
)

// TestRules_AreCountedBeforeTheyAreRead sends 13,500 rules in 243 KB, which once
// took 2.9 s of CPU.
func TestRules_AreCountedBeforeTheyAreRead(t *testing.T) {
	read := 0
	c := stagedWith(t, func(o *Options) {
		check := o.CheckRule
		o.CheckRule = func(r hook.Rule) []hook.Field { read++; return check(r) }
	})
	many := `[` + strings.TrimSuffix(strings.Repeat(`{"filter":"bad"},`, 13_500), ",") + `]`
	parts := `[{"events":["A"],"all_of":[` + strings.TrimSuffix(strings.Repeat(`{"events":["A"],"filter":"bad"},`, 6_000), ",") + `],"within":"1m"}]`
	long := `[` + strings.TrimSuffix(strings.Repeat(`{"events":["A"],"filter":"`+strings.Repeat("b", 4096)+`"},`, 17), ",") + `]`
	for _, rules := range []string{many, parts, long} {
		for _, path := range []string{"/v1/webhooks", "/v1/webhooks/preview"} {
			c.call("POST", path, `{"owner_id":"u1","name":"W","url":"https://a.example","rules":`+rules+`}`).is(422)
		}
		c.call("PATCH", "/v1/webhooks/wh_1", `{"rules":`+rules+`}`)
	}
	require.Zero(t, read)
	require.Contains(t, c.call("POST", "/v1/webhooks/preview", `{"rules":`+long+`}`).problem(422, "invalid")["/rules"], "65536 bytes")
	c.call("POST", "/v1/webhooks/preview", `{"rules":[{"events":["A"],"filter":"bad"}]}`).problem(422, "invalid")
	require.Equal(t, 1, read)
}

// whileFourCompute asks for something while as many requests of the caller are under way
// as may be.
func whileFourCompute(t *testing.T, ask func(ctx context.Context, s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{computing: access.NewQueue()}
		ctx := hook.WithPrincipal(t.Context(), hook.Principal{KeyID: "k"})
		asked := make(chan struct{})
		defer close(asked)
		for range 4 {
			go func() {
				if leave, err := s.computing.Enter(ctx); err == nil {
					<-asked
					leave()
				}
			}()
		}
		synctest.Wait()
		ask(ctx, s)
	})
}

// TestSchemas_LargeOnesAreReadInTurn: 32 schemas of 64 KiB at once took 21 s, and every
// processor.
func TestSchemas_LargeOnesAreReadInTurn(t *testing.T) {
	long := strings.Repeat(" ", 4<<10)
	for name, tc := range map[string]struct {
		form   eventTypeForm
		status int
	}{
		"nothing":         {eventTypeForm{}, 0},
		"a small schema":  {eventTypeForm{Schema: state(`{"type":"object"}`)}, 0},
		"a large schema":  {eventTypeForm{Schema: state(`{` + long + `}`)}, 429},
		"a large example": {eventTypeForm{Example: &exampleForm{Current: state(`{` + long + `}`)}}, 429},
		"large together":  {eventTypeForm{Schema: state(`{` + long[:2<<10] + `}`), Example: &exampleForm{Previous: state(`{` + long[:2<<10] + `}`)}}, 429},
	} {
		t.Run(name, func(t *testing.T) {
			whileFourCompute(t, func(ctx context.Context, s *server) {
				bad, err := s.checkSchema(ctx, tc.form)
				require.Empty(t, bad)
				if tc.status == 0 {
					require.NoError(t, err)
				} else {
					require.Equal(t, tc.status, access.ProblemOf(err).Status)
				}
			})
		})
	}
}

// TestIdempotency_FiltersAreReadBeforeTheTransaction: a request with a key holds a
// connection and locks while its handler runs.
func TestIdempotency_FiltersAreReadBeforeTheTransaction(t *testing.T) {
	var c *client
	read := 0
	c = stagedWith(t, func(o *Options) {
		check := o.CheckRule
		o.CheckRule = func(r hook.Rule) []hook.Field {
			held := 0
			require.NoError(t, c.store.Pools()["quick"].QueryRow(locks, "idempotency_keys", true).Scan(&held))
			require.Zero(t, held, "a transaction is open")
			read++
			return check(r)
		}
	})
	const form = `{"owner_id":"u1","name":"W","url":"https://a.example","rules":[{"events":["A"],"filter":%q}]}`
	c.call("POST", "/v1/webhooks", fmt.Sprintf(form, "true"), access.HeaderIdempotencyKey, "1").is(201)
	require.Equal(t, 1, read)
	bad := c.call("POST", "/v1/webhooks", fmt.Sprintf(form, "bad"), access.HeaderIdempotencyKey, "2").problem(422, "invalid")
	require.Contains(t, bad, "/rules/0/filter")
	require.Equal(t, 2, read)
	c.call("POST", "/v1/webhooks", `{"rules":`, access.HeaderIdempotencyKey, "3").problem(400, "malformed")
	c.call("POST", "/v1/webhooks", fmt.Sprintf(form, "true")).is(201)
	require.Equal(t, 3, read)
}
