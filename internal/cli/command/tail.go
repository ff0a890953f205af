package command

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// tailEvery is how often tail asks.
const tailEvery = time.Second

// maxFollowed is how many deliveries a look reads at most: one that is retried for an
// hour would have every look read all that were made since.
const maxFollowed = 1000

// tail follows deliveries. Each look reads those that were made since the oldest that is
// not finished, and tells what is different from the last look.
type tail struct {
	*frame
	c     *cobra.Command
	api   *cli.Client
	query url.Values

	from  time.Time         // when the oldest was made that is looked at
	seen  map[string]string // how each stood
	names map[string]string // of webhooks
	cut   bool              // it was said that there are too many
}

func deliveriesTail(f *frame) *cobra.Command {
	var which deliveryFlags
	c := f.command("tail", "Follow deliveries: each change is shown once", func(c *cobra.Command, _ []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		query, err := which.query()
		if err != nil {
			return err
		}
		t := &tail{frame: f, c: c, api: api, query: query, seen: map[string]string{}, names: map[string]string{}}
		if since := query.Get("since"); since != "" {
			t.from, _ = time.Parse(time.RFC3339Nano, since) // which read has written
		}
		return t.run()
	})
	which.addTo(c)
	c.Long = "Asks every second, and writes a line for each change until Ctrl-C. With --since it begins\nwith what there was, else with what comes. One that is held is followed no further,\nnor one that has 1,000 newer ones."
	c.Example = "  godwit deliveries tail\n  godwit deliveries tail --webhook wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --since 1h --json"
	return c
}

func (t *tail) run() error {
	if t.from.IsZero() {
		if err := t.begin(); err != nil {
			return err
		}
	}
	for {
		if err := t.look(); err != nil {
			return err
		}
		if !pause(t.c.Context(), tailEvery) {
			return interrupted{}
		}
	}
}

// begin passes over what there is. The newest delivery says from when on to look: the
// clock of this machine may be wrong.
func (t *tail) begin() error {
	newest, _, err := t.read(listFlags{limit: 1})
	if err != nil {
		return err
	}
	for _, d := range newest {
		t.from, _ = d.time("created_at")
		t.seen[d.text("id")] = stateOf(d)
	}
	return nil
}

func stateOf(d object) string { return d.text("status") + " " + d.text("attempt_count") }

// read gives deliveries, the newest first.
func (t *tail) read(l listFlags) (all []object, more bool, err error) {
	if !t.from.IsZero() {
		t.query.Set("since", t.from.UTC().Format(time.RFC3339Nano))
	}
	more, err = pages(t.c, t.api, listing{path: "/v1/deliveries", query: t.query, listFlags: l}, func(rows []object) error {
		all = append(all, rows...)
		return nil
	})
	return all, more, err
}

// look tells what is new since the last look, the oldest first.
func (t *tail) look() error {
	all, more, err := t.read(listFlags{limit: maxFollowed})
	if err != nil || len(all) == 0 {
		return err
	}
	if more && !t.cut {
		t.note(t.c, fmt.Sprintf("There are more than %d: the older ones are followed no further.", maxFollowed))
		t.cut = true
	}
	seen := make(map[string]string, len(all))
	from, _ := all[0].time("created_at")
	for _, d := range slices.Backward(all) {
		id := d.text("id")
		if seen[id] = stateOf(d); t.seen[id] != seen[id] {
			if err := t.tell(d); err != nil {
				return err
			}
		}
		if made, ok := d.time("created_at"); ok && !ended(d) && made.Before(from) {
			from = made
		}
	}
	t.from, t.seen = from, seen
	return nil
}

func (t *tail) tell(d object) error {
	if t.json {
		return writeJSON(t.c.OutOrStdout(), d)
	}
	p := t.printer(t.c)
	at, _ := d.time("updated_at")
	p.line(fmt.Sprintf("%s  → %s  %s", at.Format("15:04:05"), t.name(t.c.Context(), d.text("webhook_id")), deliveryLine(p, d)))
	return p.err
}

// name is that of a webhook; its id where it was deleted.
func (t *tail) name(ctx context.Context, id string) string {
	if name, known := t.names[id]; known {
		return name
	}
	var w object
	t.names[id] = id
	if t.api.Call(ctx, http.MethodGet, webhookPath(id), nil, &w) == nil {
		t.names[id] = w.text("name")
	}
	return t.names[id]
}
