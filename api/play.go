package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
	"godwit/internal/id"
)

// playRoutes are for people who want to see what a webhook sends, and have no
// receiver yet.
func (s *server) playRoutes() []route {
	return []route{
		{http.MethodPost, "/v1/play", access.Users, creates, "make-play-address", "Make an address that shows what comes to it", access.Takes[playForm]().OrNone(), call(s.makePlayAddress)},
		{http.MethodGet, "/v1/play", access.Users, answers, "list-play-addresses", "The addresses of the play receiver", nil, call(s.playAddresses)},
		{http.MethodGet, "/v1/play/{id}/requests", access.Users, answers, "list-play-requests", "What came to an address, with the result of the signature check", nil, call(s.playRequests)},
		{http.MethodDelete, "/v1/play/{id}", access.Users, removes, "delete-play-address", "Delete an address with what came to it", nil, call(s.deletePlayAddress)},
	}
}

type playForm struct {
	OwnerID string   `json:"owner_id,omitempty" doc:"The user who sees what comes, and whose webhooks the signatures are checked with; with the key of a user it may be left out. Without one only admins see it, and the webhooks of everybody count"`
	_       struct{} `additionalProperties:"false"`
}

func (f playForm) check() []hook.Field {
	if f.OwnerID != "" && !hook.ValidID(f.OwnerID) {
		return []hook.Field{{Pointer: "/owner_id", Code: hook.FieldForm, Params: hook.Params{"expected": "id"}, Detail: hook.IDForm}}
	}
	return nil
}

type playInput struct {
	Payload
	Called
}

// Resolve finds the address and reads the body.
func (in *playInput) Resolve(ctx huma.Context) []error {
	in.Called.Resolve(ctx)
	return in.Payload.Resolve(ctx)
}

type playAddress struct {
	ID        string    `json:"id" pattern:"^play_[0-9a-v]{26}$" doc:"Its id, which can't be guessed"`
	URL       string    `json:"url" format:"uri" doc:"Where to send: no key is needed. Its query says what is answered: status, delay, failure_rate, retry_after, body"`
	OwnerID   *string   `json:"owner_id" doc:"The user who sees what comes; null = only admins do"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it goes unless something comes; each request puts that off by 7 days"`
	Received  int64     `json:"received" minimum:"0" doc:"How many requests came since it was made, kept or not"`
}

func viewPlayAddress(a hook.PlayAddress, base string) playAddress {
	return playAddress{ID: a.ID, URL: base + hook.PlayPath + a.ID, OwnerID: view.Optional(a.OwnerID), CreatedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt, Received: a.Received}
}

// playOff is CodeNotFound where there is no play receiver.
func (s *server) playOff() error {
	if s.Play {
		return nil
	}
	return hook.Errorf(hook.CodeNotFound, "There is no play receiver here. It is on in development, and wherever GODWIT_PLAY is true.")
}

type playReply struct {
	Location string `header:"Location" doc:"Path of what came to it"`
	Body     playAddress
}

func (s *server) makePlayAddress(ctx context.Context, in *playInput) (*playReply, error) {
	if err := s.playOff(); err != nil {
		return nil, err
	}
	form, bad, err := decodeForm[playForm](orEmpty(in.raw))
	if err != nil {
		return nil, err
	}
	ownerID, foreign := owner(ctx, form.OwnerID)
	if err := withUnknown(slices.Concat(bad, form.check(), foreign), func() error { return s.noUser(ctx, "/owner_id", ownerID) }); err != nil {
		return nil, err
	}
	base, err := s.linkBase(in.Called)
	if err != nil {
		return nil, err
	}
	a, err := s.Store.MakePlayAddress(ctx, hook.PlayAddress{ID: id.New(id.Play), OwnerID: ownerID})
	if err != nil {
		return nil, err
	}
	return &playReply{Location: "/v1/play/" + a.ID + "/requests", Body: viewPlayAddress(a, base)}, nil
}

type playAddressesInput struct {
	Called
	OwnerID string `query:"owner_id" doc:"Only those of the user with this id; a user's key always lists the user's own"`
}

// playAddresses lists them without pages: a user has few.
func (s *server) playAddresses(ctx context.Context, in *playAddressesInput) (*listReply[playAddress], error) {
	if err := s.playOff(); err != nil {
		return nil, err
	}
	if err := badParameters(idFaults([2]string{"owner_id", in.OwnerID})); err != nil {
		return nil, err
	}
	base, err := s.linkBase(in.Called)
	if err != nil {
		return nil, err
	}
	ownerID := in.OwnerID
	if p := hook.PrincipalOf(ctx); p.Role == hook.RoleUser {
		if ownerID != "" && ownerID != p.UserID {
			return &listReply[playAddress]{Body: list[playAddress]{Data: []playAddress{}}}, nil
		}
		ownerID = p.UserID
	}
	found, err := s.Store.PlayAddresses(ctx, ownerID)
	if err != nil {
		return nil, err
	}
	out := &listReply[playAddress]{Body: list[playAddress]{Data: []playAddress{}}}
	for _, a := range found {
		out.Body.Data = append(out.Body.Data, viewPlayAddress(a, base))
	}
	return out, nil
}

func (s *server) deletePlayAddress(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.DeletePlayAddress)
}

type playRequest struct {
	ID         string            `json:"id" pattern:"^preq_[0-9a-v]{26}$" doc:"Its id"`
	ReceivedAt time.Time         `json:"received_at" doc:"When it came"`
	Method     string            `json:"method" maxLength:"20" doc:"The HTTP method"`
	Query      string            `json:"query" doc:"What followed ? in the address, as it was sent"`
	Headers    map[string]string `json:"headers" doc:"By name, as they came; values of one name are joined by a comma"`
	view.Text
	Size       int       `json:"size" minimum:"0" doc:"How many bytes the whole body has; the first 64 KiB are kept"`
	StatusCode int       `json:"status_code" minimum:"200" maximum:"599" doc:"What was answered"`
	EventID    *string   `json:"event_id" doc:"What webhook-id said; null = nothing that can be an id"`
	WebhookID  *string   `json:"webhook_id" doc:"The webhook whose secrets the signature was checked with; null = no webhook leads here"`
	Check      playCheck `json:"check" doc:"The result of the signature check, by the secrets that signed when the request came"`
}

type playCheck struct {
	Code   string `json:"code" enum:"ok,no_webhook,secret_missing,secret_form,secret_is_signature,secret_private,signature_missing,id_missing,timestamp_missing,timestamp_form,timestamp_unit,signature_form,body_changed,headers_changed,other_scheme,mismatch,timestamp_old,timestamp_in_the_future" doc:"ok = the signature fits; else the part that is wrong, as a constant"`
	Detail string `json:"detail" doc:"The same in words"`
	Remedy string `json:"remedy,omitempty" doc:"What to do"`
}

func viewPlayRequest(r hook.PlayRequest) playRequest {
	return playRequest{
		ID: r.ID, ReceivedAt: r.ReceivedAt, Method: r.Method, Query: r.Query, Headers: view.JoinHeaders(r.Headers), Text: view.TextOf(r.Body, r.Size > len(r.Body)), Size: r.Size,
		StatusCode: r.StatusCode, EventID: view.Optional(r.EventID), WebhookID: view.Optional(r.WebhookID), Check: playCheck(r.Finding),
	}
}

type playRequestsInput struct {
	ByID
	PageQuery
}

func (s *server) playRequests(ctx context.Context, in *playRequestsInput) (*listReply[playRequest], error) {
	if err := s.playOff(); err != nil {
		return nil, err
	}
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	found, err := s.Store.PlayRequests(ctx, in.ID, page)
	if err != nil {
		return nil, err
	}
	return pageOf(found, in.PageQuery, viewPlayRequest, func(r hook.PlayRequest) hook.Cursor { return hook.Cursor{Time: r.ReceivedAt, ID: r.ID} }), nil
}
