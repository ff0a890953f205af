package store

import (
	"cmp"
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
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
func (s *directoryStore) PutUser(ctx context.Context, u hook.User) (hook.User, bool, error) {
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
func (s *directoryStore) User(ctx context.Context, id string) (hook.User, error) {
	var r userRow
	err := sqlx.GetContext(ctx, s.on(ctx), &r, userByID, id)
	if err != nil {
		return hook.User{}, found("user", id, err)
	}
	return r.user(), nil
}

// Users lists users, newest first; with a text those whose name or address has it,
// or whose id begins with it.
func (s *directoryStore) Users(ctx context.Context, text string, page hook.Page) ([]hook.User, error) {
	if text != "" {
		q := directorySearch(userColumns, "users u", way{rest: lookedFor("u", text, "u.email")})
		return searched(ctx, s.DB, q, page, plain(userRow.user))
	}
	var l list
	tail := l.newest(sortKey{time: "created_at", id: "id"}, page)
	return rows(ctx, s.DB, `SELECT `+userColumns+` FROM users`+tail, l.args, plain(userRow.user))
}

// DeleteUser removes a user, the memberships and the webhooks of that user.
// Deliveries of these webhooks that wait are cancelled.
func (s *directoryStore) DeleteUser(ctx context.Context, id string) error {
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

// ChooseLocale changes the language of what is written to a user, and of the web app.
func (s *directoryStore) ChooseLocale(ctx context.Context, id, locale string) error {
	return s.inTx(ctx, "choose a language", func(tx *sqlx.Tx) error {
		var old userRow
		if err := tx.GetContext(ctx, &old, userByID+` FOR NO KEY UPDATE`, id); err != nil {
			return found("user", id, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET locale = $2, locale_chosen = true, updated_at = now() WHERE id = $1`, id, locale); err != nil {
			return err
		}
		after := old.user()
		after.Locale = locale
		return audit(ctx, tx, change{hook.UserUpdated, id, shownUser(old.user()), shownUser(after)})
	})
}
