package activities

import (
	"net/url"
	"sync"
	"time"

	"go.uber.org/zap"

	"godwit/internal/hook"
)

// egress is the way to receivers, as this process finds it. The zero value is
// ready.
type egress struct {
	mu       sync.Mutex
	seen     hook.Egress
	isolated bool
}

// excuse takes the result of a request for the process's own trouble while most
// different hosts fail and none answers: then nothing is held against receivers.
func (a *Activities) excuse(target string, r hook.Result) hook.Result {
	if r.Own {
		return r
	}
	host := target
	if u, err := url.Parse(target); err == nil {
		host = u.Host
	}
	now := time.Now()
	a.egress.mu.Lock()
	defer a.egress.mu.Unlock()
	a.egress.seen = a.egress.seen.After(host, r, now)
	isolated := a.egress.seen.Isolated(now)
	if isolated != a.egress.isolated {
		a.egress.isolated = isolated
		a.tell(isolated)
	}
	if isolated && r.Reason.Unreachable() {
		r.Own, r.Reason = true, hook.ReasonInternal
		r.Error = "no receiver answers this process; its own network or name servers are taken to have failed"
	}
	return r
}

func (a *Activities) tell(isolated bool) {
	if isolated {
		a.Log.Warn("no receiver answers any more: attempts use up nothing and no webhook is deactivated until one does",
			zap.Int("hosts", hook.IsolatedHosts), zap.Duration("at_most", hook.IsolatedAtMost))
	} else {
		a.Log.Info("receivers answer again, or have not been asked for long")
	}
	if a.Isolated != nil {
		a.Isolated(isolated)
	}
}
