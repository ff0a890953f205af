package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proof is what one fault did.
type proof struct {
	fault                             string
	accepted, due, lost, stuck, twice int
	interrupted                       int // attempts whose end nobody saw, or not before the next one began
	recovery                          time.Duration
}

// arrived counts a delivery that arrived n times.
func (p *proof) arrived(n int) {
	p.due++
	if n == 0 {
		p.lost++
	} else {
		p.twice += n - 1
	}
}

// TestProofs_NothingIsLost has events come to the production shape, a backlog drain and
// what failed be sent again, while parts of it fail. Everything that was accepted arrives
// at every receiver; what arrives twice was on its way when it happened. With
// GODWIT_PROOFS=1 it goes through all faults and writes the table of
// docs/guarantees.md; else through two of them.
func TestProofs_NothingIsLost(t *testing.T) {
	t.Parallel()
	if os.Getenv("GODWIT_PROOFS") == "" {
		_, quick := faults("", "")
		h := newHouse(t, built(t, "godwit"), t.TempDir())
		for _, f := range quick {
			h.prove(f, 10)
		}
		return
	}
	var proofs []proof
	all, _ := faults(shifted(t, "ahead"), shifted(t, "behind"))
	t.Run("of one house", func(t *testing.T) {
		h := newHouse(t, built(t, "godwit"), t.TempDir())
		for _, f := range all {
			proofs = append(proofs, h.prove(f, 40))
		}
	})
	t.Run("a full disk", func(t *testing.T) { proofs = append(proofs, proveFullDisk(t)) })
	t.Run("an upgrade", func(t *testing.T) { proofs = append(proofs, proveUpgrade(t)) })
	if !t.Failed() {
		writeProofs(t, proofs)
	}
}

// prove lets a fault happen while events come, a backlog drains and what failed is sent
// again, and counts. perSecond is how many events come.
func (h *house) prove(f fault, perSecond int) proof {
	t := h.t
	// An attempt that was taken for lost may end after all, as where a process was frozen.
	const cutOff = `SELECT count(*) FROM attempts a WHERE outcome = 'lost' OR EXISTS (
		SELECT FROM attempts n WHERE n.delivery_id = a.delivery_id AND n.number = a.number + 1 AND n.started_at < a.finished_at)`
	c := newStage(t, h.process("api 2"))
	a := newAudience(t, c)
	p := newPublisher(h, c)
	a.preload(p)
	before := query(t, h.database, cutOff)

	done, ended := make(chan struct{}), make(chan struct{})
	begun := len(p.accepted) + 3*perSecond
	go func() { defer close(ended); p.publish(done, perSecond) }()
	a.good.wait(t, begun)
	a.wake(t)
	f.strike(h)
	<-time.After(f.lasts)
	f.mend(h)
	mended := time.Now()
	h.awaitReady()
	a.good.wait(t, len(a.good.all())+perSecond)
	close(done)
	<-ended

	out := proof{fault: f.name, accepted: len(p.accepted)}
	out.stuck = h.settle(a, p)
	out.recovery = time.Since(mended)
	a.count(p.accepted, p.pairs, &out)
	out.interrupted = query(t, h.database, cutOff) - before
	t.Logf("%+v", out)
	require.Zero(t, out.lost, "%+v", out)
	require.Zero(t, out.stuck, "%+v", out)
	require.LessOrEqual(t, out.twice, out.interrupted, "only what was on its way may come twice: %+v", out)
	return out
}

// settle waits until every delivery of a project has succeeded, or a later one of the
// same event has, and every pair has arrived. It counts those of which it is not true
// when none ended for two minutes.
func (h *house) settle(a *audience, p *publisher) int {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	open := `SELECT count(*) FROM deliveries WHERE project_id = '` + p.c.prefix + `p' AND NOT superseded AND status <> 'succeeded'`
	count := func() int { return query(h.t, h.database, open) + max(0, p.pairs-len(a.pairs.ids())) }
	left, since := count(), time.Now()
	for ; left > 0 && time.Since(since) < 2*time.Minute; <-tick.C {
		if now := count(); now != left {
			left, since = now, time.Now()
		}
	}
	return left
}

const proofsPage = "../docs/guarantees.md"

// writeProofs writes the table of the page anew.
func writeProofs(t *testing.T, proofs []proof) {
	var table strings.Builder
	table.WriteString("| fault | accepted | deliveries | lost | stuck | arrived twice | attempts that were cut off | all delivered after |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range proofs {
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %d | %d | %.1f s |\n", p.fault, p.accepted, p.due, p.lost, p.stuck, p.twice, p.interrupted, p.recovery.Seconds())
	}
	replaceTable(t, `\| fault \|`, table.String())
}

// replaceTable writes a table of the page anew, which begins with head.
func replaceTable(t *testing.T, head, table string) {
	page, err := os.ReadFile(proofsPage)
	require.NoError(t, err)
	old := regexp.MustCompile(`(?s)` + head + `.*?\n\n`)
	require.Regexp(t, old, string(page))
	require.NoError(t, os.WriteFile(proofsPage, old.ReplaceAllLiteral(page, []byte(table+"\n")), 0o600))
}
