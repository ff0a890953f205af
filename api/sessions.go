package api

import (
	"context"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

// Session is someone who is signed in to the web app.
type Session struct {
	ID        string    `json:"id" pattern:"^ses_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	Role      hook.Role `json:"role" enum:"admin,user" doc:"What it may do"`
	UserID    *string   `json:"user_id" doc:"The user whose webhooks it sees and manages; null for an admin, who sees all"`
	KeyID     *string   `json:"key_id" maxLength:"128" doc:"The API key that has signed in, bootstrap for that of GODWIT_ADMIN_KEY; null where a portal link has"`
	StartedAt time.Time `json:"started_at" doc:"When the person signed in"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it ends by itself"`
	Current   bool      `json:"current" doc:"Whether it is the one that asks"`
}

type sessionsInput struct {
	PageQuery
	UserID string `query:"user_id" doc:"Only those of the user with this id"`
}

func (s *server) sessions(ctx context.Context, in *sessionsInput) (*listReply[Session], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if err := badParameters(idFaults([2]string{"user_id", in.UserID})); err != nil {
		return nil, err
	}
	sessions, err := s.Store.Sessions(ctx, hook.SessionFilter{UserID: in.UserID, Bootstrap: s.AdminKeyHash}, page)
	if err != nil {
		return nil, err
	}
	own := hook.PrincipalOf(ctx).SessionID
	view := func(x hook.Session) Session {
		if s.door.IsBootstrap(x.KeyHash) {
			x.KeyID = hook.BootstrapKey
		}
		return Session{ID: x.ID, Role: x.Role, UserID: view.Optional(x.UserID), KeyID: view.Optional(x.KeyID), StartedAt: x.StartedAt, ExpiresAt: x.ExpiresAt, Current: x.ID == own}
	}
	return pageOf(sessions, in.PageQuery, view, func(x hook.Session) hook.Cursor { return hook.Cursor{Time: x.StartedAt, ID: x.ID} }), nil
}

func (s *server) endSession(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.EndSession)
}
