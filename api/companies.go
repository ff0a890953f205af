package api

import (
	"context"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type companyForm struct {
	Name   string      `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	Limits *limitsForm `json:"limits,omitempty" doc:"Limits in the place of the installation's, all of them: one that is not named is the installation's. Left out or null: they stay as they are"`
	_      struct{}    `additionalProperties:"false"`
}

func (f companyForm) check() []hook.Field {
	return append(hook.CheckName("/name", f.Name), f.Limits.check()...)
}

// Company is a company as lists show it.
type Company struct {
	ID        string         `json:"id" doc:"Id that the caller chose"`
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	Limits    *CompanyLimits `json:"limits,omitempty" doc:"Its own limits; left out for a user"`
	Counts    *companyCounts `json:"counts,omitempty" doc:"What it has; only where an admin asks for it by include=counts"`
	CreatedAt time.Time      `json:"created_at" doc:"When it was created"`
	UpdatedAt time.Time      `json:"updated_at" doc:"When it was changed last"`
}

// companyDetail is a company that is shown by itself.
type companyDetail struct {
	Company
	Quotas []view.Quota `json:"quotas" nullable:"false" maxItems:"10" doc:"What it may publish, and has published lately in the process that answers"`
}

func viewCompany(c hook.Company) Company {
	return Company{ID: c.ID, Name: c.Name, Limits: new(viewLimits(c.Limits)), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC()}
}

func (s *server) putCompany(ctx context.Context, in *putInput) (*putReply[Company], error) {
	form, err := decode[companyForm](in.raw)
	if err := besides(newID("id", in.ID), err); err != nil {
		return nil, err
	}
	company := hook.Company{ID: in.ID, Name: form.Name}
	if form.Limits != nil {
		company.Limits = form.Limits.own()
	}
	c, created, err := s.Store.PutCompany(ctx, company)
	if err != nil {
		return nil, err
	}
	if form.Limits != nil {
		s.rates.Forget()
	}
	return put(viewCompany(c), created), nil
}

func (s *server) company(ctx context.Context, in *ByID) (*reply[companyDetail], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	c, err := s.Store.Company(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reply[companyDetail]{Body: companyDetail{viewCompany(c), view.OfQuotas(s.rates.Quotas(ctx, c.ID))}}, nil
}

func (s *server) deleteCompany(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.DeleteCompany)
}

type companiesInput struct {
	PageQuery
	TextQuery
	CountsQuery
}

// CountsQuery asks for what the rows of a list have.
type CountsQuery struct {
	Include string `query:"include" enum:"counts" doc:"counts: each row also tells how many members there are; for admins only"`
}

// counts says whether they are asked for, by one who may see them.
func (q CountsQuery) counts(ctx context.Context) bool {
	return q.Include != "" && hook.PrincipalOf(ctx).Role == hook.RoleAdmin
}

type companyCounts struct {
	Projects int `json:"projects" minimum:"0" maximum:"10000" doc:"Its projects; 10000 = so many or more"`
	Members  int `json:"members" minimum:"0" maximum:"10000" doc:"People who are members of any of its projects, among its first 10000 memberships"`
}

// addCompanyCounts puts into the rows of a page what the companies have.
func (s *server) addCompanyCounts(ctx context.Context, page []Company) error {
	counts, err := s.Store.CompanyCounts(ctx, idsOf(page, func(c Company) string { return c.ID }))
	for i, c := range page {
		n := counts[c.ID]
		page[i].Counts = &companyCounts{n.Projects, n.Members}
	}
	return err
}

func idsOf[T any](rows []T, id func(T) string) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = id(row)
	}
	return out
}

func (s *server) companies(ctx context.Context, in *companiesInput) (*listReply[Company], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	page.Stopped = new(hook.Cursor)
	rows, err := s.Store.Companies(ctx, text, page)
	if err != nil {
		return nil, err
	}
	view := viewCompany
	if hook.PrincipalOf(ctx).Role == hook.RoleUser {
		view = func(c hook.Company) Company {
			out := viewCompany(c)
			out.Limits = nil // what the installation and the company agree on
			return out
		}
	}
	out := pageOf(rows, in.PageQuery, view, hook.Company.Cursor).from(page)
	if in.counts(ctx) {
		err = s.addCompanyCounts(ctx, out.Body.Data)
	}
	return out, err
}
