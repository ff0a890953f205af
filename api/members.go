package api

import (
	"context"
	"time"

	"godwit/internal/hook"
)

type member struct {
	ProjectID string    `json:"project_id" doc:"The project"`
	UserID    string    `json:"user_id" doc:"The user who is its member"`
	CreatedAt time.Time `json:"created_at" doc:"Since when the user is a member"`
}

func viewMember(m hook.Member) member {
	return member{ProjectID: m.ProjectID, UserID: m.UserID, CreatedAt: m.CreatedAt.UTC()}
}

// membership is the answer to making a member; doing it again changes nothing.
type membership struct {
	ProjectID string `json:"project_id" doc:"The project"`
	UserID    string `json:"user_id" doc:"The user who is its member now"`
}

type memberInput struct {
	ByID
	UserID string `path:"user_id" doc:"Id of the user"`
}

func (in *memberInput) check() error {
	if err := pathID(in.ID); err != nil {
		return err
	}
	return pathID(in.UserID)
}

func (s *server) putMember(ctx context.Context, in *memberInput) (*putReply[membership], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	created, err := s.Store.PutMember(ctx, in.ID, in.UserID)
	if err != nil {
		return nil, err
	}
	return put(membership{ProjectID: in.ID, UserID: in.UserID}, created), nil
}

func (s *server) deleteMember(ctx context.Context, in *memberInput) (*struct{}, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	return nil, s.Store.DeleteMember(ctx, in.ID, in.UserID)
}

type membersInput struct {
	ByID
	PageQuery
}

func (s *server) members(ctx context.Context, in *membersInput) (*listReply[member], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Members(ctx, in.ID, page)
	if err != nil {
		return nil, err
	}
	key := func(m hook.Member) hook.Cursor { return hook.Cursor{Time: m.CreatedAt, ID: m.UserID} }
	return pageOf(rows, in.PageQuery, viewMember, key), nil
}
