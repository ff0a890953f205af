package hook

// unknown is for a reason that this build has no words for.
const unknown = "Something went wrong that Godwit has no words for."

// Words says in one or two sentences what a reason means, for people who don't
// program. It has words for every reason and never answers "".
func Words(r Reason) string {
	switch r {
	case ReasonExhausted:
		return "Every attempt to deliver the event failed."
	case ReasonWebhookDisabled:
		return "The webhook is switched off."
	case ReasonWebhookDeleted:
		return "The webhook was deleted."
	case ReasonProjectDeleted:
		return "The project was deleted."
	case ReasonMembershipLost:
		return "The webhook's owner is no longer a member of the project."
	case ReasonCancelledByOwner:
		return "Somebody cancelled it."
	case ReasonPayloadExpunged:
		return "The data of the event was removed for good, so there is nothing to send."
	case ReasonExpired:
		return "It waited longer than the webhook allows."
	case ReasonWorkerLost:
		return "Godwit itself was interrupted while it was sending."
	case ReasonInternal:
		return "Godwit had a problem of its own. Please tell the people who run it."
	default:
		return wordsOfReceiver(r)
	}
}

// wordsOfReceiver is for what the receiver, or the way to it, brought about.
func wordsOfReceiver(r Reason) string {
	switch r {
	case ReasonDNS:
		return "The receiver's name was not found, or leads to a place that Godwit is not allowed to send to. It may be misspelt, or it may have expired."
	case ReasonConnectRefused:
		return "The receiver turned the connection away. The program that receives may not be running."
	case ReasonConnectTimeout:
		return "The receiver could not be reached in time. It may be down, or a firewall may be in the way."
	case ReasonConnect:
		return "The network has no way to the receiver."
	case ReasonTLSExpired:
		return "The receiver's security certificate has expired, or is not valid yet."
	case ReasonTLSUnknownAuthority:
		return "The receiver's security certificate comes from an issuer that Godwit does not trust, or the certificate in between is not sent along."
	case ReasonTLSHostname:
		return "The receiver's security certificate is for another name."
	case ReasonTLS:
		return "No secure connection to the receiver came about."
	case ReasonTimeoutHeaders:
		return "The receiver was reached but did not answer in time."
	case ReasonTimeoutBody:
		return "The receiver began to answer but did not finish in time."
	case ReasonReset:
		return "The receiver closed the connection without an answer."
	case ReasonProtocol:
		return "The receiver gave an answer that is not one of a web server."
	case ReasonRedirect:
		return "The receiver pointed to another address. The webhook must have the final address."
	case ReasonBlockedAddress:
		return "The receiver is at a place that Godwit is not allowed to send to."
	case ReasonStatus4xx:
		return "The receiver rejected what was sent. The webhook's address may be wrong, or the receiver may want other credentials."
	case ReasonStatus5xx:
		return "The receiver had an error of its own."
	case ReasonStatus429:
		return "The receiver said that it gets too much at once."
	case ReasonStatusOther:
		return "The receiver gave an answer without a known meaning."
	case ReasonGone:
		return "The receiver said that it is gone for good."
	default:
		return unknown
	}
}
