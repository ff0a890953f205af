package listen

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Report tells what happens, as lines for people or as JSON, one object a line. It is
// safe for concurrent use.
type Report struct {
	Out  io.Writer
	JSON bool

	mu        sync.Mutex
	readied   bool
	kept      bool // connection lost, and said so
	durations []time.Duration
	failures  int

	screen  *screen // nil = there is no terminal with keys
	shown   []shown // the newest last
	pointed int     // which of them is chosen
}

// line writes a line for people, or an object.
func (r *Report) line(text string, object map[string]any) {
	if r.screen != nil {
		r.screen.write(text)
		return
	}
	if !r.JSON {
		fmt.Fprintln(r.Out, text)
		return
	}
	raw, _ := json.Marshal(object) // of strings, numbers and booleans
	fmt.Fprintf(r.Out, "%s\n", raw)
}

func (r *Report) begins(o Options, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(fmt.Sprintf("Listening as %q to %s → %s      (other terminal: godwit trigger TODO_CREATED)\nSecret  %s   the same next time; godwit listen --print-secret", o.Name, o.What, o.Target, secret),
		map[string]any{"type": "listening", "name": o.Name, "target": o.Target.String(), "secret": secret})
}

// ready says that the stream is there: the first time, or again since it was lost.
// came is how many came in the meantime, -1 where that is not known.
func (r *Report) ready(lost time.Time, came int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.readied:
		r.readied = true
		r.line("Ready.", map[string]any{"type": "ready"})
	case r.kept:
		away := time.Since(lost).Round(100 * time.Millisecond)
		text, object := fmt.Sprintf("%14sback after %s", "", spoken(away)), map[string]any{"type": "back", "after_ms": away.Milliseconds()}
		if came >= 0 {
			text += fmt.Sprintf(", %s came meanwhile", upTo(came))
			object["came"] = came
		}
		r.line(text, object)
	}
	r.kept = false
}

// upTo writes a count that ends at maxCounted.
func upTo(n int) string {
	if n == maxCounted {
		return fmt.Sprintf("%d or more", n)
	}
	return fmt.Sprint(n)
}

// spoken is a duration as a person reads it.
func spoken(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// wasLost says whether the connection was lost, and it was said.
func (r *Report) wasLost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept
}

// wasReady says whether there was a stream before.
func (r *Report) wasReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.readied
}

// say writes lines that are for a person at a terminal alone.
func (r *Report) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.screen != nil {
		r.screen.write(text)
	}
}

// begin writes to a terminal with keys from now on; end does no more.
func (r *Report) begin(t *Terminal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.screen = &screen{out: r.Out, width: t.width}
	r.screen.foot(keysHelp)
}

func (r *Report) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.screen.foot("")
	r.screen = nil
}

// choose goes up or down among what was shown, and shows what is chosen on the last line.
func (r *Report) choose(by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shown) == 0 || r.screen == nil {
		return
	}
	r.pointed = min(max(r.pointed+by, 0), len(r.shown)-1)
	one := r.shown[r.pointed]
	r.screen.foot(fmt.Sprintf("▸ %d/%d %s", r.pointed+1, len(r.shown), one.line))
}

// chosen gives what is chosen: the newest unless a person has gone up.
func (r *Report) chosen() (shown, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.shown) == 0 {
		return shown{}, false
	}
	return r.shown[r.pointed], true
}

// keep remembers what was reported. The newest is chosen while the one before it was.
func (r *Report) keep(d delivery, got result, line string) {
	if r.screen == nil {
		return
	}
	newest := r.pointed >= len(r.shown)-1
	r.shown = append(r.shown, shown{d, got, line})
	if len(r.shown) > maxShown {
		r.shown = r.shown[1:]
		r.pointed = max(0, r.pointed-1)
	}
	if newest {
		r.pointed = len(r.shown) - 1
	}
}

// lost says once that the connection is lost.
func (r *Report) lost() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.kept {
		r.kept = true
		r.line(fmt.Sprintf("%14sconnection lost, trying again …", ""), map[string]any{"type": "lost"})
	}
}

func (r *Report) down(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(fmt.Sprintf("Nothing listens on %s. What comes is kept.", address), map[string]any{"type": "down", "address": address})
}

func (r *Report) up(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(fmt.Sprintf("%s answers again.", address), map[string]any{"type": "up", "address": address})
}

// delivered tells of one request and its answer.
func (r *Report) delivered(d delivery, got result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed := got.StatusCode < 200 || got.StatusCode > 299
	why := got.Error
	if failed && why == "" {
		why = firstLine(got.Body)
	}
	r.durations = append(r.durations, time.Duration(got.DurationMS)*time.Millisecond)
	if failed {
		r.failures++
	}
	status := fmt.Sprint(got.StatusCode)
	if got.StatusCode == 0 {
		status = "–"
	}
	text := fmt.Sprintf("%s  %-24s %-28s %s  %5d ms   %s", time.Now().Format("15:04:05.000"), d.header("Godwit-Event"), d.header("webhook-id"), status, got.DurationMS, why)
	text = strings.TrimRight(text, " ")
	r.keep(d, got, text)
	r.line(text, map[string]any{
		"type": "delivery", "at": time.Now().UTC(), "event_type": d.header("Godwit-Event"), "event_id": d.header("webhook-id"), "delivery_id": d.Delivery,
		"attempt": d.Attempt, "status_code": got.StatusCode, "duration_ms": got.DurationMS, "error": why,
	})
}

// firstLine is the first line of an answer, as far as it is text.
func firstLine(body []byte) string {
	text, _, _ := strings.Cut(strings.TrimSpace(string(body[:min(len(body), 400)])), "\n")
	text = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, text)
	if runes := []rune(text); len(runes) > 120 {
		text = string(runes[:119]) + "…"
	}
	return text
}

// ends sums up.
func (r *Report) ends(removed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Sorted(slices.Values(r.durations))
	var median time.Duration
	if len(all) > 0 {
		median = all[len(all)/2]
	}
	text := fmt.Sprintf("%d delivered, %d failed, median %d ms.", len(all)-r.failures, r.failures, median.Milliseconds())
	if removed {
		text += " Listener removed."
	}
	r.line(text, map[string]any{"type": "summary", "delivered": len(all) - r.failures, "failed": r.failures, "median_ms": median.Milliseconds(), "removed": removed})
}
