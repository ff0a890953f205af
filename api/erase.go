package api

import (
	"context"
	"time"

	"godwit/internal/hook"
)

func (s *server) expungeEvent(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.ExpungeEvent)
}

type deleteUserInput struct {
	ByID
	Erase bool `query:"erase" doc:"true: also expunge all that is personal, see docs/retention.md"`
}

func (s *server) deleteUser(ctx context.Context, in *deleteUserInput) (*struct{}, error) {
	if in.Erase {
		return remove(ctx, &in.ByID, s.Store.EraseUser)
	}
	return remove(ctx, &in.ByID, s.Store.DeleteUser)
}

// notThere says of a user who is not there whether it was erased.
func (s *server) notThere(ctx context.Context, userID string, err error) error {
	if hook.CodeOf(err) != hook.CodeNotFound {
		return err
	}
	at, failed := s.Store.ErasedAt(ctx, userID)
	switch {
	case failed != nil:
		return failed
	case at.IsZero():
		return err
	}
	return hook.Errorf(hook.CodeNotFound, "the user %q was erased at %s", userID, at.UTC().Format(time.RFC3339))
}
