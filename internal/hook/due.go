package hook

// Due names what a loop of a worker looks for, so that a wake-up reaches that loop alone.
type Due string

const (
	// DueDeliveries: a delivery is due for the first time.
	DueDeliveries Due = "deliveries"
	// DueQueues: what is queued or held may have room now.
	DueQueues Due = "queues"
	// DueWindows: an event has arrived in the window of a combination.
	DueWindows Due = "windows"
	// DueJudgements: an event waits for its costly filters to be judged.
	DueJudgements Due = "judgements"
)

// AllDue lists every value of Due.
func AllDue() []Due { return []Due{DueDeliveries, DueQueues, DueWindows, DueJudgements} }
