package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"godwit/internal/hook"
)

type rotateForm struct {
	OverlapSeconds *int     `json:"overlap_seconds,omitempty" nullable:"true" minimum:"0" maximum:"604800" default:"86400" doc:"For how many seconds the present secret signs on beside the new one; 0 ends it at once, and all earlier ones with it"`
	Secret         string   `json:"secret,omitempty" pattern:"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$" doc:"The new secret, of your choice: whsec_ and 24 to 64 bytes in base64 with padding. Godwit makes one when it is left out, and always for ed25519"`
	_              struct{} `additionalProperties:"false"`
}

func (f rotateForm) check() []hook.Field {
	most := int(hook.MaxOverlap / time.Second)
	if n := f.OverlapSeconds; n != nil && (*n < 0 || *n > most) {
		return []hook.Field{{Code: hook.FieldRange, Params: hook.Params{"min": 0, "max": most}, Pointer: "/overlap_seconds", Detail: fmt.Sprintf("must be 0 to %d seconds", most)}}
	}
	return nil
}

// checkSecret asks whether the chosen secret can be the next one of w.
func (f rotateForm) checkSecret(w hook.Webhook, signature hook.Signature) []hook.Field {
	if f.Secret != "" && slices.Contains(w.Secrets(time.Now()), f.Secret) {
		return []hook.Field{{Code: hook.FieldSecretInUse, Pointer: "/secret", Detail: "signs already; choose another one, or leave it out and Godwit makes one"}}
	}
	return checkSecret(f.Secret, signature)
}

func (f rotateForm) overlap() time.Duration {
	return time.Duration(orElse(f.OverlapSeconds, int(hook.DefaultOverlap/time.Second))) * time.Second
}

// rotateSecret gives a webhook a new secret of the kind that it has.
func (s *server) rotateSecret(ctx context.Context, in *switchInput) (*webhookReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, bad, err := decodeForm[rotateForm](orEmpty(in.raw))
	if err != nil {
		return nil, err
	}
	bad = append(bad, form.check()...)
	w, err := s.Store.RotateSecret(ctx, in.ID, func(w *hook.Webhook) error {
		if err := w.NotListener(); err != nil {
			return err
		}
		signature := hook.SignatureOf(w.Secret)
		if err := invalid(append(bad, form.checkSecret(*w, signature)...)); err != nil {
			return err
		}
		return w.Rotate(cmp.Or(form.Secret, s.NewSecret(signature)), form.overlap(), s.Now())
	})
	if err != nil {
		return nil, err
	}
	return s.replySecret(ctx, w), nil
}
