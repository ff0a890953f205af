package health

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

// Reach fills what the webhook's rules can no longer reach, the failures of its
// filters, its windows, and its recovery.
func (s *Store) Reach(ctx context.Context, w *hook.Webhook) error {
	known, err := subscription.LookUp(ctx, s.On(ctx), w.OwnerID, w.Rules)
	if err != nil {
		return core.Classify("look up what the rules name", err)
	}
	for i, r := range w.Rules {
		if causes := known.Unreachable(fmt.Sprintf("/rules/%d", i), w.OwnerID, r); causes != nil {
			w.Unreachable = append(w.Unreachable, hook.UnreachableRule{Rule: i, Causes: causes})
		}
	}
	if w.FilterFailures, err = s.FilterFailures(ctx, w.ID); err != nil {
		return err
	}
	var r struct {
		outageRow
		OpenWindows    int   `db:"open_windows"`
		WindowsRefused int64 `db:"windows_refused"`
	}
	err = sqlx.GetContext(ctx, s.On(ctx), &r, `
		SELECT (SELECT count(*) FROM windows x WHERE x.webhook_id = w.id) AS open_windows, w.windows_refused, `+outageColumns+`
		FROM webhooks w WHERE w.id = $1`, w.ID)
	if err != nil {
		return core.Classify("read what is shown of "+w.ID, err)
	}
	w.OpenWindows, w.WindowsRefused = r.OpenWindows, r.WindowsRefused
	if recovery := r.recovery(); recovery.Running || !recovery.GaveUpAt.IsZero() {
		w.Recovery = &recovery
	}
	return nil
}
