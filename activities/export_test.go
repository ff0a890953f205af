package activities

import "godwit/internal/hook"

// FinishEnd writes an attempt's end down as an attempt does.
func (a *Activities) FinishEnd(f hook.Finish) error { return a.finish(f) }
