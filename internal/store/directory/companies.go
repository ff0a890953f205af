package directory

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

type companyRow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	Limits    []byte    `db:"limits"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

const (
	companyColumns = `id, name, limits, created_at, updated_at`
	companyByID    = `SELECT ` + companyColumns + ` FROM companies WHERE id = $1`
)

func (r companyRow) company() (hook.Company, error) {
	c := hook.Company{ID: r.ID, Name: r.Name, Limits: new(hook.OwnLimits), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	return c, subscription.OwnLimits(r.Limits, c.Limits)
}

// PutCompany creates or changes a company and says whether it is new.
func (s *Store) PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error) {
	var p put
	err := s.InTx(ctx, "put company", func(tx *sqlx.Tx) error {
		var r companyRow
		if err := tx.GetContext(ctx, &r, companyByID+` FOR NO KEY UPDATE`, c.ID); core.UnlessNone(err) != nil {
			return err
		}
		old, err := r.company()
		if err != nil {
			return err
		}
		if c.Limits == nil {
			c.Limits = old.Limits
		}
		limits, err := json.Marshal(c.Limits)
		if err != nil {
			return core.Fault(err)
		}
		err = tx.GetContext(ctx, &p, `
			INSERT INTO companies (id, name, limits) VALUES ($1, $2, nullif($3::jsonb, '{}'))
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, limits = excluded.limits, updated_at = now()`+putReturning, c.ID, c.Name, string(limits))
		if err != nil {
			return err
		}
		done := access.Change{Action: hook.CompanyUpdated, ObjectID: c.ID, Before: access.ShownCompany(old), After: access.ShownCompany(c)}
		return access.Audit(ctx, tx, done.Created(p.Created, hook.CompanyCreated))
	})
	c.CreatedAt, c.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return c, p.Created, err
}

// Company reads one company.
func (s *Store) Company(ctx context.Context, id string) (hook.Company, error) {
	var r companyRow
	err := sqlx.GetContext(ctx, s.On(ctx), &r, companyByID, id)
	if err != nil {
		return hook.Company{}, core.Found("company", id, err)
	}
	return r.company()
}

// Companies lists companies that the request may see, newest first; with a text
// those whose name has it, or whose id begins with it.
func (s *Store) Companies(ctx context.Context, text string, page hook.Page) ([]hook.Company, error) {
	if _, bound := core.Tenant(ctx); text != "" && !bound {
		return core.Searched(ctx, s.DB, subscription.DirectorySearch(companyColumns, "companies c", core.Way{Rest: subscription.LookedFor("c", text)}), page, companyRow.company)
	}
	var l core.List
	l.Conditions = l.Bind(subscription.LookedFor("c", text)) // a user has few
	tail := newestCompanies(ctx, &l, page)
	return core.Rows(ctx, s.DB, `SELECT `+companyColumns+` FROM companies c`+tail, l.Args, companyRow.company)
}

// DeleteCompany removes a company with its projects and their members.
// Deliveries that wait and carry data of these projects are cancelled.
func (s *Store) DeleteCompany(ctx context.Context, id string) error {
	return s.InTx(ctx, "delete company", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "companies", id); err != nil {
			return err
		}
		var projects []string // one that is just being moved to another company is not among them
		if err := tx.SelectContext(ctx, &projects, `SELECT id FROM projects WHERE company_id = $1 ORDER BY id FOR UPDATE`, id); err != nil {
			return err
		}
		var r companyRow
		err := tx.GetContext(ctx, &r, `DELETE FROM companies WHERE id = $1 RETURNING `+companyColumns, id)
		if err != nil {
			return core.Found("company", id, err)
		}
		old, err := r.company()
		if err != nil {
			return err
		}
		if err := ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawProjects, pq.Array(projects)); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.CompanyDeleted, ObjectID: id, Before: access.ShownCompany(old)})
	})
}

// CompanyLimits gives the limits of all companies that have their own.
func (s *Store) CompanyLimits(ctx context.Context) (map[string]hook.OwnLimits, error) {
	var found []companyRow
	ctx = core.Via(ctx, s.IntakePool) // asked by publishing
	if err := sqlx.SelectContext(ctx, s.On(ctx), &found, `SELECT `+companyColumns+` FROM companies WHERE limits IS NOT NULL`); err != nil {
		return nil, core.Classify("read the limits of companies", err)
	}
	out := make(map[string]hook.OwnLimits, len(found))
	for _, r := range found {
		c, err := r.company()
		if err != nil {
			return nil, err
		}
		out[r.ID] = *c.Limits
	}
	return out, nil
}

// newestCompanies: a user sees those of the projects that the user is a member of.
func newestCompanies(ctx context.Context, l *core.List, page hook.Page) string {
	const of = `(SELECT DISTINCT p.company_id, m.user_id FROM members m JOIN projects p ON p.id = m.project_id) x`
	return l.NewestSeen(ctx, "companies c", core.SortKey{Time: "c.created_at", ID: "c.id"}, page, core.Share{Of: of, User: "x.user_id", Link: "c.id = x.company_id"})
}
