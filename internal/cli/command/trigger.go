package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// triggerFlags are the flags of godwit trigger.
type triggerFlags struct {
	*frame
	waitFlags
	project, actor, from string
	webhooks, sets       []string
	count                int
	every                time.Duration
}

func triggerCommand(frame *frame) *cobra.Command {
	t := triggerFlags{frame: frame}
	c := frame.command("trigger TYPE", "Make something happen, to see what comes of it", func(c *cobra.Command, args []string) error {
		return t.run(c, args[0])
	})
	flags := c.Flags()
	flags.StringVar(&t.project, "project", "", "the project in which it happens; with a publisher's or an admin's key")
	flags.StringVar(&t.actor, "actor", "", "who does it; with a publisher's or an admin's key")
	flags.StringArrayVar(&t.sets, "set", nil, "a value of the example, as PATH=JSON such as current.title=Paint; may be given again")
	flags.StringVar(&t.from, "from", "", "take the states of this event in the place of the example")
	flags.StringSliceVar(&t.webhooks, "webhook", nil, "test these webhooks alone; with a user's key")
	flags.IntVar(&t.count, "count", 1, "how many times")
	flags.DurationVar(&t.every, "every", time.Second, "the time between two")
	t.waitFlags.addTo(c)
	c.Long = `Sends an event of the type with the states of the catalogue's example.

With a user's key it is a test: it goes to the user's own webhooks and listeners whose
rules name the type, to nobody else, and counts for nothing. With the key of a publisher
or an admin it is a real event in a project, which goes to whoever subscribed.

A path of --set must be one of the example's. A publisher's key can't read the catalogue:
it begins with an empty current state, and any path will do.`
	c.Example = "  godwit trigger TODO_CREATED\n  godwit trigger TODO_CREATED --set current.title=Paint --wait\n" +
		"  godwit trigger TODO_CREATED --project website --count 10 --every 200ms"
	return c
}

func (t *triggerFlags) run(c *cobra.Command, name string) error {
	if t.count < 1 {
		return misused{errors.New("--count must be at least 1")}
	}
	api, err := t.client(c)
	if err != nil {
		return err
	}
	who, err := whoIs(c, api)
	if err != nil {
		return err
	}
	role := who.text("role")
	if err := t.fits(role); err != nil {
		return misused{err}
	}
	s, err := t.states(c.Context(), api, name, role)
	if err == nil {
		err = s.set(t.sets)
	}
	if err != nil {
		return err
	}
	once := func() ([]object, error) { return t.publish(c, api, name, s) }
	if role == "user" {
		if err := t.findWebhooks(c, api, name); err != nil {
			return err
		}
		once = func() ([]object, error) { return t.test(c, api, name, s) }
	}
	var failed error
	for i := range t.count {
		if i > 0 && !pause(c.Context(), t.every) {
			return interrupted{}
		}
		ends, err := once()
		if err != nil {
			return err
		}
		failed = cmp.Or(failed, allSucceeded(ends))
	}
	return failed
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// fits says which flag does not go with a key's role.
func (t *triggerFlags) fits(role string) error {
	switch {
	case role == "user" && t.project+t.actor != "":
		return errors.New("--project and --actor are for real events, which a user's key can't publish; without them it is a test")
	case role != "user" && len(t.webhooks) > 0:
		return errors.New("--webhook is for tests, which a user's key makes; godwit webhooks test sends one with an admin's")
	case role != "user" && t.project == "":
		return errors.New("--project is required: a real event happens in one")
	case role == "publisher" && t.wait:
		return errors.New("--wait needs the key of a user or an admin: a publisher's can't see deliveries")
	case role == "publisher" && t.from != "":
		return errors.New("--from needs the key of a user or an admin: a publisher's can't see events")
	}
	return nil
}

// states gives what the event is made of: another event's states, or the example's.
func (t *triggerFlags) states(ctx context.Context, api *cli.Client, name, role string) (*states, error) {
	if t.from != "" {
		var event object
		err := api.Call(ctx, http.MethodGet, "/v1/events/"+url.PathEscape(t.from), nil, &event)
		return statesOf(event, ""), err
	}
	if role == "publisher" {
		return statesOf(object{}, ""), nil
	}
	found, err := findType(ctx, api, name)
	return statesOf(found, "example."), err
}

// findType looks an event type up in the catalogue.
func findType(ctx context.Context, api *cli.Client, name string) (object, error) {
	var names []string
	query := url.Values{"limit": {"200"}}
	for {
		var page struct {
			Data       []object
			NextCursor *string `json:"next_cursor"`
		}
		if err := api.Call(ctx, http.MethodGet, "/v1/event-types?"+query.Encode(), nil, &page); err != nil {
			return object{}, err
		}
		for _, one := range page.Data {
			if one.text("name") == name {
				return one, nil
			}
			names = append(names, one.text("name"))
		}
		if page.NextCursor == nil {
			break
		}
		query.Set("cursor", *page.NextCursor)
	}
	f := &cli.Failure{Code: cli.ExitNotFound, What: "there is no event type " + name, Next: "godwit event-types list shows them"}
	if near := nearest(name, names); near != "" {
		f.Next = "did you mean " + near + "?"
	}
	return object{}, f
}

// publish sends a real event, and gives the ends of its deliveries when they are waited
// for.
func (t *triggerFlags) publish(c *cobra.Command, api *cli.Client, name string, s *states) ([]object, error) {
	event := map[string]any{"type": name, "project_id": t.project, "previous": s.fields["previous"], "current": s.fields["current"]}
	if t.actor != "" {
		event["actor_id"] = t.actor
	}
	var sent object
	if err := api.Call(c.Context(), http.MethodPost, "/v1/events", event, &sent); err != nil {
		return nil, err
	}
	var ends []object
	if t.wait {
		var err error
		if ends, err = awaitEvent(c.Context(), api, sent.text("id"), t.timeout); err != nil {
			return nil, err
		}
		sent.fields["deliveries"], sent.raw = ends, nil
	}
	return ends, t.document(c, sent, func(p *printer) {
		p.line(fmt.Sprintf("%s  matched %d", sent.text("id"), sent.number("matched")))
		for _, d := range ends {
			p.line("  " + deliveryLine(p, d))
		}
	})
}

// findWebhooks finds those of the user that the type goes to, unless they are named.
func (t *triggerFlags) findWebhooks(c *cobra.Command, api *cli.Client, name string) error {
	if len(t.webhooks) > 0 {
		return nil
	}
	l := listing{path: "/v1/webhooks", listFlags: listFlags{all: true}}
	_, err := pages(c, api, l, func(rows []object) error {
		for _, row := range rows {
			if slices.ContainsFunc(row.list("rules"), func(rule object) bool { return isAbout(rule, name) }) {
				t.webhooks = append(t.webhooks, row.text("id"))
			}
		}
		return nil
	})
	if err == nil && len(t.webhooks) == 0 {
		err = &cli.Failure{Code: cli.ExitNotFound, What: "no webhook and no listener of yours is about " + name,
			Next: "godwit listen 3000 makes a listener, godwit webhooks create a webhook; or name one by --webhook"}
	}
	return err
}

// isAbout says whether a rule, or a part of one that combines, names an event type.
func isAbout(rule object, name string) bool {
	names := func(path string) bool {
		patterns, _ := rule.at(path).([]any)
		return slices.ContainsFunc(patterns, func(pattern any) bool { return stands(textOf(pattern), name) })
	}
	return (names("events") || names("all_of.events")) && !names("not_events")
}

// stands says whether a pattern of a rule, with a * at one end or none, stands for a name.
func stands(pattern, name string) bool {
	if begin, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, begin)
	}
	if end, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(name, end)
	}
	return pattern == name
}

// test sends a test to each webhook, and gives the ends of the deliveries when they are
// waited for.
func (t *triggerFlags) test(c *cobra.Command, api *cli.Client, name string, s *states) (ends []object, err error) {
	for _, webhook := range t.webhooks {
		form := map[string]any{"type": name, "previous": s.fields["previous"], "current": s.fields["current"]}
		end, err := t.sendTest(c, api, webhookTest{webhook, form, t.waitFlags})
		if err != nil {
			return nil, err
		}
		ends = append(ends, end...)
	}
	return ends, nil
}

// webhookTest is a test of one webhook.
type webhookTest struct {
	webhook string
	form    map[string]any
	waitFlags
}

// sendTest sends a test to one webhook.
func (f *frame) sendTest(c *cobra.Command, api *cli.Client, test webhookTest) ([]object, error) {
	var sent object
	if err := api.Call(c.Context(), http.MethodPost, webhookPath(test.webhook, "test"), test.form, &sent); err != nil {
		return nil, err
	}
	sent.fields["webhook_id"], sent.raw = test.webhook, nil
	var ends []object
	if test.wait {
		end, err := awaitDelivery(c.Context(), api, sent.text("delivery_id"), test.timeout)
		if err != nil {
			return nil, err
		}
		ends, sent.fields["delivery"] = []object{end}, end
	}
	return ends, f.document(c, sent, func(p *printer) {
		p.line(fmt.Sprintf("%s  test to %s as %s", sent.text("event_id"), test.webhook, sent.text("delivery_id")))
		for _, d := range ends {
			p.line("  " + deliveryLine(p, d))
		}
	})
}

func webhooksTest(f *frame) *cobra.Command {
	var wait waitFlags
	var name string
	var sets []string
	c := f.command("test WEBHOOK", "Send a test event to one webhook, whatever its rules", func(c *cobra.Command, args []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		form := map[string]any{}
		if name != "" {
			form["type"] = name
		}
		if len(sets) > 0 {
			if name == "" {
				return misused{errors.New("--set needs --type: it changes the type's example")}
			}
			found, err := findType(c.Context(), api, name)
			s := statesOf(found, "example.")
			if err == nil {
				err = s.set(sets)
			}
			if err != nil {
				return err
			}
			form["previous"], form["current"] = s.fields["previous"], s.fields["current"]
		}
		ends, err := f.sendTest(c, api, webhookTest{args[0], form, wait})
		if err != nil {
			return err
		}
		return allSucceeded(ends)
	})
	wait.addTo(c)
	c.Flags().StringVar(&name, "type", "", "event type (default the first that the webhook's rules name)")
	c.Flags().StringArrayVar(&sets, "set", nil, "a value of the example, as PATH=JSON such as current.title=Paint; may be given again")
	c.Example = "  godwit webhooks test wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --type TODO_CREATED --set current.title=Paint --wait"
	return c
}
