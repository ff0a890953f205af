package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
)

// put is the answer of an upsert: the row's times and whether it is new.
type put struct {
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
	Created   bool      `db:"created"`
	Company   string    `db:"company_name"` // of a project
}

// putReturning ends an upsert. xmax is 0 only in a row that was just inserted.
const putReturning = ` RETURNING created_at, updated_at, xmax = 0 AS created`

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
func (s *directoryStore) PutProject(ctx context.Context, p hook.Project) (hook.Project, bool, error) {
	var got put
	err := s.inTx(ctx, "put project", func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "companies", p.CompanyID); err != nil {
			return err
		}
		var old projectRow
		if err := tx.GetContext(ctx, &old, projectByID+` FOR NO KEY UPDATE`, p.ID); unlessNone(err) != nil {
			return err
		}
		err := tx.GetContext(ctx, &got, `
			INSERT INTO projects AS p (id, company_id, name) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET company_id = excluded.company_id, name = excluded.name, updated_at = now()`+putReturning+`, `+companyOfProject,
			p.ID, p.CompanyID, p.Name)
		if isState(err, foreignKeyViolation) {
			return hook.Field{Pointer: "/company_id", Code: hook.FieldNotFound, Params: hook.Params{"kind": "company", "id": p.CompanyID}, Detail: fmt.Sprintf("there is no company %q; create it first", p.CompanyID)}.Invalid()
		}
		if err != nil {
			return err
		}
		done := change{hook.ProjectUpdated, p.ID, shownProject(old.project()), shownProject(p)}
		return audit(ctx, tx, done.created(got.Created, hook.ProjectCreated))
	})
	p.CompanyName, p.CreatedAt, p.UpdatedAt = got.Company, got.CreatedAt.UTC(), got.UpdatedAt.UTC()
	return p, got.Created, err
}

// Project reads one project.
func (s *directoryStore) Project(ctx context.Context, id string) (hook.Project, error) {
	var r projectRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, projectByID, id)
	if err != nil {
		return hook.Project{}, found("project", id, err)
	}
	return r.project(), nil
}

// Projects lists projects that the request may see, newest first.
func (s *directoryStore) Projects(ctx context.Context, f hook.ProjectFilter, page hook.Page) ([]hook.Project, error) {
	if _, bound := tenant(ctx); f.Text != "" && f.IDs == nil && !bound {
		w := way{served: equal("p.company_id", f.CompanyID), rest: lookedFor("p", f.Text)}
		return searched(ctx, s.DB, directorySearch(projectColumns, "projects p", w), page, plain(projectRow.project))
	}
	var l list
	l.conditions = l.bind(lookedFor("p", f.Text)) // of few
	whereSet(&l, "p.company_id = ?", f.CompanyID)
	if f.IDs != nil {
		l.where("p.id = ANY(?)", pq.Array(f.IDs))
	}
	tail := newestProjects(ctx, &l, page)
	return rows(ctx, s.DB, `SELECT `+projectColumns+` FROM projects p`+tail, l.args, plain(projectRow.project))
}

// DeleteProject removes a project and its members. Deliveries that wait and
// carry data of it are cancelled.
func (s *directoryStore) DeleteProject(ctx context.Context, id string) error {
	return s.inTx(ctx, "delete project", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "projects", id); err != nil {
			return err
		}
		var old projectRow
		err := tx.GetContext(ctx, &old, `DELETE FROM projects WHERE id = $1 RETURNING company_id, name`, id)
		if err != nil {
			return found("project", id, err)
		}
		if err := withdraw(ctx, tx, withdrawProjects, pq.Array([]string{id})); err != nil {
			return err
		}
		return audit(ctx, tx, change{action: hook.ProjectDeleted, objectID: id, before: shownProject(old.project())})
	})
}

// lockParent locks what is to be deleted before anything else is done: whoever adds
// to it waits until it is gone, and can't keep it from being deleted. A row that
// others share one after another never becomes free for FOR UPDATE, so those who add
// wait in the line of an advisory lock first; see shareParent.
func lockParent(ctx context.Context, tx *sqlx.Tx, table, id string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, table+" "+id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `SELECT FROM `+table+` WHERE id = $1 FOR UPDATE`, id)
	return err
}

// shareParent waits for whoever is about to delete the parent of what is added.
func shareParent(ctx context.Context, tx sqlx.ExecerContext, table, id string) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))`, table+" "+id)
	return err
}

type memberRow struct {
	ProjectID string    `db:"project_id"`
	UserID    string    `db:"user_id"`
	CreatedAt time.Time `db:"created_at"`
}

func (r memberRow) member() (hook.Member, error) {
	return hook.Member{ProjectID: r.ProjectID, UserID: r.UserID, CreatedAt: r.CreatedAt.UTC()}, nil
}

// PutMember makes a user a member of a project and says whether that is new.
func (s *directoryStore) PutMember(ctx context.Context, projectID, userID string) (bool, error) {
	var added bool
	err := s.inTx(ctx, "put member", func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "projects", projectID); err != nil {
			return err
		}
		if err := shareParent(ctx, tx, "users", userID); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO members (project_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, projectID, userID)
		if isState(err, foreignKeyViolation) {
			return hook.Errorf(hook.CodeNotFound, "there is no project %q or no user %q", projectID, userID)
		}
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if added = n == 1; err != nil || !added {
			return err
		}
		return audit(ctx, tx, change{action: hook.MemberAdded, objectID: memberID(projectID, userID), after: shownMember(projectID, userID)})
	})
	return added, err
}

// DeleteMember ends a membership. From then on no event of the project
// reaches the user's webhooks, and deliveries to them that wait and carry data
// of it are cancelled.
func (s *directoryStore) DeleteMember(ctx context.Context, projectID, userID string) error {
	return s.inTx(ctx, "delete member", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM members WHERE project_id = $1 AND user_id = $2`, projectID, userID)
		if err := affected("member", userID, res, err); err != nil {
			return err
		}
		gone := change{action: hook.MemberRemoved, objectID: memberID(projectID, userID), before: shownMember(projectID, userID)}
		if err := audit(ctx, tx, gone); err != nil {
			return err
		}
		return withdraw(ctx, tx, withdrawMember, projectID, userID)
	})
}

// Members lists the members of a project, newest first.
func (s *directoryStore) Members(ctx context.Context, projectID string, page hook.Page) ([]hook.Member, error) {
	if _, err := s.Project(ctx, projectID); err != nil {
		return nil, err
	}
	var l list
	l.where("project_id = ?", projectID)
	tail := l.newest(sortKey{time: "created_at", id: "user_id"}, page)
	return rows(ctx, s.DB, `SELECT project_id, user_id, created_at FROM members`+tail, l.args, memberRow.member)
}

func newestProjects(ctx context.Context, l *list, page hook.Page) string {
	return l.newestSeen(ctx, "projects p", sortKey{time: "p.created_at", id: "p.id"}, page, share{"members m", "m.user_id", "p.id = m.project_id"})
}

// newestCompanies: a user sees those of the projects that the user is a member of.
func newestCompanies(ctx context.Context, l *list, page hook.Page) string {
	const of = `(SELECT DISTINCT p.company_id, m.user_id FROM members m JOIN projects p ON p.id = m.project_id) x`
	return l.newestSeen(ctx, "companies c", sortKey{time: "c.created_at", id: "c.id"}, page, share{of, "x.user_id", "c.id = x.company_id"})
}
