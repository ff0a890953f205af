package directory

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/store/access"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

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
	err := s.InTx(ctx, "put member", func(tx *sqlx.Tx) error {
		if err := shareParent(ctx, tx, "projects", projectID); err != nil {
			return err
		}
		if err := shareParent(ctx, tx, "users", userID); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO members (project_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, projectID, userID)
		if core.IsState(err, core.ForeignKeyViolation) {
			return hook.Errorf(hook.CodeNotFound, "there is no project %q or no user %q", projectID, userID)
		}
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if added = n == 1; err != nil || !added {
			return err
		}
		return access.Audit(ctx, tx, access.Change{Action: hook.MemberAdded, ObjectID: access.MemberID(projectID, userID), After: access.ShownMember(projectID, userID)})
	})
	return added, err
}

// DeleteMember ends a membership. From then on no event of the project
// reaches the user's webhooks, and deliveries to them that wait and carry data
// of it are cancelled.
func (s *Store) DeleteMember(ctx context.Context, projectID, userID string) error {
	return s.InTx(ctx, "delete member", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM members WHERE project_id = $1 AND user_id = $2`, projectID, userID)
		if err := core.Affected("member", userID, res, err); err != nil {
			return err
		}
		gone := access.Change{Action: hook.MemberRemoved, ObjectID: access.MemberID(projectID, userID), Before: access.ShownMember(projectID, userID)}
		if err := access.Audit(ctx, tx, gone); err != nil {
			return err
		}
		return ledger.Withdraw(ctx, tx, s.Tally.TakenOut, ledger.WithdrawMember, projectID, userID)
	})
}

// Members lists the members of a project, newest first.
func (s *Store) Members(ctx context.Context, projectID string, page hook.Page) ([]hook.Member, error) {
	if _, err := s.Project(ctx, projectID); err != nil {
		return nil, err
	}
	var l core.List
	l.Where("project_id = ?", projectID)
	tail := l.Newest(core.SortKey{Time: "created_at", ID: "user_id"}, page)
	return core.Rows(ctx, s.DB, `SELECT project_id, user_id, created_at FROM members`+tail, l.Args, memberRow.member)
}
