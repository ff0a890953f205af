package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestCombinations_ReadNoMoreWithHistory counts pages as the test of the matching does,
// with plans that were made while there was next to nothing: of what an event of a
// combination costs in a project with much history, of a webhook with many windows.
func TestCombinations_ReadNoMoreWithHistory(t *testing.T) {
	withStatistics(t, testCombinationsReadNoMoreWithHistory)
}

func testCombinationsReadNoMoreWithHistory(t *testing.T, s stage) {
	t.Helper()
	o := s.opening(t, nil)
	conn := session(t, o.url)
	for name, statement := range map[string]string{
		"allow(text[], bigint[])":                                store.AllowHappenings,
		"opens(bigint[], text[], text[], bool[], float8[], int)": store.OpenWindows,
		"inside(bigint, text, text, int)":                        store.WindowEvents,
		"parts(text[], text)":                                    store.PartsOfFiring,
		"ended(int)":                                             store.CloseEnded,
	} {
		_, err := conn.ExecContext(context.Background(), "PREPARE "+name+" AS "+statement)
		require.NoError(t, err)
	}
	statements := []struct {
		execute string
		rows    int
	}{
		{fmt.Sprintf(`allow('{b1,b2}', '{%[1]d,%[1]d}')`, o.ruleID), 2},
		{fmt.Sprintf(`opens('{%[1]d,%[1]d,%[1]d}', '{n1,n2,n3}', '{%[2]s,%[2]s,%[2]s}', '{t,t,t}', '{60,60,60}', 10000)`, o.ruleID, o.webhook.ID), 3},
		{fmt.Sprintf(`inside(%d, 'k7', 'u1', 201)`, o.ruleID), 1},
		{`parts('{b1,b2}', 'u1')`, 2},
		{`ended(10)`, 0},
	}
	for _, one := range statements {
		planned(t, conn, one.execute)
	}
	pgtest.Exec(t, o.url, `DELETE FROM windows`)
	pgtest.Exec(t, o.url, `
		INSERT INTO events (id, type, project_id, company_id, occurred_at, current, fingerprint)
		SELECT 'b' || g, 'TODO_CREATED', 'p1', 'c1', now(), '{}', '' FROM generate_series(1, 20000) g`)
	pgtest.Exec(t, o.url, `
		INSERT INTO windows (rule_id, key, webhook_id, ends_at, dispatch_at)
		SELECT $1, 'k' || g, $2, now() + interval '1 hour', 'infinity' FROM generate_series(1, 9000) g`, o.ruleID, o.webhook.ID)
	pgtest.Exec(t, o.url, `INSERT INTO window_events (rule_id, key, event_id, parts) SELECT $1, 'k' || g, 'b' || g, 1 FROM generate_series(1, 9000) g`, o.ruleID)
	for _, one := range statements {
		p := planned(t, conn, one.execute)
		t.Logf("%s: %d pages", one.execute, p.pages())
		require.Equal(t, one.rows, p.Rows, one.execute)
		require.Less(t, p.pages(), 200, one.execute) // the 9,000 windows of the webhook are counted once
	}
}
