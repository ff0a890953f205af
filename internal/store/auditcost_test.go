package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/pgtest"
	"godwit/internal/store"
)

// TestWhatOneDidIsFoundAmongWhatManyDid counts the pages of each filter of the
// audit log, for what was done before twenty thousand other changes.
func TestWhatOneDidIsFoundAmongWhatManyDid(t *testing.T) {
	s := newStage(t)
	conn := session(t, s.url)
	ctx := hook.WithPrincipal(context.Background(), hook.Principal{KeyID: "key_rare", Role: hook.RoleUser, UserID: "rare"})
	_, _, err := s.PutUser(ctx, hook.User{ID: "u9", Name: "Nine"})
	require.NoError(t, err)
	list := func(f hook.AuditFilter) plan {
		query, args := store.SelectAudit(f, hook.Page{Limit: 51})
		literals := make([]string, len(args))
		for i, arg := range args {
			literals[i] = pq.QuoteLiteral(fmt.Sprint(arg))
		}
		_, err := conn.ExecContext(ctx, "DEALLOCATE ALL; PREPARE list AS "+query)
		require.NoError(t, err)
		return planned(t, conn, "list("+strings.Join(literals, ", ")+")")
	}
	filters := []hook.AuditFilter{{}, {Action: hook.UserCreated}, {ObjectID: "u9"}, {Actor: "key_rare"}, {Actor: "rare"}, {Actor: "rare", Action: hook.UserCreated, ObjectID: "u9"}}
	for _, f := range filters {
		require.Equal(t, 1, list(f).Rows)
	}
	pgtest.Exec(t, s.url, `
		INSERT INTO audit_log (id, key_id, role, action, object_id, after) SELECT 'aud_' || g, 'key_busy', 'admin', 'company.updated', 'c' || g % 100, '{}'
		FROM generate_series(1, 20000) g`)
	for _, f := range filters {
		p := list(f)
		require.Less(t, p.pages(), 20, "%+v", f)
		t.Logf("%d rows, %d pages: %+v", p.Rows, p.pages(), f)
	}
}
