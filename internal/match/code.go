package match

import (
	"strings"

	"godwit/internal/hook"
)

// Code says as a constant what a reason of a verdict says in words.
type Code string

// The codes of reasons.
const (
	CodeMatched      Code = "matched"
	CodeEventType    Code = "event_type"    // event_type
	CodeExcluded     Code = "not_events"    // event_type
	CodeProject      Code = "project"       // project_id
	CodeMembership   Code = "membership"    // owner_id, project_id
	CodeFilterFalse  Code = "filter_false"  //
	CodeFilterError  Code = "filter_error"  // detail
	CodeDisabled     Code = "disabled"      //
	CodeNotCreated   Code = "not_created"   //
	CodeItself       Code = "itself"        //
	CodeRulesChanged Code = "rules_changed" //
	CodeNoKey        Code = "no_key"        // path
	CodeJudging      Code = "judging"       //
	CodeWindowOpen   Code = "window_open"   //
	CodeWindowClosed Code = "window_closed" //
	CodeNoneOf       Code = "none_of"       //
	CodeExpunged     Code = "expunged"      //
)

// Codes lists every Code.
var Codes = []Code{CodeMatched, CodeEventType, CodeExcluded, CodeProject, CodeMembership, CodeFilterFalse, CodeFilterError, CodeDisabled, CodeNotCreated,
	CodeItself, CodeRulesChanged, CodeNoKey, CodeJudging, CodeWindowOpen, CodeWindowClosed, CodeNoneOf, CodeExpunged}

var codes = map[string]Code{
	ReasonMatched: CodeMatched, ReasonEventType: CodeEventType, ReasonExcluded: CodeExcluded, ReasonProject: CodeProject, ReasonMembership: CodeMembership,
	ReasonFilterFalse: CodeFilterFalse, ReasonDisabled: CodeDisabled, ReasonNotCreated: CodeNotCreated, ReasonItself: CodeItself,
	ReasonRulesChanged: CodeRulesChanged, ReasonJudging: CodeJudging, ReasonWindowOpen: CodeWindowOpen, ReasonWindowClosed: CodeWindowClosed,
	ReasonNoneOf: CodeNoneOf, ReasonExpunged: CodeExpunged,
}

// Code gives the code of a reason of this explanation, and the values that its
// words need.
func (x Explanation) Code(reason string) (Code, hook.Params) {
	if detail, ok := strings.CutPrefix(reason, ReasonFilterError); ok {
		return CodeFilterError, hook.Params{"detail": detail}
	}
	if path, ok := strings.CutPrefix(reason, ReasonNoKey); ok {
		return CodeNoKey, hook.Params{"path": path}
	}
	switch code := codes[reason]; code {
	case CodeEventType, CodeExcluded:
		return code, hook.Params{"event_type": x.Event.Type}
	case CodeProject:
		return code, hook.Params{"project_id": x.Event.ProjectID}
	case CodeMembership:
		return code, hook.Params{"owner_id": x.OwnerID, "project_id": x.Event.ProjectID}
	default:
		return code, nil
	}
}
