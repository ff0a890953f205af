package hook

import "time"

// NoticeKind is what a mail to a webhook's owner is about.
type NoticeKind string

// The kinds of notices.
const (
	// NoticeDeactivated: deliveries failed until the webhook was switched off.
	NoticeDeactivated NoticeKind = "deactivated"
	// NoticeGone: its receiver answered 410, so it was switched off.
	NoticeGone NoticeKind = "gone"
	// NoticeRecovered: a probe of the recovery passed, and it was switched on.
	NoticeRecovered NoticeKind = "recovered"
	// NoticeGaveUp: the recovery's time is over; it stays off.
	NoticeGaveUp NoticeKind = "gave_up"
)

// NoticeKinds lists every kind.
var NoticeKinds = []NoticeKind{NoticeDeactivated, NoticeGone, NoticeRecovered, NoticeGaveUp}

// NoticeOf says what the owner has to be told of one step of a webhook's
// health; "" = nothing, as of all that a person did.
func NoticeOf(before, after Health, what Happened) NoticeKind {
	because := before.DisabledReason != after.DisabledReason
	switch {
	case because && after.DisabledReason == DisabledByHealth:
		return NoticeDeactivated
	case because && after.DisabledReason == DisabledAsGone:
		return NoticeGone
	case what == Recovered && !before.Enabled && after.Enabled:
		return NoticeRecovered
	case what == GaveUp && after.DisabledReason == DisabledByHealth:
		return NoticeGaveUp
	}
	return ""
}

// NoticeClaim is a notice that a worker has taken on to send it, with what is
// so at this moment.
type NoticeClaim struct {
	ID   string
	Kind NoticeKind
	// Tries counts this one too.
	Tries int
	// Outdated: the webhook no longer stands as the notice says.
	Outdated bool

	WebhookID   string
	WebhookName string
	// Host is that of the webhook's URL.
	Host string
	// To is the owner's address.
	To, ToName string
	// Language is the owner's: one of Languages.
	Language string
	Reason   Reason
	// Since is when the webhook was switched off last.
	Since time.Time
	// Held counts the deliveries that are held or still on their way.
	Held int
	// NextProbe and Until are zero where no recovery is under way.
	NextProbe time.Time
	Until     time.Time
}

// NoticeEnd is the outcome of a NoticeClaim.
type NoticeEnd struct {
	ID   string
	Sent bool
	// Problem is why it was not sent; empty where Sent.
	Problem string
	// Again is when it is tried again; zero = never.
	Again time.Duration
}
