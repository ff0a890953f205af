package hook

import "slices"

// Reason is the closed set of causes behind a failed attempt or a delivery
// that is failed, held or cancelled. The values are metric labels and part of
// the API.
type Reason string

// Causes of a failed attempt.
const (
	ReasonDNS                 Reason = "dns"
	ReasonConnectRefused      Reason = "connect_refused"
	ReasonConnectTimeout      Reason = "connect_timeout"
	ReasonConnect             Reason = "connect" // unreachable network or host
	ReasonTLSExpired          Reason = "tls_expired"
	ReasonTLSUnknownAuthority Reason = "tls_unknown_authority"
	ReasonTLSHostname         Reason = "tls_hostname"
	ReasonTLS                 Reason = "tls" // any other failed handshake
	ReasonTimeoutHeaders      Reason = "timeout_headers"
	ReasonTimeoutBody         Reason = "timeout_body"
	ReasonReset               Reason = "reset"
	ReasonProtocol            Reason = "protocol" // the answer is not HTTP, or 101
	ReasonRedirect            Reason = "redirect"
	ReasonBlockedAddress      Reason = "blocked_address"
	ReasonStatus4xx           Reason = "status_4xx"
	ReasonStatus5xx           Reason = "status_5xx"
	ReasonStatus429           Reason = "status_429"
	ReasonStatusOther         Reason = "status_other" // outside 100..599
	ReasonGone                Reason = "gone"         // 410
	ReasonWorkerLost          Reason = "worker_lost"
	ReasonInternal            Reason = "internal" // Godwit's own fault, e.g. a secret that can't be decrypted
)

// Causes of a delivery's status that no attempt brought about.
const (
	ReasonExhausted        Reason = "exhausted"          // failed: five attempts used
	ReasonWebhookDisabled  Reason = "webhook_disabled"   // held
	ReasonWebhookDeleted   Reason = "webhook_deleted"    // cancelled
	ReasonProjectDeleted   Reason = "project_deleted"    // cancelled
	ReasonMembershipLost   Reason = "membership_lost"    // cancelled: the owner may no longer see the project
	ReasonCancelledByOwner Reason = "cancelled_by_owner" // cancelled: someone did not want it any more
	ReasonPayloadExpunged  Reason = "payload_expunged"   // cancelled: the event's payload was removed
	ReasonExpired          Reason = "expired"            // cancelled: it waited longer than its webhook's max_age
)

// Reasons lists every Reason.
var Reasons = []Reason{
	ReasonDNS, ReasonConnectRefused, ReasonConnectTimeout, ReasonConnect, ReasonTLSExpired,
	ReasonTLSUnknownAuthority, ReasonTLSHostname, ReasonTLS, ReasonTimeoutHeaders, ReasonTimeoutBody, ReasonReset,
	ReasonProtocol, ReasonRedirect, ReasonBlockedAddress, ReasonStatus4xx, ReasonStatus5xx, ReasonStatus429,
	ReasonStatusOther, ReasonGone, ReasonWorkerLost, ReasonInternal, ReasonExhausted, ReasonWebhookDisabled,
	ReasonWebhookDeleted, ReasonProjectDeleted, ReasonMembershipLost, ReasonCancelledByOwner, ReasonPayloadExpunged,
	ReasonExpired,
}

// Unreachable says whether an attempt failed before anything was heard of the
// receiver that only it can say: a way that is broken looks the same.
func (r Reason) Unreachable() bool {
	switch r {
	case ReasonDNS, ReasonConnectRefused, ReasonConnectTimeout, ReasonConnect, ReasonTLS, ReasonTimeoutHeaders, ReasonReset:
		return true
	}
	return false
}

// OfAttempt says whether an attempt can fail for this reason.
func (r Reason) OfAttempt() bool {
	return r != ReasonExhausted && slices.Contains(ReasonsOf(Failed), r)
}

// ReasonsOf lists the reasons that a delivery in this status may have; none for
// a status that has no reason. A reason tells the status: lists and counts look
// for deliveries by it.
func ReasonsOf(status DeliveryStatus) []Reason {
	held := []Reason{ReasonWebhookDisabled}
	cancelled := []Reason{ReasonWebhookDeleted, ReasonProjectDeleted, ReasonMembershipLost, ReasonCancelledByOwner, ReasonPayloadExpunged, ReasonExpired}
	switch status {
	case Held:
		return held
	case Cancelled:
		return cancelled
	case Failed: // whatever else: none may be missed
		return slices.DeleteFunc(slices.Clone(Reasons), func(r Reason) bool { return slices.Contains(held, r) || slices.Contains(cancelled, r) })
	}
	return nil
}
