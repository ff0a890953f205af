package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// lookEvery is how often the API is asked how something stands.
const lookEvery = 300 * time.Millisecond

// waitFlags are the flags of commands that can wait for the end of deliveries.
type waitFlags struct {
	wait    bool
	timeout time.Duration
}

func (w *waitFlags) addTo(c *cobra.Command) {
	c.Flags().BoolVar(&w.wait, "wait", false, "wait for the end of each delivery; exit code 1 when one does not succeed")
	c.Flags().DurationVar(&w.timeout, "timeout", time.Minute, "how long to wait")
}

// errLate is the end of waiting that took too long.
var errLate = &cli.Failure{Code: cli.ExitNo, What: "the time is up", Next: "--timeout waits longer"}

// poll asks until it is done.
func poll(ctx context.Context, timeout time.Duration, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errLate)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case ok || err != nil:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ended says whether a delivery makes no more attempts by itself.
func ended(d object) bool {
	switch d.text("status") {
	case "succeeded", "failed", "cancelled", "held":
		return true
	}
	return false
}

// awaitDelivery waits for the end of one delivery.
func awaitDelivery(ctx context.Context, api *cli.Client, id string, timeout time.Duration) (d object, err error) {
	err = poll(ctx, timeout, func(ctx context.Context) (bool, error) {
		d = object{}
		err := api.Call(ctx, http.MethodGet, "/v1/deliveries/"+url.PathEscape(id), nil, &d)
		return err == nil && ended(d), err
	})
	return d, err
}

// awaitEvent waits for the ends of the deliveries of an event, of which there are as
// many as it matched. The rules that take long may still be judging it.
func awaitEvent(ctx context.Context, api *cli.Client, id string, timeout time.Duration) (all []object, err error) {
	err = poll(ctx, timeout, func(ctx context.Context) (bool, error) {
		var event object
		if err := api.Call(ctx, http.MethodGet, "/v1/events/"+url.PathEscape(id), nil, &event); err != nil {
			return false, err
		}
		all = event.list("deliveries")
		for _, d := range all {
			if !ended(d) {
				return false, nil
			}
		}
		return event.text("judging") != "yes", nil
	})
	return all, err
}

// deliveryLine tells how a delivery stands.
func deliveryLine(p *printer, d object) string {
	sign := map[string]string{"succeeded": "✓", "failed": "✗", "cancelled": "–", "held": "‖"}[d.text("status")]
	if sign == "" {
		sign = "…"
	}
	line := fmt.Sprintf("%s  %s  %s  %s", d.text("id"), d.text("event_type"), sign, p.paint(d.text("status")))
	if last := d.text("last_attempt.status_code"); last != "" {
		line += "  " + last
	} else if reason := d.text("last_attempt.reason"); reason != "" {
		line += "  " + reason
	}
	if ms := d.text("last_attempt.duration_ms"); ms != "" {
		line += "  " + ms + " ms"
	}
	if n := d.number("attempt_count"); n > 1 || d.text("status") == "retrying" {
		line += fmt.Sprintf("  attempt %d", n)
	}
	if at, ok := d.time("next_attempt_at"); ok && !ended(d) {
		line += ", next " + at.Format("15:04:05")
	}
	return line
}

// allSucceeded is the answer no where a delivery did not succeed.
func allSucceeded(all []object) error {
	for _, d := range all {
		if d.text("status") != "succeeded" {
			return refused{errors.New("a delivery did not succeed")}
		}
	}
	return nil
}
