package api

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/hook"
	"godwit/internal/ops"
)

// troubled keeps companies in a database that can't do it now.
type troubled struct {
	Store
	err error
}

func (t *troubled) PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error) {
	if t.err != nil {
		return c, false, t.err
	}
	return t.Store.PutCompany(ctx, c)
}

func TestOutage_IsNoLineForEachRequest(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	outage := ops.NewComplaints(zap.New(core), "requests are answered 503")
	full := &troubled{err: &hook.Error{Code: hook.CodeUnavailable, Message: "the database can't be reached", Why: "could not extend file (53100)"}}
	c := newClientWith(t, func(o *Options) {
		full.Store, o.Store = o.Store, full
		o.Outage, o.Log = outage, zap.New(core)
	})
	put := func() answerOf { return c.call("PUT", "/v1/companies/c1", `{"name":"C"}`) }
	for range 50 {
		a := put().is(503)
		require.Equal(t, "1", a.Header().Get("Retry-After"))
		require.NotContains(t, a.Body.String(), "extend", "that is for operators")
	}
	require.Equal(t, 1, logs.Len())
	require.Equal(t, "could not extend file (53100)", outage.Lately())
	c.call("GET", "/v1/companies/none", "").is(404)
	require.NotEmpty(t, outage.Lately(), "reading does not show that it takes changes")

	// What is locked is no outage; it makes few lines, too.
	full.err = &hook.Error{Code: hook.CodeUnavailable, Message: "locked", Why: "lock timeout (55P03)", Err: fmt.Errorf("wait: %w", hook.ErrLocked)}
	for range 50 {
		put().is(503)
	}
	require.Equal(t, 2, logs.Len())
	full.err = nil
	put().is(201)
	require.Empty(t, outage.Lately())
}
