package worker

import (
	"context"
	"fmt"
	"time"

	"godwit/workflows"
)

const (
	// lookForNamespace is how often is looked whether the namespace is there. It is
	// one cheap call; the SDK itself asks in vain for minutes before it gives up.
	lookForNamespace = 5 * time.Second
	// lookTimeout bounds one look.
	lookTimeout = 10 * time.Second
)

// watchNamespace tells when the namespace is gone: deleted by hand, or with all
// of Temporal's data. The next session makes it again before anything is
// started, and deliveries come back by themselves, since they are in the ledger.
func (w *Worker) watchNamespace(ctx context.Context, gone func(error)) {
	for {
		wait(ctx, nil, lookForNamespace)
		if ctx.Err() != nil {
			return
		}
		if w.namespaceGone(ctx) {
			gone(fmt.Errorf("the Temporal namespace %q is gone", w.Namespace))
			return
		}
	}
}

// namespaceGone is false where Temporal does not say so: one that is away is
// waited for.
func (w *Worker) namespaceGone(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	missing, err := workflows.NamespaceMissing(ctx, w.Temporal, w.Namespace)
	return missing && err == nil
}
