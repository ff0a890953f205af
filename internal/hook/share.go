package hook

import "time"

const (
	// MaxInFlight is how many attempts a process has under way. An attempt waits for
	// its receiver: it costs memory, not CPU.
	MaxInFlight = 2048
	// MaxInFlightOfWebhook is how many of them are of one webhook.
	MaxInFlightOfWebhook = 256
	// MaxSlowInFlight is how many are of slow webhooks, so that three quarters are
	// left to those that answer soon.
	MaxSlowInFlight = MaxInFlight / 4
	// MaxYoung is how many are under way that began within the last moment, and
	// MaxYoungOfOwner how many of one owner. Of receivers that answer soon more are of
	// no use: they wait for the CPU.
	MaxYoung        = 2 * MaxYoungOfOwner
	MaxYoungOfOwner = 200
	// SlowAfter makes a webhook slow whose attempts take longer on average, or that has
	// one under way for longer.
	SlowAfter = 2 * time.Second
)

// InFlight is how many attempts a process has under way, as one webhook sees them
// that wants another one: in all, of its owner, and its own.
type InFlight struct {
	All, Owner, Webhook int
	// Alone says that no other owner has begun anything of late.
	Alone bool
	// Young and YoungOfOwner are those that began within the last moment.
	Young, YoungOfOwner int
	// Slow says that the webhook is slow. AllSlow are those of all slow webhooks, of
	// which an owner counts for no more than its own share, and OwnerSlow those of the
	// owner's slow webhooks.
	Slow               bool
	AllSlow, OwnerSlow int
}

// OfOwner is how many more attempts the owner may begin. Alone it takes half of all
// and leaves the other half to a newcomer; beside others it has no more than a quarter
// of what these leave. So however many take all they can get, something stays free.
func (f InFlight) OfOwner() int {
	if f.Alone {
		return share(MaxInFlight, f.All, f.Owner)
	}
	return max(0, (MaxInFlight-f.All+f.Owner)/4-f.Owner)
}

// YoungOnes is how many more attempts the owner may begin in this moment.
func (f InFlight) YoungOnes() int {
	return max(0, min(MaxYoungOfOwner-f.YoungOfOwner, MaxYoung-f.Young))
}

// OfWebhook is how many more attempts the webhook may begin. A slow one shares a
// part of the whole with all slow ones: its owner has fewer than are free of it,
// the webhook itself fewer than half of what is free of it.
func (f InFlight) OfWebhook() int {
	room := min(f.OfOwner(), MaxInFlightOfWebhook-f.Webhook)
	if f.Slow {
		room = min(room, share(MaxSlowInFlight, f.AllSlow, f.OwnerSlow), (MaxSlowInFlight-f.AllSlow-2*f.Webhook)/3)
	}
	return max(0, room)
}

// share is how many more one may take that has its own among those taken, until it
// has as many as are left.
func share(total, taken, own int) int { return max(0, (total-taken-own)/2) }

// CountedSlow is how many of an owner's attempts to slow webhooks count in AllSlow:
// those that it began before they were known to be slow are no reason to keep the
// slow webhooks of others from beginning.
func CountedSlow(ofOwner int) int { return min(ofOwner, MaxSlowInFlight/2) }

// Resumes says whether who was refused another attempt may begin again: when it
// could grow by a third, so that it is not asked for each single one.
func Resumes(room, own int) bool { return room > 0 && room*3 >= own }

// MeanDuration is the mean of how long attempts take, in which the newest one
// counts for a quarter; before is what it was, 0 = there was none.
func MeanDuration(before, newest time.Duration) time.Duration {
	if before == 0 {
		return newest
	}
	return before + (newest-before)/4
}

// Queue is a webhook of which deliveries wait for room.
type Queue struct {
	WebhookID string
	OwnerID   string
	// Drains: it releases what was held or is redelivered, whether that is in a queue or not.
	Drains bool
}
