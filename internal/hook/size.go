package hook

// Size is about how many bytes the webhook holds that its owner has written.
func (w Webhook) Size() int {
	n := len(w.URL) + len(w.Metadata) + len(w.ClientCertificate) + len(w.ClientKey) + len(w.CACertificate)
	for name, value := range w.Headers {
		n += len(name) + len(value)
	}
	for _, r := range w.Rules {
		n += r.size()
	}
	return n
}

func (r Rule) size() int {
	n := len(r.Filter) + sizeOf(r.Events) + sizeOf(r.NotEvents) + sizeOf(r.Projects) + sizeOf(r.Companies)
	if c := r.Combination; c != nil {
		for _, parts := range [][]Part{c.AllOf, c.NoneOf} {
			for _, p := range parts {
				n += len(p.Filter) + sizeOf(p.Events) + sizeOf(p.NotEvents)
			}
		}
	}
	return n
}

func sizeOf(names []string) int {
	n := 0
	for _, name := range names {
		n += len(name) + 16 // and what holds it
	}
	return n
}
