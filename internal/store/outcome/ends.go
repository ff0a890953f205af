package outcome

import (
	"cmp"
	"context"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"godwit/internal/hook"
	"godwit/internal/store/core"
	"godwit/internal/store/ledger"
)

// freeSlots gives back the places of the ends that have moved no delivery: an end
// that moves one does so itself.
func freeSlots(ctx context.Context, on sqlx.ExtContext, ends []hook.Finish, moved []string) error {
	var ids []string
	var numbers []int64
	for _, f := range ends {
		if f.HadSlot && !slices.Contains(moved, f.DeliveryID) {
			ids, numbers = append(ids, f.DeliveryID), append(numbers, int64(f.Number))
		}
	}
	if ids == nil {
		return nil
	}
	_, err := on.ExecContext(ctx, freeSlot, pq.Array(ids), pq.Array(numbers))
	return err
}

// inOrder sorts ends in the order that deliveries are locked in.
func inOrder(ends []hook.Finish) []hook.Finish {
	return slices.SortedFunc(slices.Values(ends), func(a, b hook.Finish) int {
		return cmp.Or(cmp.Compare(a.DeliveryID, b.DeliveryID), cmp.Compare(a.Number, b.Number))
	})
}

// endColumns turns ends of attempts into one array per column.
func endColumns(ends []hook.Finish) ([]any, error) {
	n := len(ends)
	ids, urls := make([]string, n), make([]string, n)
	numbers, durations, codes, latencies := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	requests, responses, bodies := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	truncated, ago := make([]bool, n), make([]float64, n)
	for i, f := range ends {
		r := f.Result
		var err error
		if requests[i], responses[i], err = ledger.HeaderColumns(r); err != nil {
			return nil, err
		}
		ids[i], urls[i], bodies[i] = f.DeliveryID, r.URL, r.ResponseBody
		numbers[i], durations[i], codes[i] = int64(f.Number), r.Duration.Milliseconds(), int64(r.StatusCode)
		latencies[i], truncated[i], ago[i] = int64(hook.LatencyStep(r.Duration)), r.Truncated, f.Ago.Seconds()
	}
	return []any{
		pq.Array(ids), pq.Array(numbers), pq.Array(durations), pq.Array(codes), pq.Array(urls),
		core.Blobs(requests), core.Blobs(responses), core.Blobs(bodies), pq.Array(truncated), pq.Array(ago), pq.Array(latencies),
	}, nil
}

// freeSlot gives back the places of attempts whose deliveries were moved on
// while they were under way.
const freeSlot = `
UPDATE deliveries d SET slot_until = NULL WHERE d.id IN (
	SELECT d.id FROM unnest($1::text[], $2::smallint[]) AS i(id, number) JOIN deliveries d ON d.id = i.id
	WHERE d.attempts = i.number AND d.slot_until < 'infinity' ORDER BY d.id FOR NO KEY UPDATE OF d
)`
