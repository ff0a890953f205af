package hook

import "time"

// FilterFailure is one filter that failed on one event, and so did not match it.
type FilterFailure struct {
	RuleID  int64
	EventID string
	// Kind is a word of a closed set: messages may quote the event.
	Kind string
	At   time.Time
}

// CountedFailures are the failures of one rule's filters: how many, and the last.
type CountedFailures struct {
	FilterFailure
	Count int64
}

// FilterFailures are those of a webhook's rules as they are now.
type FilterFailures struct {
	Count int64
	// Last is the last one, of the rule at position Rule; where Count is 0 neither is
	// set.
	Last FilterFailure
	Rule int
}
