package inflight

// Known is how many owners and webhooks are remembered.
func (s *Slots) Known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.owners) + len(s.webhooks)
}
