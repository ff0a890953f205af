package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
)

// ChooseLocale changes the language of what is written to a user, and of the web app.
func (s *Store) ChooseLocale(ctx context.Context, id, locale string) error {
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
