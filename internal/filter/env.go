package filter

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

// MaxCost bounds one evaluation, in CEL's units: about one per value read and
// per operation, one per ten bytes of text. Looking at one field of each
// element of a list of objects that fills an event takes a quarter of it, and of
// numbers four fifths. What uses it up takes about a third of a second.
const MaxCost = 1_000_000

// QuickCost bounds one evaluation that a publisher waits for: one or two
// milliseconds, enough for a list of hundreds of elements.
const QuickCost = 5_000

const (
	// container makes the variable `type` win over CEL's name for the type of types.
	container = "event"

	// maxText bounds each text that a filter builds, in bytes: four events.
	maxText = 1 << 20
	// maxElements bounds each list that a filter puts together; an event has half as many.
	maxElements = 1 << 18

	// maxDepth bounds how deep a source is nested. Checking types takes time by
	// its third power.
	maxDepth = 50
	// maxLoops is how many loops a new filter may have within one another: checking
	// their types takes time by the third power, too.
	maxLoops = 8
	// interruptEvery is after how many rounds of a loop the context is asked.
	interruptEvery = 256
)

func newEnv() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Container(container),
		cel.Variable("event.type", cel.StringType),
		cel.Variable("event.project_id", cel.StringType),
		cel.Variable("event.company_id", cel.StringType),
		cel.Variable("event.actor_id", cel.StringType),
		cel.Variable("event.occurred_at", cel.TimestampType),
		cel.Variable("event.previous", cel.DynType),
		cel.Variable("event.current", cel.DynType),
		cel.Variable("event.changed", cel.ListType(cel.StringType)),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.Lib(nullIsAbsent{}),
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Math(),
		boundedText(),
		timestamps(),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), patternValidator{}),
	)
}

// metering bounds what an evaluation may cost.
func metering(limit uint64) []cel.ProgramOption {
	return []cel.ProgramOption{
		cel.CostLimit(limit),
		cel.InterruptCheckFrequency(interruptEvery),
		cel.CostTracking(prices{}),
		cel.CustomDecoratorV2(metered),
	}
}
