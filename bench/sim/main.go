// Command sim predicts how many machines a rate of events needs, from the CPU time
// that an event and a delivery were measured to take. Before it predicts it
// simulates the machine that was measured: what it gets wrong there it prints.
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
	"time"
)

// What docs/performance.md has of one machine with two cores, load and receivers
// included: deliveries a second at fan-out 1, 10 and 1,000, and the part of both
// cores that is busy then: 3,723 times 0.49 ms of CPU.
const (
	measuredOne  = 3723.0
	measuredTen  = 5208.0
	measuredWide = 5247.0
	usable       = 0.91
)

// measured solves for the two costs with the rates at fan-out 1 and 10; the rate at
// fan-out 1,000 is left to check the model with.
func measured() costs {
	one, ten := 2*usable/measuredOne, 2*usable/(measuredTen/10)
	delivery := (ten - one) / 9
	return costs{event: one - delivery, delivery: delivery}
}

// Of what an event and a delivery cost together, the part that Postgres takes, and
// the part of the load and the receivers, which are elsewhere in production.
const (
	postgresPart = 0.16 / 0.49
	loadPart     = 0.09 / 0.49
)

// The places of a worker for attempts under way.
const places = 2048

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what was measured\tmeasured/s\tsimulated/s\toff by")
	for _, c := range checks() {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%+.1f %%\n", c.name, c.measured, c.simulated(), 100*(c.simulated()/c.measured-1))
	}
	fmt.Fprintln(w, "\t\t\t")
	fmt.Fprintln(w, "events/s\tdeliveries/s\tcores of API and workers\tcores of Postgres\tworkers of 4 cores\tattempts under way, receivers of 200 ms")
	for _, perSecond := range []float64{1_000, 10_000, 100_000} {
		n := need(perSecond, 3)
		fmt.Fprintf(w, "%.0f\t%.0f\t%.0f\t%.0f\t%d\t%.0f\n", perSecond, 3*perSecond, n.product, n.postgres, n.workers, n.underWay)
	}
	return w.Flush()
}

// check is a rate that was measured, and the node and load that simulate it.
type check struct {
	name     string
	measured float64
	fanOut   int
}

func checks() []check {
	return []check{{"fan-out 1", measuredOne, 1}, {"fan-out 10", measuredTen, 10}, {"fan-out 1,000", measuredWide, 1000}}
}

// simulated is what the node records while 32 clients post as fast as it accepts, as
// they did when it was measured.
func (c check) simulated() float64 {
	n := node{costs: measured(), cores: 2, usable: usable, places: places}
	return n.simulate(load{clients: 32, fanOut: c.fanOut, lasts: 10 * time.Second, receiver: time.Millisecond}, 1).perSecond
}

// needs are what a rate asks of machines.
type needs struct {
	product, postgres float64 // cores
	workers           int     // of 4 cores each, also for the attempts under way
	underWay          float64
}

// headroom is the part of a core that is planned with: bursts and one lost machine
// take the rest.
const headroom = 0.6

// need works with means (the utilization law and Little's law), which no queue changes.
func need(perSecond float64, fanOut int) needs {
	c := measured()
	cpu := perSecond * (c.event + float64(fanOut)*c.delivery) / headroom
	n := needs{product: math.Ceil(cpu * (1 - postgresPart - loadPart)), postgres: math.Ceil(cpu * postgresPart)}
	n.underWay = perSecond * float64(fanOut) * 0.2
	n.workers = int(math.Ceil(max(n.product/4, n.underWay/(places*headroom))))
	return n
}
