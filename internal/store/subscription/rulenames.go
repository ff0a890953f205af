package subscription

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// CheckRules looks every name in the webhook's rules up and collects what is
// wrong with those that are new.
func CheckRules(ctx context.Context, tx sqlx.QueryerContext, w hook.Webhook, isNew []bool) error {
	known, err := LookUp(ctx, tx, w.OwnerID, w.Rules)
	if err != nil {
		return fmt.Errorf("look up the names in the rules: %w", err)
	}
	var bad []hook.Field
	for i, r := range w.Rules {
		if isNew[i] {
			bad = append(bad, known.check(fmt.Sprintf("/rules/%d", i), w.OwnerID, r)...)
		}
	}
	if len(bad) > 0 {
		return &hook.Error{Code: hook.CodeInvalid, Message: "the rules name things that can't be used", Fields: bad}
	}
	return nil
}

// CheckRules is CodeInvalid when the owner or something that the rules name does
// not exist, or when the owner is no member of a named project. Without an owner
// every project may be named. To a request of a user a project, and a company, of
// which that user is no member does not exist.
func (s *Store) CheckRules(ctx context.Context, ownerID string, rules []hook.Rule) error {
	return core.Classify("check rules", CheckNew(ctx, s.On(ctx), hook.Webhook{OwnerID: ownerID, Rules: rules}))
}

// CheckNew is CodeInvalid with all that is unknown of a new webhook: its owner, and what
// its rules name.
func CheckNew(ctx context.Context, tx sqlx.QueryerContext, w hook.Webhook) error {
	var unknown *hook.Error
	if w.OwnerID != "" {
		err := CheckOwner(ctx, tx, w.OwnerID)
		if err != nil && !errors.As(err, &unknown) {
			return err
		}
	}
	if unknown != nil {
		w.OwnerID = "" // the rules are looked at as those of nobody
	}
	err := CheckRules(ctx, tx, w, slices.Repeat([]bool{true}, len(w.Rules)))
	var names *hook.Error
	if unknown == nil || err != nil && !errors.As(err, &names) {
		return err
	}
	if names != nil {
		unknown.Fields = append(unknown.Fields, names.Fields...)
	}
	return unknown
}

// names holds which of the looked-up names exist.
type names struct {
	types, archived, projects, companies []string
	// memberOf and memberIn are the projects that the owner is a member of, and
	// the companies of such; anywhere holds one project, if there is any.
	memberOf, memberIn, anywhere []string
	// bound: who asks sees only what the owner is a member of. What else there is
	// must read as if it did not exist.
	bound bool
}

// LookUp finds what the rules of an owner name, as far as it is there.
func LookUp(ctx context.Context, tx sqlx.QueryerContext, ownerID string, rules []hook.Rule) (names, error) {
	var n names
	var types, projects, companies []string
	for _, r := range rules {
		types, projects, companies = append(types, r.Patterns()...), append(projects, r.Projects...), append(companies, r.Companies...)
	}
	types, projects, companies = possible(types), possible(projects), possible(companies)
	for _, q := range []struct {
		into  *[]string
		query string
		args  []any
	}{
		{&n.types, `SELECT name FROM event_types WHERE name = ANY($1)`, []any{pq.Array(types)}},
		{&n.archived, `SELECT name FROM event_types WHERE name = ANY($1) AND archived_at IS NOT NULL`, []any{pq.Array(types)}},
		{&n.projects, `SELECT id FROM projects WHERE id = ANY($1)`, []any{pq.Array(projects)}},
		{&n.companies, `SELECT id FROM companies WHERE id = ANY($1)`, []any{pq.Array(companies)}},
		{&n.memberOf, `SELECT project_id FROM members WHERE project_id = ANY($1) AND user_id = $2`, []any{pq.Array(projects), ownerID}},
		{&n.memberIn, `
			SELECT c.id FROM unnest($1::text[]) AS c(id)
			WHERE EXISTS (SELECT FROM projects p JOIN members m ON m.project_id = p.id AND m.user_id = $2 WHERE p.company_id = c.id)`,
			[]any{pq.Array(companies), ownerID}},
		{&n.anywhere, `SELECT project_id FROM members WHERE user_id = $1 LIMIT 1`, []any{ownerID}},
	} {
		if err := sqlx.SelectContext(ctx, tx, q.into, q.query, q.args...); err != nil {
			return n, err
		}
	}
	if _, n.bound = core.Tenant(ctx); n.bound {
		n.projects, n.companies = n.memberOf, n.memberIn
	}
	return n, nil
}

// possible leaves out what is no name of anything; the database takes no U+0000.
func possible(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, "\x00") })
}

func (n names) check(at, ownerID string, r hook.Rule) []hook.Field {
	var bad []hook.Field
	add := func(list string, i int, f hook.Field) {
		f.Pointer = fmt.Sprintf("%s/%s/%d", at, list, i)
		bad = append(bad, f)
	}
	n.checkTypes("", r.Events, r.NotEvents, add)
	if c := r.Combination; c != nil {
		for i, p := range c.AllOf {
			n.checkTypes(fmt.Sprintf("all_of/%d/", i), p.Events, p.NotEvents, add)
		}
		for i, p := range c.NoneOf {
			n.checkTypes(fmt.Sprintf("none_of/%d/", i), p.Events, p.NotEvents, add)
		}
	}
	for i, p := range r.Projects {
		switch {
		case !slices.Contains(n.projects, p):
			add("projects", i, unknownName("project", p, n.ofOwner(" that you are a member of")))
		case ownerID != "" && !slices.Contains(n.memberOf, p):
			add("projects", i, hook.Field{Code: hook.FieldNotMember, Params: hook.Params{"owner_id": ownerID, "project_id": p},
				Detail: fmt.Sprintf("the owner %q is not a member of project %q", ownerID, p)})
		}
	}
	for i, c := range r.Companies {
		if !slices.Contains(n.companies, c) {
			add("companies", i, unknownName("company", c, n.ofOwner(" with a project that you are a member of")))
		}
	}
	return bad
}

// unknownName is the fault of a project or company that a rule names.
func unknownName(kind, id, which string) hook.Field {
	return hook.Field{Code: hook.FieldNotFound, Params: hook.Params{"kind": kind, "id": id}, Detail: fmt.Sprintf("there is no %s %q%s", kind, id, which)}
}

// ofOwner says which things were looked at where not all of them were.
func (n names) ofOwner(words string) string {
	if n.bound {
		return words
	}
	return ""
}

// checkTypes looks at the types that a rule, or a part, names and leaves out.
func (n names) checkTypes(at string, events, not []string, add func(list string, i int, f hook.Field)) {
	unknown := func(list string, i int, name string) bool {
		if hook.IsPattern(name) || slices.Contains(n.types, name) {
			return false
		}
		add(at+list, i, hook.Field{Code: hook.FieldNotFound, Params: hook.Params{"kind": "event_type", "id": name},
			Detail: fmt.Sprintf("there is no event type %q; GET /v1/event-types lists them", name)})
		return true
	}
	for i, t := range events {
		if !unknown("events", i, t) && slices.Contains(n.archived, t) {
			add(at+"events", i, hook.Field{Code: hook.FieldArchived, Params: hook.Params{"id": t},
				Detail: fmt.Sprintf("the event type %q is archived: rules that have it keep it, new ones can't take it", t)})
		}
	}
	for i, t := range not {
		unknown("not_events", i, t)
	}
}

// Unreachable says why no event can match a rule any more; nil = one can.
func (n names) Unreachable(at, ownerID string, r hook.Rule) []hook.Field {
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

// CheckOwner is CodeInvalid where there is no such user.
func CheckOwner(ctx context.Context, tx sqlx.QueryerContext, ownerID string) error {
	var one int
	err := sql.ErrNoRows
	if hook.ValidID(ownerID) {
		err = sqlx.GetContext(ctx, tx, &one, `SELECT 1 FROM users WHERE id = $1 FOR KEY SHARE`, ownerID)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return hook.Field{Pointer: "/owner_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "user", "id": ownerID}, Detail: fmt.Sprintf("there is no user %q; create the user first", ownerID)}.Invalid()
	}
	return err
}
