package api

import (
	"context"

	"godwit/internal/hook"
)

type listed struct{ *fake }

func (l listed) Companies(_ context.Context, _ string, p hook.Page) ([]hook.Company, error) {
	l.askedPage = p
	return cut(l.companies, p, companyID), l.err
}

func (l listed) Projects(ctx context.Context, f hook.ProjectFilter, p hook.Page) ([]hook.Project, error) {
	l.askedFilter, l.askedAs = f, hook.PrincipalOf(ctx)
	return cut(l.projects, p, projectID), l.err
}

func (l listed) Users(_ context.Context, _ string, p hook.Page) ([]hook.User, error) {
	return cut(l.users, p, userID), l.err
}

type belonging struct{ *fake }

func (m belonging) PutMember(_ context.Context, projectID, userID string) (bool, error) {
	return upsert(&m.members, hook.Member{ProjectID: projectID, UserID: userID, CreatedAt: now()}, memberID), m.err
}

func (m belonging) DeleteMember(_ context.Context, _, userID string) error {
	return drop(&m.members, userID, memberID)
}

func (m belonging) Members(_ context.Context, _ string, p hook.Page) ([]hook.Member, error) {
	return cut(m.members, p, memberID), m.err
}
