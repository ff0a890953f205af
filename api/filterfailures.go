package api

import (
	"time"

	"godwit/internal/hook"
)

type lastFilterFailure struct {
	At      time.Time `json:"at" doc:"When the filter was asked"`
	EventID string    `json:"event_id" doc:"The event; explain gives the words of the failure"`
	Rule    int       `json:"rule" minimum:"0" maximum:"49" doc:"Position of the rule among the webhook's rules, from 0"`
	Kind    string    `json:"kind" enum:"missing_key,type,cost,other,budget" doc:"missing_key = the event has no such key or element; type = a value has another type, or is null; cost = the filter takes too many steps; budget = it was not asked, because the webhook's filters before it took too many; other = anything else, such as a division by zero"`
}

func viewFailures(f hook.FilterFailures) filterFailures {
	out := filterFailures{Count: f.Count}
	if f.Count > 0 {
		out.Last = &lastFilterFailure{At: f.Last.At.UTC(), EventID: f.Last.EventID, Rule: f.Rule, Kind: f.Last.Kind}
	}
	return out
}

type filterFailures struct {
	Count int64              `json:"count" doc:"How many, some seconds after they happened"`
	Last  *lastFilterFailure `json:"last" doc:"The last one; null = there was none"`
}
