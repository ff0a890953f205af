package api

import (
	"context"
	"time"

	"godwit/api/view"
	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
)

type apiKeyForm struct {
	Name      string   `json:"name" minLength:"1" maxLength:"200" doc:"Name for people: what uses the key"`
	Role      string   `json:"role" enum:"admin,publisher,user" doc:"What the key may do: admin everything, publisher only publish events, user what belongs to one user"`
	UserID    string   `json:"user_id,omitempty" minLength:"1" maxLength:"128" doc:"The user whom a key of the role user is bound to; other roles have none. With a user's key it is that user and is left out"`
	ExpiresAt string   `json:"expires_at,omitempty" format:"date-time" doc:"When the key ends to be valid; never when left out. The key that a user makes is valid for a year at most, and for that when left out"`
	_         struct{} `additionalProperties:"false"`
}

func (f apiKeyForm) check() []hook.Field {
	bad := hook.CheckName("/name", f.Name)
	switch hook.Role(f.Role) {
	case hook.RoleAdmin, hook.RolePublisher:
		if f.UserID != "" {
			bad = append(bad, hook.Field{Code: hook.FieldNotAllowed, Pointer: "/user_id", Detail: "must be left out: only a key of the role user is bound to a user"})
		}
	case hook.RoleUser:
		if !hook.ValidID(f.UserID) {
			bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "user_id"}, Pointer: "/user_id", Detail: "must be the id of the user whom the key is bound to"})
		}
	default:
		bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "admin, publisher, user"}, Pointer: "/role", Detail: "must be admin, publisher or user"})
	}
	end, ok := optionalInstant(f.ExpiresAt)
	switch {
	case !ok:
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "time"}, Pointer: "/expires_at", Detail: hook.TimeFormat})
	case f.ExpiresAt != "" && !end.After(time.Now()):
		bad = append(bad, hook.Field{Code: hook.FieldTime, Params: hook.Params{"expected": "future"}, Pointer: "/expires_at", Detail: "must be in the future; leave it out for a key that never expires"})
	}
	return bad
}

// APIKey is a key without the key itself.
type APIKey struct {
	ID         string     `json:"id" pattern:"^key_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	Name       string     `json:"name" minLength:"1" maxLength:"200" doc:"Name for people: what uses the key"`
	Role       hook.Role  `json:"role" enum:"admin,publisher,user" doc:"What the key may do"`
	UserID     *string    `json:"user_id" doc:"The user whom the key is bound to; null unless the role is user"`
	Prefix     string     `json:"prefix" pattern:"^gw_[a-z2-7]{8}$" doc:"How the key begins, to recognise it by"`
	ExpiresAt  *time.Time `json:"expires_at" doc:"From then on the key is refused; null = it does not expire"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"When the key was used last, up to a minute late; null = never"`
	CreatedAt  time.Time  `json:"created_at" doc:"When it was created"`
}

func viewAPIKey(k hook.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, Role: k.Role, UserID: view.Optional(k.UserID), Prefix: k.Prefix,
		ExpiresAt: view.OptionalTime(k.ExpiresAt), LastUsedAt: view.OptionalTime(k.LastUsedAt), CreatedAt: k.CreatedAt.UTC()}
}

// newAPIKey is a key in the one answer that holds it.
type newAPIKey struct {
	APIKey
	Key string `json:"key" pattern:"^gw_[a-z2-7]{8}_[a-z2-7]{39}$" doc:"The key itself; shown here and never again"`
}

type newAPIKeyReply struct {
	Location string `header:"Location" doc:"Path of what was made"`
	Body     newAPIKey
}

func (s *server) createAPIKey(ctx context.Context, in *Payload) (*newAPIKeyReply, error) {
	form, bad, err := decodeForm[apiKeyForm](in.raw)
	if err == nil {
		bad = append(bad, s.ofUser(ctx, &form)...)
		err = withUnknown(append(bad, form.check()...), func() error { return s.noUser(ctx, "/user_id", form.UserID) })
	}
	if err != nil {
		return nil, err
	}
	key := apikey.New()
	k := hook.APIKey{ID: id.New(id.Key), Name: form.Name, Role: hook.Role(form.Role), UserID: form.UserID, Prefix: apikey.Prefix(key)}
	k.ExpiresAt, _ = optionalInstant(form.ExpiresAt) // check has read it
	if k, err = s.Store.CreateAPIKey(ctx, k, apikey.Hash(key)); err != nil {
		return nil, err
	}
	return &newAPIKeyReply{Location: "/v1/api-keys/" + k.ID, Body: newAPIKey{APIKey: viewAPIKey(k), Key: key}}, nil
}

// ofUser completes what a user sends, who makes keys of the role user for itself, each
// with an end.
func (s *server) ofUser(ctx context.Context, f *apiKeyForm) (bad []hook.Field) {
	p := hook.PrincipalOf(ctx)
	if p.Role != hook.RoleUser {
		return nil
	}
	if f.UserID != "" && f.UserID != p.UserID {
		bad = append(bad, hook.Field{Code: hook.FieldNotAllowed, Pointer: "/user_id", Detail: "must be the user of the key; leave it out"})
	}
	switch hook.Role(f.Role) {
	case hook.RoleUser:
		f.UserID = p.UserID
	case hook.RoleAdmin, hook.RolePublisher:
		f.UserID = ""
		bad = append(bad, hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "user"}, Pointer: "/role", Detail: "must be user: a user's key makes no others"})
	}
	last := s.Now().Add(hook.MaxUserKeyAge)
	if f.ExpiresAt == "" {
		f.ExpiresAt = last.UTC().Format(time.RFC3339)
	} else if end, ok := optionalInstant(f.ExpiresAt); ok && end.After(last) {
		bad = append(bad, hook.Field{Code: hook.FieldTime, Params: hook.Params{"expected": "within_a_year"}, Pointer: "/expires_at", Detail: "must be within a year"})
	}
	return bad
}

func (s *server) apiKey(ctx context.Context, in *ByID) (*reply[APIKey], error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	k, err := s.Store.APIKey(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reply[APIKey]{Body: viewAPIKey(k)}, nil
}

func (s *server) apiKeys(ctx context.Context, in *PageQuery) (*listReply[APIKey], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.APIKeys(ctx, page)
	if err != nil {
		return nil, err
	}
	key := func(k hook.APIKey) hook.Cursor { return hook.Cursor{Time: k.CreatedAt, ID: k.ID} }
	return pageOf(rows, *in, viewAPIKey, key), nil
}

// deleteAPIKey revokes a key, with effect from the next request on.
func (s *server) deleteAPIKey(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.DeleteAPIKey)
}
