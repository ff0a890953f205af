package api

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
)

type enableForm struct {
	Drain *bool    `json:"drain,omitempty" nullable:"true" default:"true" doc:"Whether what was held is delivered now; false leaves it held"`
	_     struct{} `additionalProperties:"false"`
}

func (enableForm) check() []hook.Field { return nil }

// maxNote bounds what a person may say about a change, in characters.
const maxNote = 200

type disableForm struct {
	Reason string   `json:"reason,omitempty" maxLength:"200" doc:"Why, in words; it is shown with the webhook's transitions. Of a webhook that was switched off by a person already it replaces what was said then"`
	_      struct{} `additionalProperties:"false"`
}

func (f disableForm) check() []hook.Field {
	if utf8.RuneCountInString(f.Reason) > maxNote || strings.ContainsFunc(f.Reason, unicode.IsControl) {
		return []hook.Field{{Code: hook.FieldTooLong, Params: hook.Params{"max": maxNote}, Pointer: "/reason", Detail: fmt.Sprintf("must be one line of at most %d characters", maxNote)}}
	}
	return nil
}

// switchInput is a webhook, and a body that may be left out.
type switchInput struct {
	ByID
	Payload
}

func decodeOptional[T checked](raw []byte) (T, error) { return decode[T](orEmpty(raw)) }

// orEmpty is a body that may be left out.
func orEmpty(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

// enable probes a webhook and switches it on when the probe passes.
func (s *server) enable(ctx context.Context, in *switchInput) (*webhookReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decodeOptional[enableForm](in.raw)
	if err != nil {
		return nil, err
	}
	w, err := s.Store.Webhook(ctx, in.ID)
	if err == nil {
		err = w.NotListener()
	}
	if err != nil {
		return nil, err
	}
	if err := s.alive(ctx, w); err != nil {
		return nil, err
	}
	drain := form.Drain == nil || *form.Drain
	cause := hook.Cause{What: hook.OwnerEnabled, Actor: hook.PrincipalOf(ctx).Actor(), Release: drain, URL: w.URL}
	_, after, err := s.Store.Happen(ctx, in.ID, cause)
	switch {
	case err != nil:
		return nil, err
	case !after.Enabled:
		return nil, changedWhileProbed()
	}
	s.wake(ctx, hook.DueQueues)
	return s.webhookOf(ctx, in.ID)
}

// alive probes a webhook; the error shows a probe that the receiver did not
// answer.
func (s *server) alive(ctx context.Context, w hook.Webhook) error {
	began := time.Now()
	probe, err := s.Probe(ctx, w)
	if err != nil || hook.ProbeOf(probe) == hook.ProbePassed {
		return err
	}
	shown := view.OfAttempt(hook.Attempt{Number: 1, StartedAt: began, Result: probe})
	p := access.NewProblem(string(hook.CodeConflict), "The receiver did not answer a probe, so nothing was changed. "+
		"Look at attempt, repair the receiver so that it answers with anything but a 5xx or 410, and send the request again.")
	p.Attempt = &shown
	return p
}

func changedWhileProbed() error {
	return hook.Errorf(hook.CodeConflict, "The webhook was changed while its receiver was probed; send the request again.")
}

// rehearse makes a change of this version (0 = any) without keeping it, so that one that
// is not acceptable is refused before the webhook is locked. One that switches the webhook
// on is probed as it is then: there is one way to switch a webhook on. It gives the version
// that was probed, or the one it was given.
func (s *server) rehearse(ctx context.Context, id string, version int64, edit func(*hook.Webhook) error) (int64, error) {
	w, err := s.Store.Webhook(ctx, id)
	if err != nil || version > 0 && version != w.Version {
		return version, err // the update says that it is another version
	}
	enabled := w.Enabled
	if err := edit(&w); err != nil || enabled || !w.Enabled {
		return version, err
	}
	return w.Version, s.alive(ctx, w)
}

// disable switches a webhook off by its owner's wish.
func (s *server) disable(ctx context.Context, in *switchInput) (*webhookReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, err := decodeOptional[disableForm](in.raw)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.Store.Happen(ctx, in.ID, hook.Cause{What: hook.OwnerDisabled, Actor: hook.PrincipalOf(ctx).Actor(), Note: form.Reason}); err != nil {
		return nil, err
	}
	return s.webhookOf(ctx, in.ID)
}
