package store

import (
	"cmp"
	"context"
	"encoding/json"
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
func (s *Store) PutCompany(ctx context.Context, c hook.Company) (hook.Company, bool, error) {
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
func (s *Store) Company(ctx context.Context, id string) (hook.Company, error) {
	var r companyRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, companyByID, id)
	if err != nil {
		return hook.Company{}, found("company", id, err)
	}
	return r.company()
}

// Companies lists companies that the request may see, newest first; with a text
// those whose name has it, or whose id begins with it.
func (s *Store) Companies(ctx context.Context, text string, page hook.Page) ([]hook.Company, error) {
	if _, bound := tenant(ctx); text != "" && !bound {
		return searched(ctx, s, directorySearch(companyColumns, "companies c", way{rest: lookedFor("c", text)}), page, companyRow.company)
	}
	var l list
	l.conditions = l.bind(lookedFor("c", text)) // a user has few
	tail := newestCompanies(ctx, &l, page)
	return rows(ctx, s, `SELECT `+companyColumns+` FROM companies c`+tail, l.args, companyRow.company)
}

// DeleteCompany removes a company with its projects and their members.
// Deliveries that wait and carry data of these projects are cancelled.
func (s *Store) DeleteCompany(ctx context.Context, id string) error {
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
func (s *Store) Project(ctx context.Context, id string) (hook.Project, error) {
	var r projectRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, projectByID, id)
	if err != nil {
		return hook.Project{}, found("project", id, err)
	}
	return r.project(), nil
}

// Projects lists projects that the request may see, newest first.
func (s *Store) Projects(ctx context.Context, f hook.ProjectFilter, page hook.Page) ([]hook.Project, error) {
	if _, bound := tenant(ctx); f.Text != "" && f.IDs == nil && !bound {
		w := way{served: equal("p.company_id", f.CompanyID), rest: lookedFor("p", f.Text)}
		return searched(ctx, s, directorySearch(projectColumns, "projects p", w), page, plain(projectRow.project))
	}
	var l list
	l.conditions = l.bind(lookedFor("p", f.Text)) // of few
	whereSet(&l, "p.company_id = ?", f.CompanyID)
	if f.IDs != nil {
		l.where("p.id = ANY(?)", pq.Array(f.IDs))
	}
	tail := newestProjects(ctx, &l, page)
	return rows(ctx, s, `SELECT `+projectColumns+` FROM projects p`+tail, l.args, plain(projectRow.project))
}

// DeleteProject removes a project and its members. Deliveries that wait and
// carry data of it are cancelled.
func (s *Store) DeleteProject(ctx context.Context, id string) error {
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

type userRow struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	Email     string    `db:"email"`
	Locale    string    `db:"locale"`
	Chosen    bool      `db:"locale_chosen"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

const userColumns = `id, name, email, locale, locale_chosen, created_at, updated_at`

const userByID = `SELECT ` + userColumns + ` FROM users WHERE id = $1`

func (r userRow) user() hook.User {
	return hook.User{ID: r.ID, Name: r.Name, Email: r.Email, Locale: r.Locale, LocaleChosen: r.Chosen, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

// PutUser creates or changes a user and says whether it is new. An empty locale
// leaves the user's as it is; English is that of a new one.
func (s *Store) PutUser(ctx context.Context, u hook.User) (hook.User, bool, error) {
	var p put
	err := s.inTx(ctx, "put user", func(tx *sqlx.Tx) error {
		var old userRow
		if err := tx.GetContext(ctx, &old, userByID+` FOR NO KEY UPDATE`, u.ID); unlessNone(err) != nil {
			return err
		}
		u.LocaleChosen = u.Locale != "" || old.Chosen
		u.Locale = cmp.Or(u.Locale, old.Locale, hook.English)
		err := tx.GetContext(ctx, &p, `
			INSERT INTO users (id, name, email, locale, locale_chosen) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, locale = excluded.locale,
				locale_chosen = excluded.locale_chosen, updated_at = now()`+putReturning,
			u.ID, u.Name, u.Email, u.Locale, u.LocaleChosen)
		if err != nil {
			return err
		}
		done := change{hook.UserUpdated, u.ID, shownUser(old.user()), shownUser(u)}
		return audit(ctx, tx, done.created(p.Created, hook.UserCreated))
	})
	u.CreatedAt, u.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return u, p.Created, err
}

// User reads one user.
func (s *Store) User(ctx context.Context, id string) (hook.User, error) {
	var r userRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, userByID, id)
	if err != nil {
		return hook.User{}, found("user", id, err)
	}
	return r.user(), nil
}

// Users lists users, newest first; with a text those whose name or address has it,
// or whose id begins with it.
func (s *Store) Users(ctx context.Context, text string, page hook.Page) ([]hook.User, error) {
	if text != "" {
		q := directorySearch(userColumns, "users u", way{rest: lookedFor("u", text, "u.email")})
		return searched(ctx, s, q, page, plain(userRow.user))
	}
	var l list
	tail := l.newest(sortKey{time: "created_at", id: "id"}, page)
	return rows(ctx, s, `SELECT `+userColumns+` FROM users`+tail, l.args, plain(userRow.user))
}

// DeleteUser removes a user, the memberships and the webhooks of that user.
// Deliveries of these webhooks that wait are cancelled.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.inTx(ctx, "delete user", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "users", id); err != nil {
			return err
		}
		webhooks, live, err := webhooksOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := deleteWebhooks(ctx, tx, live); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, forgetUsage, id); err != nil {
			return err
		}
		var old userRow
		err = tx.GetContext(ctx, &old, `DELETE FROM users WHERE id = $1 RETURNING name, email, locale`, id)
		if err != nil {
			return found("user", id, err)
		}
		before := shownUser(old.user())
		before["webhooks"] = append([]string{}, webhooks...) // an erasure later has to know them
		return audit(ctx, tx, change{action: hook.UserDeleted, objectID: id, before: before})
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
func (s *Store) PutMember(ctx context.Context, projectID, userID string) (bool, error) {
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
func (s *Store) DeleteMember(ctx context.Context, projectID, userID string) error {
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
func (s *Store) Members(ctx context.Context, projectID string, page hook.Page) ([]hook.Member, error) {
	if _, err := s.Project(ctx, projectID); err != nil {
		return nil, err
	}
	var l list
	l.where("project_id = ?", projectID)
	tail := l.newest(sortKey{time: "created_at", id: "user_id"}, page)
	return rows(ctx, s, `SELECT project_id, user_id, created_at FROM members`+tail, l.args, memberRow.member)
}
