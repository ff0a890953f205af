package api

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

type userForm struct {
	Name   string   `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	Email  string   `json:"email" format:"email" maxLength:"254" doc:"Where messages about the user's webhooks go"`
	Locale *string  `json:"locale,omitempty" nullable:"true" enum:"en,de,pl" doc:"Language of what is written to the user, such as mail and chat messages; left out = it stays as it is, and is en for a new user"`
	_      struct{} `additionalProperties:"false"`
}

func (f userForm) check() []hook.Field {
	bad := hook.CheckName("/name", f.Name)
	if !plausibleEmail(f.Email) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "email"}, Pointer: "/email", Detail: "must be an e-mail address such as ada@example.com, of at most 254 characters"})
	}
	if f.Locale != nil {
		bad = append(bad, checkLocale(*f.Locale)...)
	}
	return bad
}

func checkLocale(locale string) []hook.Field {
	if slices.Contains(hook.Languages, locale) {
		return nil
	}
	return []hook.Field{{Code: hook.FieldChoice, Params: hook.Params{"expected": strings.Join(hook.Languages, ", ")}, Pointer: "/locale", Detail: "must be en, de or pl"}}
}

// plausibleEmail refuses what no mail server would take; whether the address
// exists only a mail can tell.
func plausibleEmail(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && address.Address == s && len(s) <= 254 && !strings.ContainsAny(s, "\x00\r\n")
}

// User is a user as lists show it.
type User struct {
	ID        string    `json:"id" doc:"Id that the caller chose"`
	Name      string    `json:"name" minLength:"1" maxLength:"200" doc:"Name for people"`
	Email     string    `json:"email" format:"email" maxLength:"254" doc:"Where messages about the user's webhooks go"`
	Locale    string    `json:"locale" enum:"en,de,pl" doc:"Language of what is written to the user"`
	CreatedAt time.Time `json:"created_at" doc:"When it was created"`
	UpdatedAt time.Time `json:"updated_at" doc:"When it was changed last"`
}

// userDetail is a user that is shown by itself.
type userDetail struct {
	User
	Quotas []view.Quota `json:"quotas" nullable:"false" maxItems:"10" doc:"What the user may have, and has"`
}

func viewUser(u hook.User) User {
	return User{ID: u.ID, Name: u.Name, Email: u.Email, Locale: u.Locale, CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC()}
}

func (s *server) putUser(ctx context.Context, in *putInput) (*putReply[User], error) {
	form, err := decode[userForm](in.raw)
	if err := besides(newID("id", in.ID), err); err != nil {
		return nil, err
	}
	u, created, err := s.Store.PutUser(ctx, hook.User{ID: in.ID, Name: form.Name, Email: form.Email, Locale: orElse(form.Locale, "")})
	if err != nil {
		return nil, err
	}
	return put(viewUser(u), created), nil
}

func (s *server) user(ctx context.Context, in *ByID) (*reply[userDetail], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	u, err := s.Store.User(ctx, in.ID)
	if err != nil {
		return nil, s.notThere(ctx, in.ID, err)
	}
	quotas, err := s.userQuotas(ctx, u.ID)
	return &reply[userDetail]{Body: userDetail{viewUser(u), quotas}}, err
}

type usersInput struct {
	PageQuery
	Text string `query:"q" maxLength:"200" doc:"Only users whose name or address holds this text in any case, or whose id begins with it"`
}

func (s *server) users(ctx context.Context, in *usersInput) (*listReply[User], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	text, err := TextQuery{in.Text}.text()
	if err != nil {
		return nil, err
	}
	page.Stopped = new(hook.Cursor)
	rows, err := s.Store.Users(ctx, text, page)
	if err != nil {
		return nil, err
	}
	return pageOf(rows, in.PageQuery, viewUser, hook.User.Cursor).from(page), nil
}
