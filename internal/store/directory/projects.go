package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
	"godwit/internal/store/subscription"
)

type projectRow struct {
	ID        string    `db:"id"`
	CompanyID string    `db:"company_id"`
	Company   string    `db:"company_name"`
	Name      string    `db:"name"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

const (
	companyOfProject = `(SELECT c.name FROM companies c WHERE c.id = p.company_id) AS company_name`
	projectColumns   = `p.id, p.company_id, ` + companyOfProject + `, p.name, p.created_at, p.updated_at`
	projectByID      = `SELECT ` + projectColumns + ` FROM projects p WHERE p.id = $1`
)

func (r projectRow) project() hook.Project {
	return hook.Project{ID: r.ID, CompanyID: r.CompanyID, CompanyName: r.Company, Name: r.Name, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

// PutProject creates, renames or moves a project and says whether it is new.
// A company that does not exist is CodeInvalid.
func (s *Store) PutProject(ctx context.Context, p hook.Project) (hook.Project, bool, error) {
	var got put
	err := s.InTx(ctx, "put project", func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "companies", p.CompanyID); err != nil {
			return err
		}
		var old projectRow
		if err := tx.GetContext(ctx, &old, projectByID+` FOR NO KEY UPDATE`, p.ID); core.UnlessNone(err) != nil {
			return err
		}
		err := tx.GetContext(ctx, &got, `
			INSERT INTO projects AS p (id, company_id, name) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET company_id = excluded.company_id, name = excluded.name, updated_at = now()`+putReturning+`, `+companyOfProject,
			p.ID, p.CompanyID, p.Name)
		if core.IsState(err, core.ForeignKeyViolation) {
			return hook.Field{Pointer: "/company_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "company", "id": p.CompanyID}, Detail: fmt.Sprintf("there is no company %q; create it first", p.CompanyID)}.Invalid()
		}
		if err != nil {
			return err
		}
		done := access.Change{Action: hook.ProjectUpdated, ObjectID: p.ID, Before: access.ShownProject(old.project()), After: access.ShownProject(p)}
		return access.Audit(ctx, tx, done.Created(got.Created, hook.ProjectCreated))
	})
	p.CompanyName, p.CreatedAt, p.UpdatedAt = got.Company, got.CreatedAt.UTC(), got.UpdatedAt.UTC()
	return p, got.Created, err
}

// Project reads one project.
func (s *Store) Project(ctx context.Context, id string) (hook.Project, error) {
	var r projectRow
	err := sqlx.GetContext(ctx, s.On(ctx), &r, projectByID, id)
	if err != nil {
		return hook.Project{}, core.Found("project", id, err)
	}
	return r.project(), nil
}

// Projects lists projects that the request may see, newest first.
func (s *Store) Projects(ctx context.Context, f hook.ProjectFilter, page hook.Page) ([]hook.Project, error) {
	if _, bound := core.Tenant(ctx); f.Text != "" && f.IDs == nil && !bound {
		w := core.Way{Served: core.Equal("p.company_id", f.CompanyID), Rest: subscription.LookedFor("p", f.Text)}
		return core.Searched(ctx, s.DB, subscription.DirectorySearch(projectColumns, "projects p", w), page, core.Plain(projectRow.project))
	}
	var l core.List
	l.Conditions = l.Bind(subscription.LookedFor("p", f.Text)) // of few
	core.WhereSet(&l, "p.company_id = ?", f.CompanyID)
	if f.IDs != nil {
		l.Where("p.id = ANY(?)", pq.Array(f.IDs))
	}
	tail := NewestProjects(ctx, &l, page)
	return core.Rows(ctx, s.DB, `SELECT `+projectColumns+` FROM projects p`+tail, l.Args, core.Plain(projectRow.project))
}

// DeleteProject removes a project and its members. Deliveries that wait and
// carry data of it are cancelled.
func (s *Store) DeleteProject(ctx context.Context, id string) error {
	return s.InTx(ctx, "delete project", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "projects", id); err != nil {
			return err
		}
		var old projectRow
		err := tx.GetContext(ctx, &old, `DELETE FROM projects WHERE id = $1 RETURNING company_id, name`, id)
		if err != nil {
			return core.Found("project", id, err)
		}
		if err := ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawProjects, pq.Array([]string{id})); err != nil {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.ProjectDeleted, ObjectID: id, Before: access.ShownProject(old.project())})
	})
}

// NewestProjects ends a list of projects: those that the request may see.
func NewestProjects(ctx context.Context, l *core.List, page hook.Page) string {
	return l.NewestSeen(ctx, "projects p", core.SortKey{Time: "p.created_at", ID: "p.id"}, page, core.Share{Of: "members m", User: "m.user_id", Link: "p.id = m.project_id"})
}
