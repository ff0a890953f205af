package directory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/subscription"
)

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
	err := s.InTx(ctx, "put user", func(tx *sqlx.Tx) error {
		var old userRow
		if err := tx.GetContext(ctx, &old, userByID+` FOR NO KEY UPDATE`, u.ID); core.UnlessNone(err) != nil {
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
		done := access.Change{Action: hook.UserUpdated, ObjectID: u.ID, Before: access.ShownUser(old.user()), After: access.ShownUser(u)}
		return access.Audit(ctx, tx, done.Created(p.Created, hook.UserCreated))
	})
	u.CreatedAt, u.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return u, p.Created, err
}

// User reads one user.
func (s *Store) User(ctx context.Context, id string) (hook.User, error) {
	var r userRow
	err := sqlx.GetContext(ctx, s.On(ctx), &r, userByID, id)
	if err != nil {
		return hook.User{}, core.Found("user", id, err)
	}
	return r.user(), nil
}

// Users lists users, newest first; with a text those whose name or address has it,
// or whose id begins with it.
func (s *Store) Users(ctx context.Context, text string, page hook.Page) ([]hook.User, error) {
	if text != "" {
		q := subscription.DirectorySearch(userColumns, "users u", core.Way{Rest: subscription.LookedFor("u", text, "u.email")})
		return core.Searched(ctx, s.DB, q, page, core.Plain(userRow.user))
	}
	var l core.List
	tail := l.Newest(core.SortKey{Time: "created_at", ID: "id"}, page)
	return core.Rows(ctx, s.DB, `SELECT `+userColumns+` FROM users`+tail, l.Args, core.Plain(userRow.user))
}

// DeleteUser removes a user, the memberships and the webhooks of that user.
// Deliveries of these webhooks that wait are cancelled.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.InTx(ctx, "delete user", func(tx *sqlx.Tx) error {
		if err := lockParent(ctx, tx, "users", id); err != nil {
			return err
		}
		webhooks, live, err := webhooksOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.deleteWebhooks(ctx, tx, live); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, subscription.ForgetUsage, id); err != nil {
			return err
		}
		var old userRow
		err = tx.GetContext(ctx, &old, `DELETE FROM users WHERE id = $1 RETURNING name, email, locale`, id)
		if err != nil {
			return core.Found("user", id, err)
		}
		before := access.ShownUser(old.user())
		before["webhooks"] = append([]string{}, webhooks...) // an erasure later has to know them
		return access.Audit(ctx, tx, access.Change{Action: hook.UserDeleted, ObjectID: id, Before: before})
	})
}

// ChooseLocale changes the language of what is written to a user, and of the web app.
func (s *Store) ChooseLocale(ctx context.Context, id, locale string) error {
	return s.InTx(ctx, "choose a language", func(tx *sqlx.Tx) error {
		var old userRow
		if err := tx.GetContext(ctx, &old, userByID+` FOR NO KEY UPDATE`, id); err != nil {
			return core.Found("user", id, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET locale = $2, locale_chosen = true, updated_at = now() WHERE id = $1`, id, locale); err != nil {
			return err
		}
		after := old.user()
		after.Locale = locale
		return access.Audit(ctx, tx, access.Change{Action: hook.UserUpdated, ObjectID: id, Before: access.ShownUser(old.user()), After: access.ShownUser(after)})
	})
}

// ActorNames gives the names of these actors, in their order: an administrator gets that of
// each who is a user, a user its own and those of members of the projects. Others are "".
func (s *Store) ActorNames(ctx context.Context, of []hook.ActorIn) ([]string, error) {
	actors, projects := make([]string, len(of)), make([]string, len(of))
	for i, a := range of {
		actors[i], projects[i] = a.ActorID, a.ProjectID
	}
	names := make([]string, len(of))
	if !slices.ContainsFunc(actors, func(id string) bool { return id != "" }) {
		return names, nil
	}
	reader := hook.PrincipalOf(ctx)
	var found []struct {
		At   int    `db:"at"`
		Name string `db:"name"`
	}
	err := sqlx.SelectContext(ctx, s.On(ctx), &found, `
		SELECT a.at, u.name FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a(id, project_id, at) JOIN users u ON u.id = a.id
		WHERE $3 OR u.id = $4 OR EXISTS (SELECT FROM members m WHERE m.user_id = a.id AND m.project_id = a.project_id OFFSET 0)`,
		pq.Array(actors), pq.Array(projects), reader.Role == hook.RoleAdmin, reader.UserID)
	for _, f := range found {
		names[f.At-1] = f.Name
	}
	return names, core.Classify("read the names of actors", err)
}
