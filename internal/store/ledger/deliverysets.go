package ledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
)

// lastEnded reads a column of the last attempt of delivery d that has ended: what
// one under way will say is not known.
func lastEnded(column string) string {
	return `(SELECT a.` + column + ` FROM attempts a WHERE a.delivery_id = d.id AND a.finished_at IS NOT NULL ORDER BY a.number DESC LIMIT 1)`
}

// The conditions that delivery d has one of some reasons (text[]), its own or its
// last attempt's, and that this attempt was answered by one of some status codes
// (int4multirange).
var (
	ofReasons = func(reasons string) string {
		return `(d.reason = ANY(` + reasons + `::text[]) OR ` + lastEnded("reason") + ` = ANY(` + reasons + `::text[]))`
	}
	ofCodes = func(codes string) string { return lastEnded("status_code") + ` <@ ` + codes + `::int4multirange` }
)

// picks is the condition that delivery d is of what a redelivery or a cancellation
// asks for: types, reasons and codes name its arguments, of which empty ones ask
// for all.
func picks(types, reasons, codes string) string {
	return fmt.Sprintf(`coalesce((cardinality(%[1]s::text[]) = 0 OR d.event_type = ANY(%[1]s::text[]))
	AND (cardinality(%[2]s::text[]) = 0 OR %[3]s) AND (isempty(%[4]s::int4multirange) OR %[5]s), false)`, types, reasons, ofReasons(reasons), codes, ofCodes(codes))
}

// multirange writes status codes as an int4multirange.
func multirange(codes []hook.StatusCodes) string {
	ranges := make([]string, len(codes))
	for i, c := range codes {
		first, last, _ := c.Range()
		ranges[i] = fmt.Sprintf("[%d,%d]", first, last)
	}
	return "{" + strings.Join(ranges, ",") + "}"
}

// among is the condition that a column has one of some values; none for no values.
func among[T ~string](column string, values []T) []core.Condition {
	if len(values) == 0 {
		return nil
	}
	return []core.Condition{{Text: column + " = ANY(?::text[])", Value: pq.Array(values)}}
}

// distinct sorts values and leaves out those that come again, so that nothing has
// two walks.
func distinct[T ~string](values []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// answered are the conditions about the last attempt of each row, beside the reasons.
func answered(f hook.DeliveryFilter) []core.Condition {
	if len(f.StatusCodes) == 0 {
		return nil
	}
	return []core.Condition{{Text: ofCodes("?"), Value: multirange(f.StatusCodes)}}
}

// reasoned is the condition about the reasons, where no index knows the reason.
func reasoned(f hook.DeliveryFilter) []core.Condition {
	if len(f.Reasons) == 0 {
		return nil
	}
	return []core.Condition{{Text: ofReasons("?"), Value: pq.Array(f.Reasons)}}
}

// statusesOf are the statuses in which a delivery can meet the filter: what has
// succeeded has no reason, and its last answer was a success.
func statusesOf(f hook.DeliveryFilter) []hook.DeliveryStatus {
	failed := len(f.Reasons) > 0 || len(f.StatusCodes) > 0 && !slices.ContainsFunc(f.StatusCodes, hook.StatusCodes.Succeed)
	return slices.DeleteFunc(slices.Clone(hook.DeliveryStatuses), func(s hook.DeliveryStatus) bool {
		return len(f.Statuses) > 0 && !slices.Contains(f.Statuses, s) || failed && s == hook.Succeeded
	})
}
