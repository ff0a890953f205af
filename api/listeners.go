package api

import (
	"context"
	"fmt"
	"time"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// listenerForm is what may be said of a listener.
type listenerForm struct {
	OwnerID        string            `json:"owner_id,omitempty" doc:"The user who owns it; with the key of a user it may be left out"`
	Name           string            `json:"name" pattern:"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" maxLength:"63" doc:"Tells the owner's listeners apart, such as the name of a machine: 1 to 63 characters out of a-z, 0-9 and -"`
	Rules          []ruleForm        `json:"rules" minItems:"1" maxItems:"50" nullable:"false" doc:"What it gets, as of a webhook"`
	PayloadFormat  string            `json:"payload_format,omitempty" enum:"standard,blue,cloudevents,slack,discord,teams" default:"standard" doc:"The shape of the body that is delivered"`
	Headers        map[string]string `json:"headers,omitempty" maxProperties:"32" doc:"Additional request headers, as of a webhook"`
	TimeoutSeconds *int              `json:"timeout_seconds,omitempty" nullable:"true" minimum:"1" maximum:"30" default:"30" doc:"How long an answer is waited for, in seconds"`
	Retries        bool              `json:"retries,omitempty" doc:"true: failed attempts are repeated by the schedule; else each delivery makes one attempt"`
	KeepSeconds    *int              `json:"keep_seconds,omitempty" nullable:"true" minimum:"0" maximum:"86400" default:"60" doc:"How long it stays after its stream has ended, in seconds; what matches is held that long"`
	TakeOver       bool              `json:"take_over,omitempty" doc:"true: it is taken over where something listens under the name already; that stream ends when the next one begins"`
	AsIs           bool              `json:"as_is,omitempty" doc:"true: a listener of the name that is there is answered with its secret, whoever listens, and nothing of it is changed"`
	_              struct{}          `additionalProperties:"false"`
}

// webhook is the form of the listener's webhook.
func (f listenerForm) webhook() webhookForm {
	timeout := orElse(f.TimeoutSeconds, int(hook.ListenerTimeout/time.Second))
	return webhookForm{
		OwnerID: f.OwnerID, Name: "Listener " + f.Name, URL: hook.ListenerURL(f.Name), Rules: f.Rules, PayloadFormat: f.PayloadFormat,
		Headers: f.Headers, TimeoutSeconds: &timeout,
	}
}

func (f listenerForm) check() []hook.Field {
	var bad []hook.Field
	if !hook.ValidListenerName(f.Name) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "name"}, Pointer: "/name", Detail: "must be 1 to 63 characters out of a-z, 0-9 and -, and begin and end with a letter or digit"})
	}
	bad = append(bad, f.webhook().check()...)
	if most := int(hook.MaxKeep / time.Second); f.KeepSeconds != nil && (*f.KeepSeconds < 0 || *f.KeepSeconds > most) {
		bad = append(bad, hook.Field{Code: hook.FieldRange, Params: hook.Params{"min": 0, "max": most}, Pointer: "/keep_seconds", Detail: fmt.Sprintf("must be 0 to %d seconds", most)})
	}
	return bad
}

// Listener is a listener as answers show it.
type Listener struct {
	ID          string `json:"id" pattern:"^wh_[0-9a-v]{26}$" doc:"The id of its webhook"`
	OwnerID     string `json:"owner_id" doc:"The user who owns it"`
	Name        string `json:"name" maxLength:"63" doc:"Tells the owner's listeners apart"`
	KeepSeconds int    `json:"keep_seconds" minimum:"0" maximum:"86400" doc:"How long it stays after its stream has ended, in seconds"`
	Listening   bool   `json:"listening" doc:"Whether a stream has it now"`
	Paused      bool   `json:"paused" doc:"Whether its stream wants nothing now, so that what matches is held"`
}

func viewListener(l hook.Listener) Listener {
	return Listener{ID: l.WebhookID, OwnerID: l.OwnerID, Name: l.Name, KeepSeconds: int(l.Keep / time.Second), Listening: l.Listening, Paused: l.Paused}
}

// newListener is a listener with its secret.
type newListener struct {
	Listener
	Secret string `json:"secret" pattern:"^whsec_[A-Za-z0-9+/]+=*$" doc:"What requests are signed with. It is the same each time for the same owner and name"`
}

type listenerReply struct {
	Location string `header:"Location" doc:"Path of its webhook"`
	Body     newListener
}

func (s *server) openListener(ctx context.Context, in *Payload) (*listenerReply, error) {
	form, bad, err := decodeForm[listenerForm](in.raw)
	if err != nil {
		return nil, err
	}
	var foreign []hook.Field
	form.OwnerID, foreign = owner(ctx, form.OwnerID)
	conditions, err := s.checkConditions(ctx, form.webhook().rules())
	if err != nil {
		return nil, err
	}
	bad = append(append(append(bad, foreign...), form.check()...), conditions...)
	bad = append(bad, s.checkHeaders(form.Headers)...)
	if err := withUnknown(bad, func() error { return s.unknownRules(ctx, form.OwnerID, form.webhook().rules(), nil) }); err != nil {
		return nil, err
	}
	w := hook.Webhook{ID: id.New(id.Webhook), Listener: form.Name, Secret: s.NewSecret(hook.HMACSHA256), Status: hook.Healthy}
	form.webhook().apply(&w)
	w = w.Switched(false) // until there is a stream
	l := hook.Listener{OwnerID: form.OwnerID, Name: form.Name, Retries: form.Retries, Keep: time.Duration(orElse(form.KeepSeconds, int(hook.DefaultKeep/time.Second))) * time.Second}
	l, w, err = s.Store.OpenListener(ctx, l, w, hook.Opening{TakeOver: form.TakeOver, AsIs: form.AsIs})
	if err != nil {
		return nil, err
	}
	return &listenerReply{Location: "/v1/webhooks/" + w.ID, Body: newListener{viewListener(l), w.Secret}}, nil
}

type listenersInput struct {
	OwnerID string `query:"owner_id" doc:"Only those of the user with this id; a user's key always lists the user's own"`
}

// listeners lists them without pages: a user has few.
func (s *server) listeners(ctx context.Context, in *listenersInput) (*listReply[Listener], error) {
	if err := badParameters(idFaults([2]string{"owner_id", in.OwnerID})); err != nil {
		return nil, err
	}
	ownerID := in.OwnerID
	if p := hook.PrincipalOf(ctx); p.Role == hook.RoleUser {
		if ownerID != "" && ownerID != p.UserID {
			return &listReply[Listener]{Body: list[Listener]{Data: []Listener{}}}, nil
		}
		ownerID = p.UserID
	}
	found, err := s.Store.Listeners(ctx, ownerID)
	if err != nil {
		return nil, err
	}
	out := &listReply[Listener]{Body: list[Listener]{Data: []Listener{}}}
	for _, l := range found {
		out.Body.Data = append(out.Body.Data, viewListener(l))
	}
	return out, nil
}

func (s *server) deleteListener(ctx context.Context, in *ByID) (*struct{}, error) {
	return remove(ctx, in, s.Store.DeleteListener)
}
