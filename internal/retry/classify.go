package retry

import "godwit/internal/hook"

// Classify says what a final status code means for its attempt. Only 200 to
// 299 is success, and then the reason is empty. Any int is accepted: Go's HTTP
// client lets codes such as 099 and 999 through.
func Classify(status int) (hook.Outcome, hook.Reason) {
	if status >= 200 && status <= 299 {
		return hook.Success, ""
	}
	return hook.Failure, failure(status)
}

func failure(status int) hook.Reason {
	switch {
	case status == 410:
		return hook.ReasonGone
	case status == 429:
		return hook.ReasonStatus429
	case status >= 100 && status <= 199:
		// An interim answer in the place of a final one; 101 leaves HTTP.
		return hook.ReasonProtocol
	case status >= 300 && status <= 399:
		return hook.ReasonRedirect
	case status >= 400 && status <= 499:
		return hook.ReasonStatus4xx
	case status >= 500 && status <= 599:
		return hook.ReasonStatus5xx
	default:
		return hook.ReasonStatusOther
	}
}
