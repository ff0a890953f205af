package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
	"godwit/internal/cli/listen"
)

// listenFlags are the flags of godwit listen.
type listenFlags struct {
	*frame
	forwardTo, path             string
	events, projects, companies []string
	filter, name, owner, format string
	headers                     map[string]string
	retries, takeOver           bool
	keep                        time.Duration
	printSecret                 bool
	external, insecure, noKeys  bool
	once                        int
	timeout, exitAfter          time.Duration
}

func listenCommand(frame *frame) *cobra.Command {
	f := listenFlags{frame: frame}
	c := &cobra.Command{
		Use:   "listen [PORT]",
		Short: "Bring deliveries to a receiver on this machine, without a public URL",
		Long: `Listens to events as a webhook does, and makes each delivery's request to a
receiver on this machine, byte for byte and with its signature. While nothing
listens on the port, or this command does not run, Godwit keeps what matches.

Each delivery makes one attempt and bears on no health. The listener is removed
when the command ends; with --keep it stays for that time, and what matches is held.`,
		Example: `  godwit listen 3000 --path /hook
  godwit listen --forward-to http://localhost:3000/hook --events 'TODO_*' --projects website
  WEBHOOK_SECRET=$(godwit listen --print-secret) npm test`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && f.forwardTo != "" || len(args) == 0 && f.forwardTo == "" && !f.printSecret {
				return misused{errors.New("say where deliveries go: a port, or --forward-to URL")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.addTo(c)
	return c
}

func (f *listenFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.forwardTo, "forward-to", "", "where deliveries go, in the place of a port")
	flags.StringVar(&f.path, "path", "", "the path behind the port")
	flags.StringSliceVar(&f.events, "events", []string{"*"}, "event types; a * at the end stands for the rest")
	flags.StringSliceVar(&f.projects, "projects", nil, "projects (default all of the user)")
	flags.StringSliceVar(&f.companies, "companies", nil, "companies")
	flags.StringVar(&f.filter, "filter", "", "a condition in CEL, such as \"current.priority == 'high'\"")
	flags.StringVar(&f.name, "name", "", "tells your listeners apart (default the name of this machine)")
	flags.StringVar(&f.owner, "owner", "", "the user who listens; only with an admin's key")
	flags.StringVar(&f.format, "format", "", "standard, blue, cloudevents, slack, discord or teams")
	flags.StringToStringVar(&f.headers, "header", nil, "an additional request header, as name=value")
	flags.BoolVar(&f.retries, "retries", false, "repeat failed attempts by the usual schedule")
	flags.BoolVar(&f.takeOver, "take-over", false, "take the name over from what listens as it")
	flags.DurationVar(&f.keep, "keep", 0, "keep the listener so long after the end, and hold what matches")
	flags.BoolVar(&f.printSecret, "print-secret", false, "print the signing secret and do nothing else")
	flags.IntVar(&f.once, "once", 0, "end after so many deliveries")
	flags.DurationVar(&f.timeout, "timeout", 0, "end after this time; with --once it is exit code 1")
	flags.DurationVar(&f.exitAfter, "exit-after-disconnect", 0, "end when there was no connection for this time")
	flags.BoolVar(&f.external, "allow-external", false, "forward to other machines, too")
	flags.BoolVar(&f.noKeys, "no-keys", false, "take no keys, also on a terminal")
	flags.BoolVar(&f.insecure, "insecure", false, "accept any certificate of the receiver")
}

// form is the body of POST /v1/listeners.
func (f *listenFlags) form() map[string]any {
	rule := map[string]any{"events": f.events}
	if len(f.projects) > 0 {
		rule["projects"] = f.projects
	}
	if len(f.companies) > 0 {
		rule["companies"] = f.companies
	}
	if f.filter != "" {
		rule["filter"] = f.filter
	}
	form := map[string]any{"name": f.name, "rules": []any{rule}, "retries": f.retries, "take_over": f.takeOver}
	for name, value := range map[string]string{"owner_id": f.owner, "payload_format": f.format} {
		if value != "" {
			form[name] = value
		}
	}
	if len(f.headers) > 0 {
		form["headers"] = f.headers
	}
	if f.keep > 0 {
		form["keep_seconds"] = int(f.keep.Seconds())
	}
	return form
}

// what says what is listened to, for people.
func (f *listenFlags) what() string {
	text := strings.Join(f.events, ", ")
	if in := slices.Concat(f.projects, f.companies); len(in) > 0 {
		text += " in " + strings.Join(in, ", ")
	}
	if f.filter != "" {
		text += " where " + f.filter
	}
	return text
}

func (f *listenFlags) run(c *cobra.Command, args []string) error {
	api, err := f.client(c)
	if err != nil {
		return err
	}
	if f.name == "" {
		f.name = machineName()
	}
	if f.printSecret {
		return f.secret(c, api)
	}
	to := f.forwardTo
	if len(args) == 1 {
		to = args[0]
	}
	target, err := listen.Target(to, f.path)
	if err != nil {
		return misused{err}
	}
	ctx, interrupt := context.WithCancel(c.Context())
	defer interrupt()
	err = listen.Run(ctx, listen.Options{
		API: api, Target: target, Form: f.form(), Name: f.name, What: f.what(), External: f.external, Insecure: f.insecure,
		Once: f.once, Timeout: f.timeout, ExitAfter: f.exitAfter, Stay: f.keep > 0,
		Out: &listen.Report{Out: c.OutOrStdout(), JSON: f.json}, Terminal: f.terminal(c, interrupt),
	})
	if err == nil && ctx.Err() != nil {
		return interrupted{}
	}
	return err
}

// terminal is where a person presses keys; nil = nobody does.
func (f *listenFlags) terminal(c *cobra.Command, interrupt func()) *listen.Terminal {
	in, out := c.InOrStdin(), c.OutOrStdout()
	if f.json || f.noKeys || !isTerminal(in) || !isTerminal(out) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &listen.Terminal{In: in.(*os.File), Out: out.(*os.File), Browse: browse, Interrupt: interrupt}
}

// secret prints the signing secret. A listener that it makes for that is removed.
func (f *listenFlags) secret(c *cobra.Command, api *cli.Client) error {
	var all struct{ Data []struct{ Name string } }
	if err := api.Call(c.Context(), http.MethodGet, "/v1/listeners?"+url.Values{"owner_id": {f.owner}}.Encode(), nil, &all); err != nil {
		return err
	}
	there := false
	for _, l := range all.Data {
		there = there || l.Name == f.name
	}
	form := f.form()
	form["as_is"] = true // whoever listens goes on
	opened, err := listen.Open(c.Context(), api, form)
	if err != nil {
		return err
	}
	if !there {
		if err := api.Call(context.WithoutCancel(c.Context()), http.MethodDelete, "/v1/listeners/"+opened.ID, nil, nil); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), opened.Secret)
	return err
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// machineName is the name of this machine as a listener's.
func machineName() string {
	host, err := os.Hostname()
	first, _, _ := strings.Cut(strings.ToLower(host), ".")
	name := strings.Trim(notInNames.ReplaceAllString(first, "-"), "-")
	if name = strings.Trim(name[:min(len(name), 63)], "-"); err != nil || name == "" {
		return "laptop"
	}
	return name
}
