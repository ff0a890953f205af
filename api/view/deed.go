package view

import (
	"time"

	"godwit/internal/hook"
)

// Deed is what someone did, and when.
type Deed struct {
	At    time.Time `json:"at" doc:"When"`
	Actor *string   `json:"actor" maxLength:"128" doc:"The person behind it: a user's id, admin, or a key's id; null = Godwit itself, or it is not known any more"`
}

// OfDeed shows a deed; nil = none.
func OfDeed(d *hook.Deed) *Deed {
	if d == nil {
		return nil
	}
	return &Deed{At: d.At.UTC(), Actor: Optional(d.Actor)}
}

// Deleted is what is left of a webhook that was deleted.
type Deleted struct {
	Name string `json:"name" doc:"Its name for people"`
	Deed
}

// OfDeleted shows a webhook that was deleted; nil = none.
func OfDeleted(w *hook.DeletedWebhook) *Deleted {
	if w == nil {
		return nil
	}
	return &Deleted{Name: w.Name, Deed: *OfDeed(&w.Deed)}
}
