package activities

import (
	"context"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
	"godwit/internal/inflight"
	"godwit/internal/retry"
	"godwit/internal/send"
	"godwit/internal/tracing"
)

// Deliveries is the ledger as one attempt needs it.
type Deliveries interface {
	// Parcel reads everything about a delivery as it is now.
	Parcel(ctx context.Context, deliveryID string) (hook.Parcel, error)
	// Begin writes an attempt's start; 0 means that the delivery changed since
	// the parcel was read.
	Begin(ctx context.Context, p hook.Parcel, runID string, patience time.Duration) (int, error)
	// Undo undoes the start of an attempt that was not made for a reason of this
	// process's own; the delivery is due again after wait.
	Undo(ctx context.Context, d hook.Delivery, number int, wait time.Duration) error
}

// Ends is the ledger as attempts that end together need it. Repeating Succeed or
// Fail is harmless.
type Ends interface {
	// Succeed writes the ends of attempts that are Plain, and says what is left to do.
	Succeed(ctx context.Context, ends []hook.Finish) (hook.Recorded, error)
	// Improve writes what successes do to the health of a webhook.
	Improve(ctx context.Context, webhookID string, deliveryIDs []string) error
	// Fail writes the ends of attempts that failed, of one webhook, all or none, and
	// what they do to its health.
	Fail(ctx context.Context, ends []hook.Finish) error
}

// Carriers decides which workflow carries a delivery.
type Carriers interface {
	// Regenerate gives an unfinished delivery to a workflow of its own, in place
	// of the one that carries this generation.
	Regenerate(ctx context.Context, deliveryID string, generation int) error
}

// Limits keeps what the owner of a webhook bounds: requests under way at one
// moment, and starts in a second. TakeSlot and Pace say when there is no room: then
// the delivery is queued, to be carried by another workflow.
type Limits interface {
	// TakeSlot gives the delivery one of its webhook's places, unless it has
	// changed since the parcel was read.
	TakeSlot(ctx context.Context, p hook.Parcel) (queued bool, err error)
	// Pace says how long to wait before the request starts.
	Pace(ctx context.Context, p hook.Parcel) (wait time.Duration, queued bool, err error)
	// PutBack queues the delivery, unless it has changed since the parcel was read.
	PutBack(ctx context.Context, p hook.Parcel) error
}

// Settler gives a delivery a status without an attempt.
type Settler interface {
	Settle(ctx context.Context, p hook.Parcel, status hook.DeliveryStatus, reason hook.Reason) error
}

// Webhooks reads webhooks for a probe.
type Webhooks interface {
	Webhook(ctx context.Context, id string) (hook.Webhook, error)
}

// Health changes a webhook's health.
type Health interface {
	// Happen applies what happened, and says how the webhook stood and stands. Of
	// several at once one alone switches it off.
	Happen(ctx context.Context, webhookID string, c hook.Cause) (before, after hook.Health, err error)
	// Outweighed says whether the webhook has taken other deliveries since this one
	// began.
	Outweighed(ctx context.Context, webhookID, deliveryID string) (bool, error)
}

// Recoveries holds the recoveries of webhooks that health has deactivated.
type Recoveries interface {
	// Recovery reads one as it is now, and plans its first probe if it has none.
	Recovery(ctx context.Context, webhookID string, plan hook.RecoveryPlan) (hook.Recovery, error)
	// Probed writes down what a probe came to and gives what follows. It took
	// nothing where the recovery has changed since it was seen.
	Probed(ctx context.Context, webhookID string, p hook.RecoveryProbe) (after hook.Recovery, took bool, err error)
}

// Windows holds the windows of combinations.
type Windows interface {
	// Advance makes of a window what follows from its events.
	Advance(ctx context.Context, ruleID int64, key string) (hook.Progress, error)
}

// Sender makes one HTTP request; its error is only ever the caller's own end.
type Sender interface {
	Send(ctx context.Context, m send.Message) (hook.Result, error)
}

// Observer counts the ends of attempts and of deliveries.
type Observer interface {
	Attempted(a hook.AttemptEnd)
	// Ended counts a delivery that came into a status in which it has no workflow.
	Ended(status hook.DeliveryStatus)
}

// Activities holds what the activities need; every field but Now, Wake, Calm and Isolated must be set.
// It is safe for concurrent use, and must not be copied.
type Activities struct {
	Deliveries   Deliveries
	Ends         Ends
	Carriers     Carriers
	Limits       Limits
	Settler      Settler
	Webhooks     Webhooks
	Health       Health
	Recoveries   Recoveries
	Windows      Windows
	Redeliveries Redeliveries
	Retention    Retention
	Sender       Sender
	Observer     Observer
	Schedule     retry.Schedule
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
	ends     ends
	turns    inflight.Turns // of statements that may wait for a lock
	kept     kept
	underWay underWay
	egress   egress
}
