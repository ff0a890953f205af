package hook

// Limited says whether the webhook's requests are bounded, by its owner, by its
// health, by what its receiver asks for, or because what was held is being
// released: then each of its deliveries needs a place before it is sent.
func (w Webhook) Limited() bool {
	return w.Rate() > 0 || w.MaxInFlight > 0 || w.Status == Degraded || w.Drain > 0
}

// Rate is how many requests may begin in a second: the least of what the owner
// and the receiver ask for; 0 = as many as there are.
func (w Webhook) Rate() float64 {
	if w.RateLimitPerSecond == 0 || w.Pause.Pace == 0 {
		return max(w.RateLimitPerSecond, w.Pause.Pace)
	}
	return min(w.RateLimitPerSecond, w.Pause.Pace)
}

// Switched gives w switched on or off by a person.
func (w Webhook) Switched(on bool) Webhook {
	what := OwnerDisabled
	if on {
		what = OwnerEnabled
	}
	h := Health{Enabled: w.Enabled, Status: w.Status, DisabledReason: w.DisabledReason}.After(what)
	w.Enabled, w.Status, w.DisabledReason = h.Enabled, h.Status, h.DisabledReason
	return w
}
