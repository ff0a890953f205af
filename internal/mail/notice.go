package mail

import (
	"time"

	"godwit/internal/hook"
)

// Kind is what a notice is about.
type Kind string

// The kinds of notices.
const (
	// Deactivated: deliveries failed until the webhook was switched off.
	Deactivated Kind = "deactivated"
	// Recovered: a probe passed, and the webhook was switched on again.
	Recovered Kind = "recovered"
	// GaveUp: the time for probes is over; the webhook stays off.
	GaveUp Kind = "gave_up"
	// Gone: the receiver answered 410, so the webhook was switched off.
	Gone Kind = "gone"
)

// Notice is one message to the owner of a webhook. A part that is zero is left
// out of the message, but for ID, Kind and To.
type Notice struct {
	// ID becomes the Message-ID: a notice that is sent again must have the same.
	ID   string
	Kind Kind
	// To is the owner's address alone, such as una@example.com.
	To, ToName string
	// Language is that of the owner, one of hook.Languages; any other is English.
	Language string

	WebhookID, WebhookName string
	// Host is the host of the webhook's URL. Anything that looks like more of a
	// URL is not shown.
	Host string
	// Reason is why the last attempt failed.
	Reason hook.Reason
	// Since is when the webhook was switched off, also in a Recovered.
	Since time.Time
	// Held is how many events are kept for the webhook; in a Recovered, how many
	// are being delivered now.
	Held int
	// NextProbe is when Godwit tests a Deactivated one's receiver again; zero =
	// it does not.
	NextProbe time.Time
	// Until is when it gives up.
	Until time.Time
}
