package store

// AcceptEvents is the look-up, for the test of its cost.
const (
	AcceptEvents     = acceptEvents
	InsertDeliveries = insertDeliveries
)

// The statements of a release, for the test of their cost.
const (
	QueuedWebhooks = queuedWebhooks
	ReleaseQueued  = releaseQueued
)

// SelectParcel is the look-up before each attempt, for the test of its cost.
const SelectParcel = selectParcel

// The statements of a recovery's step, for the test of their cost.
const (
	NextOfRedelivery = nextOfRedelivery
	RedeliverOld     = redeliver
)
