package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

const (
	// replaysAtOnce is how many histories are fetched and replayed side by side.
	replaysAtOnce = 8
	// maxTold is how many differences are told in full.
	maxTold = 5
)

// Replayed is what ReplayAll has found.
type Replayed struct {
	// Histories counts those that were replayed, Running those of them that go on.
	Histories, Running int
	// Differences says of up to maxTold workflows where this build differs; Differing
	// counts all.
	Differences []string
	Differing   int
	// Left says that there were more than the limit.
	Left bool
}

// ReplayAll replays up to limit histories against this build: of all workflows that
// run, and of those that started within a time. The error is that they could not be
// fetched.
func ReplayAll(ctx context.Context, c client.Client, since time.Time, limit int) (Replayed, error) {
	var r Replayed
	names := make([]string, len(registered))
	for i, w := range registered {
		names[i] = "'" + w.name + "'"
	}
	ours := fmt.Sprintf("WorkflowType IN (%s) AND ", strings.Join(names, ", "))
	running, more, err := listed(ctx, c, ours+"ExecutionStatus = 'Running'", limit)
	if err != nil {
		return r, err
	}
	closed, moreClosed, err := listed(ctx, c, ours+fmt.Sprintf("ExecutionStatus != 'Running' AND StartTime > '%s'", since.UTC().Format(time.RFC3339)), limit-len(running))
	if err != nil {
		return r, err
	}
	r.Running, r.Left = len(running), more || moreClosed
	return r, r.replay(ctx, c, slices.Concat(running, closed))
}

// listed gives up to limit runs, and says whether there are more.
func listed(ctx context.Context, c client.Client, query string, limit int) (runs []*common.WorkflowExecution, more bool, err error) {
	var next []byte
	for {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 200, NextPageToken: next})
		if err != nil {
			return nil, false, fmt.Errorf("list workflows: %w", err)
		}
		for _, e := range page.Executions {
			if len(runs) >= limit {
				return runs, true, nil
			}
			runs = append(runs, e.Execution)
		}
		if next = page.NextPageToken; len(next) == 0 {
			return runs, false, nil
		}
	}
}

// replay replays runs. One that has not run yet is left out.
func (r *Replayed) replay(ctx context.Context, c client.Client, runs []*common.WorkflowExecution) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(replaysAtOnce)
	for _, run := range runs {
		group.Go(func() error {
			h, err := FetchHistoryOfRun(ctx, c, run.WorkflowId, run.RunId)
			if err != nil {
				return err
			}
			err = Replay(h)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrNotRun):
				return nil
			case err != nil:
				if r.Differing++; len(r.Differences) < maxTold {
					r.Differences = append(r.Differences, fmt.Sprintf("%s (run %s): %v", run.WorkflowId, run.RunId, err))
				}
			}
			r.Histories++
			return nil
		})
	}
	return group.Wait()
}
