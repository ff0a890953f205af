package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// directoryStore keeps companies, projects, users and members, and edits the webhooks
// of these users.
type directoryStore struct{ *healthStore }

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
	return c, ownLimits(r.Limits, c.Limits)
}

// PutCompany creates or changes a company and says whether it is new.
func (s *directoryStore) PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error) {
	var p put
	err := s.inTx(ctx, "put company", func(tx *sqlx.Tx) error {
		var r companyRow
		if err := tx.GetContext(ctx, &r, companyByID+` FOR NO KEY UPDATE`, c.ID); unlessNone(err) != nil {
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
			return fault{err}
		}
		err = tx.GetContext(ctx, &p, `
			INSERT INTO companies (id, name, limits) VALUES ($1, $2, nullif($3::jsonb, '{}'))
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, limits = excluded.limits, updated_at = now()`+putReturning, c.ID, c.Name, string(limits))
		if err != nil {
			return err
		}
		done := change{hook.CompanyUpdated, c.ID, shownCompany(old), shownCompany(c)}
		return audit(ctx, tx, done.created(p.Created, hook.CompanyCreated))
	})
	c.CreatedAt, c.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return c, p.Created, err
}

// Company reads one company.
func (s *directoryStore) Company(ctx context.Context, id string) (hook.Company, error) {
	var r companyRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, companyByID, id)
	if err != nil {
		return hook.Company{}, found("company", id, err)
	}
	return r.company()
}

// Companies lists companies that the request may see, newest first; with a text
// those whose name has it, or whose id begins with it.
func (s *directoryStore) Companies(ctx context.Context, text string, page hook.Page) ([]hook.Company, error) {
	if _, bound := tenant(ctx); text != "" && !bound {
		return searched(ctx, s.DB, directorySearch(companyColumns, "companies c", way{rest: lookedFor("c", text)}), page, companyRow.company)
	}
	var l list
	l.conditions = l.bind(lookedFor("c", text)) // a user has few
	tail := newestCompanies(ctx, &l, page)
	return rows(ctx, s.DB, `SELECT `+companyColumns+` FROM companies c`+tail, l.args, companyRow.company)
}

// DeleteCompany removes a company with its projects and their members.
// Deliveries that wait and carry data of these projects are cancelled.
func (s *directoryStore) DeleteCompany(ctx context.Context, id string) error {
	return s.inTx(ctx, "delete company", func(tx *sqlx.Tx) error {
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
			return found("company", id, err)
		}
		old, err := r.company()
		if err != nil {
			return err
		}
		if err := withdraw(ctx, tx, withdrawProjects, pq.Array(projects)); err != nil {
			return err
		}
		return audit(ctx, tx, change{action: hook.CompanyDeleted, objectID: id, before: shownCompany(old)})
	})
}

// CompanyLimits gives the limits of all companies that have their own.
func (s *directoryStore) CompanyLimits(ctx context.Context) (map[string]hook.OwnLimits, error) {
	var found []companyRow
	ctx = via(ctx, s.intake) // asked by publishing
	if err := sqlx.SelectContext(ctx, s.on(ctx), &found, `SELECT `+companyColumns+` FROM companies WHERE limits IS NOT NULL`); err != nil {
		return nil, classify("read the limits of companies", err)
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
