package hook

// Warning says of an acceptable value that it may not be what its author wants.
type Warning struct {
	Pointer string
	Code    WarningCode
	Params  Params
}

// WarningCode says as a constant what a warning is about.
type WarningCode string

// The warnings about a webhook.
const (
	// WarnEverything: a rule without a filter is about every event type, or reaches
	// every project of the owner: event_types, projects.
	WarnEverything WarningCode = "reaches_everything"
	// WarnSameURL: another webhook of the owner has the same URL: webhook_id.
	WarnSameURL WarningCode = "same_url"
	// WarnUnseen: no event of a type was published for UnseenDays: event_type, days.
	WarnUnseen WarningCode = "never_seen"
)

// WarningCodes lists every WarningCode.
var WarningCodes = []WarningCode{WarnEverything, WarnSameURL, WarnUnseen}

const (
	// UnseenDays is for how long there must have been no event of a type.
	UnseenDays = 30
	// MaxUnseen is how many types are looked for in one request.
	MaxUnseen = 20
)
