package command

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

func eventsCommand(f *frame) *cobra.Command {
	return Group("events", "List, show, send and search events", eventsList(f), eventsShow(f), eventsSend(f), eventsSearch(f))
}

var eventColumns = []column{{"ID", "id"}, {"ACCEPTED", "accepted_at"}, {"TYPE", "type"}, {"PROJECT", "project_id"}, {"ACTOR", "actor_id"}, {"KIND", "kind"}}

// span are the flags --since and --until.
type span struct{ since, until string }

func (s *span) addTo(c *cobra.Command) {
	c.Flags().StringVar(&s.since, "since", "", "how long ago, such as 2h or 7d, or a time")
	c.Flags().StringVar(&s.until, "until", "", "the same, for the end")
}

// read gives both as times.
func (s *span) read() (since, until string, err error) {
	now := time.Now()
	if since, err = moment("since", s.since, now); err == nil {
		until, err = moment("until", s.until, now)
	}
	return since, until, err
}

func eventsList(f *frame) *cobra.Command {
	l := listing{path: "/v1/events", columns: eventColumns, empty: "There are no such events."}
	var when span
	var eventType, kind, project string
	c := f.command("list", "List events, the newest first", func(c *cobra.Command, _ []string) error {
		since, until, err := when.read()
		if err != nil {
			return err
		}
		l.query = url.Values{"type": {eventType}, "kind": {kind}, "project_id": {project}, "since": {since}, "until": {until}}
		return f.list(c, l)
	})
	l.addTo(c)
	when.addTo(c)
	c.Flags().StringVar(&eventType, "type", "", "event type")
	c.Flags().StringVar(&kind, "kind", "", "published, test, combination or operational")
	c.Flags().StringVar(&project, "project", "", "project")
	c.Example = "  godwit events list --since 2h --type TODO_CREATED\n  godwit events list --all --json"
	return c
}

func eventsShow(f *frame) *cobra.Command {
	c := f.command("show EVENT", "Show one event with its states and deliveries", func(c *cobra.Command, args []string) error {
		e, err := f.call(c, http.MethodGet, "/v1/events/"+url.PathEscape(args[0]), nil)
		if err != nil {
			return err
		}
		return f.document(c, e, func(p *printer) {
			p.pairs(e, []column{{"Id", "id"}, {"Type", "type"}, {"Kind", "kind"}, {"Project", "project_id"}, {"Company", "company_id"}, {"Actor", "actor_id"},
				{"Occurred", "occurred_at"}, {"Accepted", "accepted_at"}, {"Previous", "previous"}, {"Current", "current"}})
			if all := e.list("deliveries"); len(all) > 0 {
				p.line()
				t := &table{printer: p, columns: deliveryColumns}
				t.rows(all)
			}
		})
	})
	c.Example = "  godwit events show evt_0c4q1h7k2m3n5p6r8s9t0v1w2x\n  godwit events show evt_0c4q1h7k2m3n5p6r8s9t0v1w2x --json"
	return c
}

func eventsSearch(f *frame) *cobra.Command {
	var l listFlags
	var when span
	var filter, owner string
	var types, projects []string
	c := f.command("search", "Find events by a condition on what is in them", func(c *cobra.Command, _ []string) error {
		if filter == "" {
			return misused{errors.New("give a condition, such as --filter \"current.priority == 'high'\"; godwit events list finds by type and project")}
		}
		since, until, err := when.read()
		if err != nil {
			return err
		}
		if since == "" {
			since = time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)
		}
		body := map[string]any{"filter": filter, "since": since}
		for name, value := range map[string]string{"until": until, "owner_id": owner} {
			if value != "" {
				body[name] = value
			}
		}
		for name, values := range map[string][]string{"types": types, "projects": projects} {
			if len(values) > 0 {
				body[name] = values
			}
		}
		return f.search(c, l, body)
	})
	l.addTo(c)
	when.addTo(c)
	flags := c.Flags()
	flags.StringVar(&filter, "filter", "", "the condition in CEL, as in a rule of a webhook")
	flags.StringSliceVar(&types, "type", nil, "event types; a * at the end stands for the rest (default all)")
	flags.StringSliceVar(&projects, "project", nil, "projects")
	flags.Lookup("since").Usage += " (default a day)"
	flags.StringVar(&owner, "owner", "", "as this user sees them; only with an admin's key")
	c.Long = "Lists the events for which a condition holds, the newest first, and says on how many it failed."
	c.Example = "  godwit events search --filter \"current.title.contains('Paint')\" --since 7d"
	return c
}

// search asks for page after page of what a condition holds for. A page may be empty
// and yet not be the last: each looks at a part of the past.
func (f *frame) search(c *cobra.Command, l listFlags, body map[string]any) error {
	if l.limit < 1 {
		return misused{errors.New("--limit must be at least 1; --all lists all")}
	}
	t := &table{printer: f.printer(c), columns: eventColumns}
	shown, examined := 0, 0
	for {
		body["limit"] = maxPage
		if !l.all {
			body["limit"] = min(l.limit-shown, maxPage)
		}
		page, err := f.searchPage(c, body)
		if err != nil {
			return err
		}
		for _, failure := range page.list("filter_failures") {
			f.note(c, fmt.Sprintf("On %d events the condition fails: %s", failure.number("count"), failure.text("detail")))
		}
		rows := page.list("data")
		if err := f.rows(c, t, rows); err != nil {
			return err
		}
		shown, examined = shown+len(rows), examined+page.number("examined")
		next := page.text("next_cursor")
		if next == "" || !l.all && shown >= l.limit {
			f.note(c, fmt.Sprintf("%d events found among the %d since %s.", shown, examined, page.show("examined_since")))
			return nil
		}
		body["cursor"] = next
	}
}

// searchTries is how often one page is asked for while nothing can be read.
const searchTries = 3

// searchPage asks for a page, again where the server had no time for it: the pages
// before it need not be searched once more.
func (f *frame) searchPage(c *cobra.Command, body map[string]any) (object, error) {
	for tries := 1; ; tries++ {
		page, err := f.call(c, http.MethodPost, "/v1/events/search", body)
		var failure *cli.Failure
		if !errors.As(err, &failure) || failure.Status != http.StatusServiceUnavailable {
			return page, err
		}
		if tries == searchTries {
			failure.Next = "search again later, or for less: a shorter time (--since, --until), fewer types (--type) or projects (--project)"
			return page, err
		}
		f.note(c, "The server is busy and could read nothing; searching again.")
		select {
		case <-time.After(max(failure.RetryAfter, time.Second)):
		case <-c.Context().Done():
			return page, err
		}
	}
}
