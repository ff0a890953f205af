package listen

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// maxCounted is how far it is counted what came while there was no connection.
const maxCounted = 200

// newest is the highest sequence of the deliveries that are known; 0 = none is.
type newest struct {
	mu       sync.Mutex
	sequence int64
}

// see notes a delivery.
func (n *newest) see(d delivery) {
	sequence, _ := strconv.ParseInt(d.header("Godwit-Sequence"), 10, 64) // 0 = it has none
	n.note([]int64{sequence})
}

// note notes deliveries by their sequences, and says how many are newer than all before.
func (n *newest) note(sequences []int64) (newer int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.sequence
	for _, sequence := range sequences {
		if sequence > before {
			newer++
		}
		n.sequence = max(n.sequence, sequence)
	}
	return newer
}

// ready reports that there is a stream and, when there was none for a while, how many
// deliveries came that are not known yet.
func (s *session) ready(ctx context.Context, lost time.Time) {
	if s.Out.wasLost() {
		s.Out.ready(lost, s.unknown(ctx))
		return
	}
	first := !s.Out.wasReady()
	s.Out.ready(lost, -1)
	if first {
		s.unknown(ctx) // from here on it is counted
	}
}

// unknown counts the deliveries of the listener that are not known yet, the newest
// maxCounted at most, and knows them then; -1 = Godwit does not say.
func (s *session) unknown(ctx context.Context) int {
	var page struct{ Data []struct{ Sequence int64 } }
	query := url.Values{"webhook_id": {s.id}, "limit": {strconv.Itoa(maxCounted)}}
	if err := s.API.Call(ctx, http.MethodGet, "/v1/deliveries?"+query.Encode(), nil, &page); err != nil {
		return -1
	}
	sequences := make([]int64, len(page.Data))
	for i, d := range page.Data {
		sequences[i] = d.Sequence
	}
	return s.newest.note(sequences)
}
