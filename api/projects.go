package api

import (
	"context"
	"time"

	"godwit/internal/hook"
)

type projectForm struct {
	CompanyID string   `json:"company_id" doc:"The company that the project belongs to; it must exist"`
	Name      string   `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	_         struct{} `additionalProperties:"false"`
}

func (f projectForm) check() []hook.Field {
	bad := hook.CheckName("/name", f.Name)
	if !hook.ValidID(f.CompanyID) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "company_id"}, Pointer: "/company_id", Detail: "must be the id of a company"})
	}
	return bad
}

type project struct {
	ID        string         `json:"id" doc:"Id that the caller chose"`
	CompanyID string         `json:"company_id" doc:"The company that the project belongs to"`
	Company   projectCompany `json:"company" doc:"That company with its name"`
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	Members   *int           `json:"members,omitempty" minimum:"0" maximum:"10000" doc:"Its members; 10000 = so many or more. Only where an admin asks for it by include=counts"`
	CreatedAt time.Time      `json:"created_at" doc:"When it was created"`
	UpdatedAt time.Time      `json:"updated_at" doc:"When it was changed last"`
}

type projectCompany struct {
	ID   string `json:"id" doc:"The company's id"`
	Name string `json:"name" maxLength:"200" doc:"Its name for people"`
}

func viewProject(p hook.Project) project {
	return project{ID: p.ID, CompanyID: p.CompanyID, Company: projectCompany{p.CompanyID, p.CompanyName}, Name: p.Name, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC()}
}

func (s *server) putProject(ctx context.Context, in *putInput) (*putReply[project], error) {
	form, bad, err := decodeForm[projectForm](in.raw)
	if err == nil {
		err = withUnknown(append(bad, form.check()...), func() error { return s.noCompany(ctx, form.CompanyID) })
	}
	if err := besides(newID("id", in.ID), err); err != nil {
		return nil, err
	}
	p, created, err := s.Store.PutProject(ctx, hook.Project{ID: in.ID, CompanyID: form.CompanyID, Name: form.Name})
	if err != nil {
		return nil, err
	}
	return put(viewProject(p), created), nil
}

func (s *server) project(ctx context.Context, in *ByID) (*reply[project], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	p, err := s.Store.Project(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reply[project]{Body: viewProject(p)}, nil
}

func (s *server) deleteProject(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.DeleteProject)
}

type projectsInput struct {
	PageQuery
	CompanyID string `query:"company_id" doc:"Only projects of this company"`
	TextQuery
	CountsQuery
	IDs []string `query:"ids" maxItems:"200" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$" doc:"Only these projects, separated by commas, so that an id with a comma can't be asked for; those that do not exist, or that the key may not see, are left out"`
}

func (s *server) projects(ctx context.Context, in *projectsInput) (*listReply[project], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if err := badParameters(idFaults([2]string{"company_id", in.CompanyID})); err != nil {
		return nil, err
	}
	for _, id := range in.IDs {
		if !hook.ValidID(id) {
			return nil, badParameter(hook.Field{Pointer: "?ids", Code: hook.FieldForm, Params: hook.Params{"expected": "id"}, Detail: "must hold ids of projects, separated by commas"})
		}
	}
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	page.Stopped = new(hook.Cursor)
	rows, err := s.Store.Projects(ctx, hook.ProjectFilter{CompanyID: in.CompanyID, IDs: in.IDs, Text: text}, page)
	if err != nil {
		return nil, err
	}
	out := pageOf(rows, in.PageQuery, viewProject, hook.Project.Cursor).from(page)
	if in.counts(ctx) {
		err = s.addProjectCounts(ctx, out.Body.Data)
	}
	return out, err
}

// addProjectCounts puts into the rows of a page how many members the projects have.
func (s *server) addProjectCounts(ctx context.Context, page []project) error {
	counts, err := s.Store.ProjectCounts(ctx, idsOf(page, func(p project) string { return p.ID }))
	for i, p := range page {
		page[i].Members = new(counts[p.ID].Members)
	}
	return err
}

type userProjectsInput struct {
	ByID
	PageQuery
}

// userProjects lists what the user sees of the projects: those that the user is a
// member of.
func (s *server) userProjects(ctx context.Context, in *userProjectsInput) (*listReply[project], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if _, err := s.Store.User(ctx, in.ID); err != nil {
		return nil, err
	}
	user := hook.WithPrincipal(ctx, hook.Principal{Role: hook.RoleUser, UserID: in.ID})
	rows, err := s.Store.Projects(user, hook.ProjectFilter{}, page)
	if err != nil {
		return nil, err
	}
	return pageOf(rows, in.PageQuery, viewProject, hook.Project.Cursor), nil
}
