package hook

// Limited says whether the webhook's requests are bounded, by its owner, by its
// health, or because what was held is being released: then each of its
// deliveries needs a place before it is sent.
func (w Webhook) Limited() bool {
	return w.RateLimitPerSecond > 0 || w.MaxInFlight > 0 || w.Status == Degraded || w.Drain > 0
}
