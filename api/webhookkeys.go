package api

import (
	"cmp"
	"context"
	"errors"
	"reflect"

	"godwit/internal/hook"
)

// ByKey names a webhook by the key that its caller chose.
type ByKey struct {
	Key string `path:"key" doc:"A key of your choice; each of an owner's webhooks has another one. Characters that a path can't hold are escaped, the slash as %2F"`
}

type putWebhookInput struct {
	ByKey
	IfMatch string `header:"If-Match" doc:"The ETag of the version that the change was made for; * = the webhook must be there; none = any, or a new one"`
	Payload
}

// putWebhookReply has status 201 for a new webhook, 200 for one that was there.
type putWebhookReply struct {
	Status   int
	ETag     string `header:"ETag" doc:"Names this version of the webhook, for If-Match"`
	Location string `header:"Location" doc:"Path of the webhook"`
	Body     webhookDetail
}

func (w webhookReply) put() *putWebhookReply {
	return &putWebhookReply{Status: 200, ETag: w.ETag, Location: "/v1/webhooks/" + w.Body.ID, Body: w.Body}
}

// keyTries is how often a PUT looks for its webhook. A second look is necessary when
// another request creates or deletes the webhook after the first.
const keyTries = 3

// putWebhook creates the webhook with a key, or replaces all that can be set of it.
func (s *server) putWebhook(ctx context.Context, in *putWebhookInput) (*putWebhookReply, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	form, err := s.newForm(ctx, in.raw)
	if err := besides(newID("key", in.Key), err); err != nil {
		return nil, err
	}
	for range keyTries {
		var out *putWebhookReply
		out, err = s.putOnce(ctx, in, form, version)
		if !errors.Is(err, errOvertaken) {
			return out, err
		}
	}
	return nil, hook.Errorf(hook.CodeConflict, "The webhook was created or deleted several times during this request; send it again.")
}

// errOvertaken: another request created or deleted the webhook at the same time.
var errOvertaken = errors.New("overtaken")

func (s *server) putOnce(ctx context.Context, in *putWebhookInput, form webhookForm, version int64) (*putWebhookReply, error) {
	w, err := s.Store.WebhookByKey(ctx, form.OwnerID, in.Key)
	switch {
	case err == nil:
		out, err := s.replaceWebhook(ctx, w, form, version)
		if hook.CodeOf(err) == hook.CodeNotFound {
			err = errOvertaken
		}
		return out, err
	case hook.CodeOf(err) != hook.CodeNotFound:
		return nil, err
	case in.IfMatch != "":
		return nil, hook.Errorf(hook.CodeStale, "There is no webhook with this key; leave If-Match out to create it.")
	}
	w, err = s.addWebhook(ctx, form, in.Key)
	switch {
	case hook.CodeOf(err) == hook.CodeConflict:
		return nil, errOvertaken
	case err != nil:
		return nil, err
	}
	return &putWebhookReply{Status: 201, ETag: etag(w), Location: "/v1/webhooks/" + w.ID, Body: withSecret(w)}, nil
}

// errUnchanged ends the update of a webhook that is already as it should be, so
// that its version stays.
var errUnchanged = errors.New("unchanged")

// replaceWebhook makes a webhook what the form says. Without enabled and secret in
// the form both stay as they are.
func (s *server) replaceWebhook(ctx context.Context, w hook.Webhook, form webhookForm, version int64) (*putWebhookReply, error) {
	var newSecret bool
	edit := func(w *hook.Webhook) error {
		before := *w
		if err := s.replace(w, form); err != nil {
			return err
		}
		newSecret = w.Secret != before.Secret
		if sameWebhook(before, *w) {
			return errUnchanged
		}
		return nil
	}
	after, err := s.update(ctx, w.ID, version, edit)
	switch {
	case errors.Is(err, errUnchanged):
		after, err = s.Store.Webhook(ctx, w.ID)
	case err == nil && newSecret:
		return s.replySecret(ctx, after).put(), nil
	}
	if err != nil {
		return nil, err
	}
	reply, err := s.replyWebhook(ctx, after)
	if err != nil {
		return nil, err
	}
	return reply.put(), nil
}

func (s *server) replace(w *hook.Webhook, form webhookForm) error {
	if form.Enabled == nil {
		form.Enabled = &w.Enabled
	}
	form.apply(w)
	next := cmp.Or(form.Secret, w.Secret)
	if hook.SignatureOf(next) != form.signature() {
		next = s.NewSecret(form.signature())
	}
	if next == w.Secret {
		return nil
	}
	return w.Rotate(next, hook.DefaultOverlap, s.Now())
}

// sameWebhook compares by meaning what can be set of a webhook.
func sameWebhook(a, b hook.Webhook) bool {
	if hook.SameJSON(a.Metadata, b.Metadata) {
		a.Metadata = b.Metadata
	}
	if len(a.Headers) == 0 && len(b.Headers) == 0 {
		a.Headers = b.Headers
	}
	return reflect.DeepEqual(a, b)
}

// OwnedKey names a webhook by its owner and key.
type OwnedKey struct {
	ByKey
	OwnerID string `query:"owner_id" doc:"Whose webhook; required of an admin's key, the user of the key otherwise"`
}

// find gives the webhook that the request names by its key.
func (s *server) find(ctx context.Context, in *OwnedKey) (hook.Webhook, error) {
	ownerID, foreign := owner(ctx, in.OwnerID)
	switch {
	case foreign != nil || !hook.ValidID(in.Key):
		return hook.Webhook{}, pathID("")
	case !hook.ValidID(ownerID):
		return hook.Webhook{}, badParameter(hook.Field{Pointer: "?owner_id", Code: hook.FieldRequired,
			Detail: "is required of an admin's key, for each owner has other keys; give the id of the user who owns the webhook"})
	}
	return s.Store.WebhookByKey(ctx, ownerID, in.Key)
}

func (s *server) webhookByKey(ctx context.Context, in *OwnedKey) (*webhookReply, error) {
	w, err := s.find(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.replyWebhook(ctx, w)
}

type deleteByKeyInput struct {
	OwnedKey
	MatchQuery
}

func (s *server) deleteWebhookByKey(ctx context.Context, in *deleteByKeyInput) (*struct{}, error) {
	w, err := s.find(ctx, &in.OwnedKey)
	if err != nil {
		return nil, err
	}
	return s.deleteWebhook(ctx, &deleteWebhookInput{ByID{w.ID}, in.MatchQuery})
}
