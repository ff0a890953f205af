package api

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/api/access"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

func (s *server) webhook(ctx context.Context, in *ByID) (*webhookReply, error) {
	out, err := s.webhookOf(ctx, in.ID)
	if err != nil {
		return nil, s.wasDeleted(ctx, in.ID, err)
	}
	row := []Webhook{out.Body.Webhook}
	err = s.addStats(ctx, row)
	out.Body.Stats = row[0].Stats
	return out, err
}

type patchWebhookInput struct {
	ByID
	IfMatch string `header:"If-Match" doc:"The ETag of the version that the change was made for; * or none = any"`
	Payload
}

func (s *server) patchWebhook(ctx context.Context, in *patchWebhookInput) (*webhookReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	patch, bad, err := s.checkPatch(ctx, in.raw)
	if err != nil {
		return nil, err
	}
	var newSecret bool
	var before hook.Webhook
	edit := func(w *hook.Webhook) error {
		if err := w.NotListener(); err != nil {
			return err
		}
		before = *w
		err := s.patch(w, patch, bad)
		newSecret = w.Secret != before.Secret
		return err
	}
	w, err := s.update(ctx, in.ID, version, edit)
	if wrong, other := fieldsOf422(err); other == nil && len(wrong) > 0 {
		rules := patchedRules(patch)
		err = withUnknown(wrong, func() error { return s.unknownRules(ctx, before.OwnerID, rules, before.Rules) })
	}
	switch {
	case err != nil:
		return nil, s.whoChanged(ctx, in.ID, err)
	case newSecret:
		return s.replySecret(ctx, w), nil
	}
	return s.replyWebhook(ctx, w)
}

// update changes a webhook. Where the edit switches it on, it is probed first.
func (s *server) update(ctx context.Context, id string, version int64, edit func(*hook.Webhook) error) (hook.Webhook, error) {
	expected, err := s.rehearse(ctx, id, version, edit)
	if err != nil {
		return hook.Webhook{}, err
	}
	w, err := s.Store.UpdateWebhook(ctx, id, expected, edit)
	if version == 0 && hook.CodeOf(err) == hook.CodeStale {
		return w, changedWhileProbed()
	}
	return w, err
}

// patch applies a merge patch to w, or says why the result is not acceptable;
// bad is what is known to be wrong with the patch itself.
func (s *server) patch(w *hook.Webhook, patch []byte, bad []hook.Field) error {
	var before bytes.Buffer
	if err := access.WriteJSON(&before, formOf(*w)); err != nil {
		return err
	}
	form, wrong, err := decodeForm[webhookForm](mergePatch(before.Bytes(), patch))
	if err != nil {
		return err
	}
	for name, value := range form.Headers {
		if old, ok := w.Headers[name]; ok && value == hidden {
			form.Headers[name] = old
		}
	}
	if form.ClientKey == hidden && w.ClientKey != "" {
		form.ClientKey = w.ClientKey
	}
	bad = slices.Concat(bad, wrong, form.check(), s.checkHeaders(form.Headers), s.checkIdentity(form))
	if form.OwnerID != w.OwnerID {
		bad = append(bad, hook.Field{Code: hook.FieldFixed, Pointer: "/owner_id", Detail: "can't be changed; leave it out"})
	}
	if err := invalid(bad); err != nil {
		return err
	}
	form.apply(w)
	if hook.SignatureOf(w.Secret) == form.signature() {
		return nil
	}
	return w.Rotate(s.NewSecret(form.signature()), hook.DefaultOverlap, s.Now())
}

// checkPatch finds what is wrong with a patch whatever it is applied to:
// unknown fields (a null would remove one before anyone sees it), and a bad
// URL or filter, which may take a look-up or long and so must not hold a row's
// lock. It gives the patch with the URL as it is kept.
func (s *server) checkPatch(ctx context.Context, raw []byte) ([]byte, []hook.Field, error) {
	if err := strict.Check(raw); err != nil {
		return nil, nil, err
	}
	if !strict.IsObject(raw) {
		return nil, nil, hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Detail: "The body must be a JSON object with the fields to change."}.Invalid()
	}
	d := newDecoder()
	known := d.known(raw, fieldsOf(reflect.TypeFor[webhookForm]())) // the others need not be merged while the webhook is locked
	bad := d.bad.Fields()
	for i, m := range known {
		if m.name == "secret" {
			bad = append(bad, hook.Field{Code: hook.FieldFixed, Pointer: "/secret", Detail: "can't be patched; POST /v1/webhooks/{id}/rotate-secret takes a new one"})
		}
		if raw, ok := strict.Text(m.value); ok && m.name == "url" {
			kept, problem := s.checkURL(raw)
			bad = append(bad, problem...)
			known[i].value, _ = jsontext.AppendQuote(nil, kept) // strict JSON has valid text only
		}
		if m.name == "rules" {
			faults, err := s.checkConditions(ctx, rulesIn(m.value))
			if err != nil {
				return nil, nil, err
			}
			bad = append(bad, faults...)
		}
	}
	return object(known), bad, nil
}

// versionOf reads If-Match; 0 stands for any version. What is no strong tag of
// ours can't match anything (RFC 9110, 13.1.1).
func versionOf(ifMatch string) (int64, error) {
	tag := strings.TrimSpace(ifMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || version < 1 || strconv.Quote(strconv.FormatInt(version, 10)) != tag {
		return 0, hook.Errorf(hook.CodeStale, "If-Match holds no ETag of this webhook.")
	}
	return version, nil
}

// MatchQuery says which version a request is for.
type MatchQuery struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the version that it is meant for; * or none = any"`
}

type deleteWebhookInput struct {
	ByID
	MatchQuery
}

func (s *server) deleteWebhook(ctx context.Context, in *deleteWebhookInput) (*struct{}, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return remove(ctx, &in.ByID, func(ctx context.Context, id string) error {
		return s.whoChanged(ctx, id, s.Store.DeleteVersion(ctx, id, version))
	})
}
