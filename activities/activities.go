package activities

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/ops"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/internal/tracing"
)

// Ledger keeps deliveries and their attempts; it is a *store.Store. It is an
// interface because tests need a database that fails at one statement, and the test
// environment of workflows a ledger on its virtual clock.
type Ledger interface {
	// Parcel reads everything about a delivery as it is now.
	Parcel(ctx context.Context, deliveryID string) (hook.Parcel, error)
	// Begin writes an attempt's start; 0 means that the delivery changed since
	// the parcel was read.
	Begin(ctx context.Context, p hook.Parcel, runID string, patience time.Duration) (int, error)
	// Undo undoes the start of an attempt that was not made because of a fault of this
	// process; the delivery is due again after wait.
	Undo(ctx context.Context, d hook.Delivery, number int, wait time.Duration) error

	// Succeed writes the ends of attempts that are Plain, and says what is left to do.
	// Repeating Succeed or Fail is harmless.
	Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error)
	// Improve writes what successes do to the health of a webhook.
	Improve(ctx context.Context, webhookID string, deliveryIDs []string) error
	// Fail writes the ends of attempts that failed, of one webhook, all or none, and
	// what they do to its health.
	Fail(ctx context.Context, ends []hook.Finish) error

	// Regenerate gives unfinished deliveries to other workflows, in place of the one
	// that carries this generation. It passes over what others have locked, and names it.
	Regenerate(ctx context.Context, deliveryIDs []string, generation int) (locked []string, err error)
	// Settle gives a delivery a status without an attempt.
	Settle(ctx context.Context, p hook.Parcel, status hook.DeliveryStatus, reason hook.Reason) error

	// TakeSlot gives the delivery one of its webhook's slots, unless it has changed
	// since the parcel was read. Where there is none the delivery is queued, to be
	// carried by another workflow; the same holds for Pace.
	TakeSlot(ctx context.Context, p hook.Parcel) (queued bool, err error)
	// Pace says how long to wait before the request starts.
	Pace(ctx context.Context, p hook.Parcel) (wait time.Duration, queued bool, err error)
	// PutBack queues the delivery, unless it has changed since the parcel was read.
	PutBack(ctx context.Context, p hook.Parcel) error
}

// Health keeps the health of webhooks and their recoveries; it is a *store.Store. It
// is an interface for the test environment of workflows, as Ledger is.
type Health interface {
	Webhook(ctx context.Context, id string) (hook.Webhook, error)
	// Happen applies a cause, and gives the webhook's health before and after it.
	// Concurrent calls are serialised, so only one disables the webhook.
	Happen(ctx context.Context, webhookID string, c hook.Cause) (before, after hook.Health, err error)
	// Outweighed says whether the webhook has taken other deliveries since this one
	// began.
	Outweighed(ctx context.Context, webhookID, deliveryID string) (bool, error)
	// Recovery reads one as it is now, and plans its first probe if it has none.
	Recovery(ctx context.Context, webhookID string, plan hook.RecoveryPlan) (hook.Recovery, error)
	// Probed writes the result of a probe and gives the recovery after it. It took
	// nothing where the recovery has changed since it was seen.
	Probed(ctx context.Context, webhookID string, p hook.RecoveryProbe) (after hook.Recovery, took bool, err error)
}

// Steps makes the steps of what takes long; it is a *store.Store. It is an interface
// for the test environment of workflows, as Ledger is.
type Steps interface {
	// Advance makes of a window of a combination what follows from its events.
	Advance(ctx context.Context, ruleID int64, key string) (hook.Progress, error)
	// RedeliverStep lets the next deliveries go; repeating it is harmless.
	RedeliverStep(ctx context.Context, redeliveryID string) (hook.RedeliveryStep, error)
	// RetentionStep makes one step of a run; a step that was cut off is made again.
	RetentionStep(ctx context.Context, keep hook.Keep, limit int) (hook.RetentionStep, error)
	// RetentionFailed keeps why a run does not go on.
	RetentionFailed(ctx context.Context, problem string) error
}

// Sender makes one HTTP request; its error is only ever the caller's own end.
type Sender interface {
	Send(ctx context.Context, m send.Message) (hook.Result, error)
}

// Activities holds what the activities need; the fields that do not say what nil means must be set.
// It is safe for concurrent use, and must not be copied.
type Activities struct {
	Ledger Ledger
	Health Health
	Steps  Steps
	Sender Sender
	// Metrics counts the ends of attempts and of deliveries; nil = nobody counts.
	Metrics  *ops.Metrics
	Schedule retry.Schedule
	// AttemptTimeout bounds an attempt that Firsts makes; a webhook's own goes
	// first.
	AttemptTimeout time.Duration
	Recovery       hook.RecoveryPlan
	// Keep is how long things are kept.
	Keep hook.Keep
	// Now is the database's time; nil = this machine's.
	Now func() time.Time
	// Wake is called when there is something to dispatch; nil = nobody is told.
	Wake func()
	// Calm says whether the ledger was in reach for a while: else ends of attempts
	// may wait in other processes to be written. nil = it always was.
	Calm func() bool
	// Isolated is called when all receivers seem out of reach, and when they are not
	// any more; nil = nobody is told.
	Isolated func(bool)
	// Traces makes a span of each attempt; nil = none. HandTraces hands its traceparent,
	// or else the event's, to receivers.
	Traces     *tracing.Traces
	HandTraces bool
	Log        *zap.Logger

	slots    inflight.Slots
	firsts   firsts
	ends     sharing[*end]
	leaving  sharing[*departure]
	turns    inflight.Turns // of statements that may wait for a lock
	kept     kept
	underWay underWay
	egress   egress
}
