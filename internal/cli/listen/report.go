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
}

// line writes a line for people, or an object.
func (r *Report) line(text string, object map[string]any) {
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
	r.line(fmt.Sprintf("Listening as %q → %s\nSecret  %s   the same next time; godwit listen --print-secret", o.Name, o.Target, secret),
		map[string]any{"type": "listening", "name": o.Name, "target": o.Target.String(), "secret": secret})
}

// ready says that the stream is there: the first time, or again since it was lost.
func (r *Report) ready(lost time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.readied:
		r.readied = true
		r.line("Ready.", map[string]any{"type": "ready"})
	case r.kept:
		away := time.Since(lost).Round(100 * time.Millisecond)
		r.line(fmt.Sprintf("%14sback after %s", "", away), map[string]any{"type": "back", "after_ms": away.Milliseconds()})
	}
	r.kept = false
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
	r.line(strings.TrimRight(text, " "), map[string]any{
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
