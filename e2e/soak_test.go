package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// footprint is what a process holds: live bytes of its heap, after collecting what is
// garbage, goroutines, and the memory that the system counts, in MiB.
type footprint struct {
	heap, resident float64
	goroutines     int
}

// sample reads a process's own metrics.
func sample(t testing.TB, p *process) footprint {
	t.Helper()
	read(t, p.opsURL()+"/debug/pprof/heap?gc=1")
	text := read(t, p.opsURL()+"/metrics")
	value := func(name string) float64 {
		line := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
		require.NotNil(t, line, name)
		v, err := strconv.ParseFloat(line[1], 64)
		require.NoError(t, err)
		return v
	}
	return footprint{value("go_memstats_heap_alloc_bytes") / (1 << 20), value("process_resident_memory_bytes") / (1 << 20), int(value("go_goroutines"))}
}

func read(t testing.TB, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
	return string(body)
}

func (h *house) samples() map[string]footprint {
	out := map[string]footprint{}
	for _, name := range households {
		out[name] = sample(h.t, h.process(name))
	}
	return out
}

// TestSoak_NothingGrows has events come to the production shape for receivers of all
// kinds, until all have arrived. When as many have come again, no process holds more than
// it did. GODWIT_SOAK is how long, such as 10m, and has the table of
// docs/guarantees.md written.
func TestSoak_NothingGrows(t *testing.T) {
	t.Parallel()
	long, perSecond := 20*time.Second, 10
	if text := os.Getenv("GODWIT_SOAK"); text != "" {
		var err error
		long, err = time.ParseDuration(text)
		require.NoError(t, err)
		perSecond = 40
	}
	h := newHouse(t, built(t, "godwit"), t.TempDir())
	c := newStage(t, h.process("api 1"))
	a := newAudience(t, c)
	dead := newStage(t, h.process("api 2")) // its receiver never answers
	dead.webhook(t, newReceiver(t, func(int, request) int { return 0 }).URL, nil)
	p, toDead := newPublisher(h, c), newPublisher(h, dead)
	a.preload(p)

	halves := [2]map[string]footprint{}
	for n := range halves {
		done := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() { p.publish(done, perSecond) })
		group.Go(func() { toDead.publish(done, 5) })
		if n == 0 {
			a.wake(t)
		}
		<-time.After(long / 2)
		close(done)
		group.Wait()
		require.Zero(t, h.settle(a, p))
		underWay := `SELECT count(*) FROM deliveries WHERE status IN ('pending', 'retrying')`
		eventually(t, func() (bool, string) { return query(t, h.database, underWay) == 0, "some are under way" })
		halves[n] = h.samples()
	}
	out := proof{accepted: len(p.accepted)}
	a.count(p.accepted, p.pairs, &out)
	require.Zero(t, out.lost, "%+v", out)
	for _, name := range households {
		first, last := halves[0][name], halves[1][name]
		// Connections that nobody uses any more are closed some seconds later.
		eventually(t, func() (bool, string) {
			if last.goroutines > first.goroutines*5/4+50 {
				last = sample(t, h.process(name))
			}
			return last.goroutines <= first.goroutines*5/4+50, fmt.Sprintf("%s: %+v, then %+v", name, first, last)
		})
		t.Logf("%s: %+v, then %+v", name, first, last)
		halves[1][name] = last
		require.LessOrEqual(t, last.heap, first.heap*1.25+4, name)
	}
	if os.Getenv("GODWIT_SOAK") != "" {
		writeSoak(t, halves)
	}
}

// writeSoak writes the table of the page anew.
func writeSoak(t *testing.T, halves [2]map[string]footprint) {
	var table strings.Builder
	table.WriteString("| process | live heap, half-way and at the end | memory | goroutines |\n|---|---|---|---|\n")
	for _, name := range households {
		first, last := halves[0][name], halves[1][name]
		fmt.Fprintf(&table, "| %s | %.1f, %.1f MiB | %.0f, %.0f MiB | %d, %d |\n", name, first.heap, last.heap, first.resident, last.resident, first.goroutines, last.goroutines)
	}
	replaceTable(t, `\| process \|`, table.String())
}
