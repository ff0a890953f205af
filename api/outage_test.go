package api

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"godwit/internal/ops"
)

// refusing has the database refuse to change companies for a reason; "" = no more.
func (c *client) refusing(state string) {
	c.t.Helper()
	c.exec(`DROP TRIGGER IF EXISTS refusing ON companies`)
	if state != "" {
		c.exec(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '` + state + `'; END $$`)
		c.exec(`CREATE TRIGGER refusing BEFORE INSERT ON companies FOR EACH ROW EXECUTE FUNCTION refuse()`)
	}
}

func TestOutage_IsNoLineForEachRequest(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	outage := ops.NewComplaints(zap.New(core), "requests are answered 503")
	c := newClientWith(t, func(o *Options) { o.Outage, o.Log = outage, zap.New(core) })
	t.Cleanup(func() { c.refusing("") })
	put := func() answerOf { return c.call("PUT", "/v1/companies/c1", `{"name":"C"}`) }
	c.refusing("53100") // the disk is full
	for range 50 {
		a := put().is(503)
		require.Equal(t, "1", a.Header().Get("Retry-After"))
		require.NotContains(t, a.Body.String(), "extend", "that is for operators")
	}
	require.Equal(t, 1, logs.Len())
	require.Contains(t, outage.Lately(), "could not extend file (53100)")
	c.call("GET", "/v1/companies/none", "").is(404)
	require.NotEmpty(t, outage.Lately(), "reading does not show that it takes changes")

	c.refusing("55P03") // what is locked is no outage; it makes few lines, too
	for range 50 {
		put().is(503)
	}
	require.Equal(t, 2, logs.Len())
	c.refusing("")
	put().is(201)
	require.Empty(t, outage.Lately())
}
