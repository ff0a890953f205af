package api

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	Reason string   `json:"reason,omitempty" maxLength:"200" doc:"Why, in words; it is shown with the webhook's transitions"`
	_      struct{} `additionalProperties:"false"`
}

func (f disableForm) check() []hook.Field {
	if utf8.RuneCountInString(f.Reason) > maxNote || strings.ContainsFunc(f.Reason, unicode.IsControl) {
		return []hook.Field{{Pointer: "/reason", Detail: fmt.Sprintf("must be one line of at most %d characters", maxNote)}}
	}
	return nil
}

// switchInput is a webhook, and a body that may be left out.
type switchInput struct {
	ByID
	Payload
}

func decodeOptional[T checked](raw []byte) (T, error) {
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	return decode[T](raw)
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
	w, err := s.Store.Webhooks.Webhook(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	probe, err := s.Probe(ctx, w)
	if err != nil {
		return nil, err
	}
	if probe.Outcome != hook.Success {
		return nil, probeFailed(began, probe)
	}
	drain := form.Drain == nil || *form.Drain
	if _, _, err := s.Store.Health.Happen(ctx, in.ID, hook.Cause{What: hook.OwnerEnabled, Actor: hook.PrincipalOf(ctx).Actor(), Release: drain}); err != nil {
		return nil, err
	}
	if s.Wake != nil {
		s.Wake()
	}
	return s.webhook(ctx, &in.ByID)
}

// probeFailed shows what the probe came to.
func probeFailed(began time.Time, probe hook.Result) *problem {
	shown := viewAttempt(hook.Attempt{Number: 1, StartedAt: began, Result: probe})
	p := newProblem(string(hook.CodeConflict), "The receiver did not take a probe, so nothing was changed; see attempt, mend the receiver, and try again.")
	p.Attempt = &shown
	return p
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
	if _, _, err := s.Store.Health.Happen(ctx, in.ID, hook.Cause{What: hook.OwnerDisabled, Actor: hook.PrincipalOf(ctx).Actor(), Note: form.Reason}); err != nil {
		return nil, err
	}
	return s.webhook(ctx, &in.ByID)
}

// recovery is the recovery of a webhook that health has deactivated.
type recovery struct {
	NextProbeAt *time.Time `json:"next_probe_at" doc:"null where it is not planned yet, or was given up"`
	Probes      int        `json:"probes" doc:"How many have failed"`
	Until       *time.Time `json:"until" doc:"When it is given up; null where it is not planned yet"`
	GaveUpAt    *time.Time `json:"gave_up_at" doc:"null while it goes on"`
}

func viewRecovery(r *hook.Recovery) *recovery {
	if r == nil {
		return nil
	}
	return &recovery{NextProbeAt: optionalTime(r.NextProbeAt), Probes: r.Probes, Until: optionalTime(r.Until), GaveUpAt: optionalTime(r.GaveUpAt)}
}
