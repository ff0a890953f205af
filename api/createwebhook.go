package api

import (
	"cmp"
	"context"
	"slices"

	"godwit/internal/hook"
	"godwit/internal/id"
)

type newWebhookReply struct {
	ETag     string `header:"ETag" doc:"Names this version of the webhook, for If-Match"`
	Location string `header:"Location" doc:"Path of the webhook"`
	Body     webhookDetail
}

func (s *server) createWebhook(ctx context.Context, in *Payload) (*newWebhookReply, error) {
	form, err := s.newForm(ctx, in.raw)
	if err != nil {
		return nil, err
	}
	w, err := s.addWebhook(ctx, form, "")
	if err != nil {
		return nil, err
	}
	return &newWebhookReply{ETag: etag(w), Location: "/v1/webhooks/" + w.ID, Body: withSecret(w)}, nil
}

// newForm reads a body that holds all of a webhook.
func (s *server) newForm(ctx context.Context, raw []byte) (webhookForm, error) {
	form, bad, err := decodeForm[webhookForm](raw)
	if err != nil {
		return form, err
	}
	var foreign []hook.Field
	form.OwnerID, foreign = owner(ctx, form.OwnerID)
	url, badURL := s.checkURL(form.URL)
	badRules, err := s.checkConditions(ctx, form.rules())
	if err != nil {
		return form, err
	}
	bad = slices.Concat(bad, foreign, form.check(), badRules, badURL, s.checkHeaders(form.Headers), s.checkIdentity(form))
	form.URL = url
	return form, withUnknown(bad, func() error { return s.unknownRules(ctx, form.OwnerID, form.rules(), nil) })
}

// addWebhook stores a new webhook, under a key of its caller or none.
func (s *server) addWebhook(ctx context.Context, form webhookForm, key string) (hook.Webhook, error) {
	w := hook.Webhook{ID: id.New(id.Webhook), Key: key, Secret: cmp.Or(form.Secret, s.NewSecret(form.signature())), Status: hook.Healthy, Enabled: true}
	form.apply(&w)
	w, err := s.Store.CreateWebhook(ctx, w)
	if err == nil {
		s.tellUser(ctx, w.OwnerID, hook.QuotaWebhooks, hook.QuotaRules)
	}
	return w, err
}

// withSecret shows a webhook that was just stored. Nothing may fail any more: no
// other answer shows the secret.
func withSecret(w hook.Webhook) webhookDetail {
	body := viewDetail(w)
	body.Secret = shownSecret(w)
	return body
}
