package hook

// Limited says whether the webhook's owner bounds its requests: then each of
// its deliveries needs a place before it is sent.
func (w Webhook) Limited() bool { return w.RateLimitPerSecond > 0 || w.MaxInFlight > 0 }
