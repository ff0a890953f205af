package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// Reach fills what the webhook's rules can no longer reach, the failures of its
// filters, its windows, and its recovery.
func (s *healthStore) Reach(ctx context.Context, w *hook.Webhook) error {
	known, err := lookUp(ctx, s.on(ctx), w.OwnerID, w.Rules)
	if err != nil {
		return classify("look up what the rules name", err)
	}
	for i, r := range w.Rules {
		if causes := known.unreachable(fmt.Sprintf("/rules/%d", i), w.OwnerID, r); causes != nil {
			w.Unreachable = append(w.Unreachable, hook.UnreachableRule{Rule: i, Causes: causes})
		}
	}
	if w.FilterFailures, err = s.filterFailures(ctx, w.ID); err != nil {
		return err
	}
	var r struct {
		outageRow
		OpenWindows    int   `db:"open_windows"`
		WindowsRefused int64 `db:"windows_refused"`
	}
	err = sqlx.GetContext(ctx, s.on(ctx), &r, `
		SELECT (SELECT count(*) FROM windows x WHERE x.webhook_id = w.id) AS open_windows, w.windows_refused, `+outageColumns+`
		FROM webhooks w WHERE w.id = $1`, w.ID)
	if err != nil {
		return classify("read what is shown of "+w.ID, err)
	}
	w.OpenWindows, w.WindowsRefused = r.OpenWindows, r.WindowsRefused
	if recovery := r.recovery(); recovery.Running || !recovery.GaveUpAt.IsZero() {
		w.Recovery = &recovery
	}
	return nil
}

// unreachable says why no event can match a rule any more; nil = one can.
func (n names) unreachable(at, ownerID string, r hook.Rule) []hook.Field {
	var dead, scope []hook.Field
	for i, p := range r.Projects {
		switch {
		case !slices.Contains(n.projects, p):
			scope = append(scope, hook.Field{Code: hook.FieldDeleted, Params: hook.Params{"kind": "project", "id": p}, Pointer: fmt.Sprintf("%s/projects/%d", at, i), Detail: fmt.Sprintf("the project %q was deleted%s", p, n.ofOwner(", or the owner is no longer a member of it"))})
		case !slices.Contains(n.memberOf, p):
			scope = append(scope, hook.Field{Code: hook.FieldNotMember, Params: hook.Params{"owner_id": ownerID, "project_id": p}, Pointer: fmt.Sprintf("%s/projects/%d", at, i), Detail: fmt.Sprintf("the owner %q is no longer a member of project %q", ownerID, p)})
		}
	}
	for i, c := range r.Companies {
		switch {
		case !slices.Contains(n.companies, c):
			scope = append(scope, hook.Field{Code: hook.FieldDeleted, Params: hook.Params{"kind": "company", "id": c}, Pointer: fmt.Sprintf("%s/companies/%d", at, i), Detail: fmt.Sprintf("the company %q was deleted%s", c, n.ofOwner(", or the owner is a member of none of its projects"))})
		case !slices.Contains(n.memberIn, c):
			scope = append(scope, hook.Field{Code: hook.FieldNotMember, Params: hook.Params{"owner_id": ownerID, "company_id": c}, Pointer: fmt.Sprintf("%s/companies/%d", at, i), Detail: fmt.Sprintf("the owner %q is a member of no project of company %q", ownerID, c)})
		}
	}
	switch named := len(r.Projects) + len(r.Companies); {
	case named == 0 && n.anywhere == nil && !hook.CoversOperational(r.Events):
		dead = append(dead, hook.Field{Code: hook.FieldNotMember, Params: hook.Params{"owner_id": ownerID}, Pointer: at, Detail: fmt.Sprintf("the owner %q is a member of no project", ownerID)})
	case named > 0 && len(scope) == named:
		dead = scope
	}
	dead = append(dead, n.goneTypes(at+"/events", r.Events)...)
	if r.Combination != nil {
		for i, p := range r.Combination.AllOf {
			dead = append(dead, n.goneTypes(fmt.Sprintf("%s/all_of/%d/events", at, i), p.Events)...)
		}
	}
	return dead
}

// goneTypes lists the patterns if none of them can match any more.
func (n names) goneTypes(at string, patterns []string) []hook.Field {
	var gone []hook.Field
	for i, t := range patterns {
		if hook.IsPattern(t) || slices.Contains(n.types, t) {
			return nil
		}
		gone = append(gone, hook.Field{Code: hook.FieldDeleted, Params: hook.Params{"kind": "event_type", "id": t}, Pointer: fmt.Sprintf("%s/%d", at, i), Detail: fmt.Sprintf("the event type %q was deleted", t)})
	}
	return gone
}
