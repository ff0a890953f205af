// Package filter decides with a CEL expression whether an event is wanted.
//
// A filter sees type, project_id, company_id and actor_id (strings, "" where
// there is none), occurred_at (a timestamp), previous and current (a map, or
// null) and changed (the sorted top-level keys whose value differs). It sees no
// clock: it answers the same whenever it is asked. A filter's type is bool or,
// as for `current.done`, not known before the event: then a value that is no
// bool is an error of that event. `type` is the event's type; type(x) still
// tells a value's type.
//
// Whole numbers written without point and exponent are int, or uint above
// int's range, so that they compare exactly; all others are IEEE doubles, like
// the literals of a filter. A double beyond the range is an infinity: it orders
// rightly and equals every other number beyond the range. Arithmetic that mixes
// kinds of numbers is done in double. `changed` and Subject.Key go by the exact
// decimal value instead.
//
// Sources and events may come from anyone: sources are bounded before they are
// parsed, an evaluation ends at MaxCost and when its context does, texts and
// lists that it builds are bounded, and no panic leaves the package. To hold
// that, each single step is bounded too, which CEL alone does not promise:
// comparisons pay per value visited, patterns per byte and instruction, and
// format() is left out.
//
// It imports internal/hook and CEL, no storage and no transport.
package filter
