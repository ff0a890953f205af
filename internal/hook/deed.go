package hook

import "time"

// Deed is what someone did: when, and who, as Principal.Actor has it. Actor is empty
// where it was Godwit itself, or the audit log does not say any more.
type Deed struct {
	At    time.Time
	Actor string
}

// DeletedWebhook is what is left of a webhook that was deleted.
type DeletedWebhook struct {
	Name string
	Deed
}

// DeliveryDeeds are what people did with a delivery; nil = nobody did that.
type DeliveryDeeds struct {
	// Made had the delivery sent again: made it in the place of another one, or
	// released it where it was held.
	Made *Deed
	// Replaced made NewID in the place of the delivery.
	Replaced *Deed
	NewID    string
	// Cancelled cancelled the delivery, by itself or with others.
	Cancelled *Deed
}

// ActorIn is who did something in a project: an id that its producer gave.
type ActorIn struct{ ActorID, ProjectID string }
