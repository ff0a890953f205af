package store

import (
	"context"
	"time"

	"github.com/lib/pq"
)

// dueChannel is where processes tell one another that deliveries are due.
const dueChannel = "godwit_due"

// Notify tells listening processes that deliveries are due. It is never sent
// inside an ingest: a transaction that notifies commits one at a time.
func (s *Store) Notify(ctx context.Context) error {
	_, err := s.on(ctx).ExecContext(ctx, `SELECT pg_notify($1, '')`, dueChannel)
	return classify("notify the workers", err)
}

// Listen calls wake for each notification until ctx ends. A lost connection is
// made again; what was missed meanwhile is found by polling.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	listener := pq.NewListener(s.url, time.Second, time.Minute, nil)
	defer listener.Close()
	if err := listener.Listen(dueChannel); err != nil {
		return classify("listen for due deliveries", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-listener.Notify:
			wake()
		}
	}
}
