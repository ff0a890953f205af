package command

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
	"godwit/internal/hook"
)

// playCommand is a receiver on this machine; its subcommands are about the addresses
// of the installation's play receiver.
func playCommand(f *frame) *cobra.Command {
	c := playLocal(f)
	c.AddCommand(playNew(f), playList(f), playRequests(f), playDelete(f))
	return c
}

func playNew(f *frame) *cobra.Command {
	var owner string
	c := f.command("new", "Make an address of Godwit's own test receiver, and print it", func(c *cobra.Command, _ []string) error {
		form := map[string]any{}
		if owner != "" {
			form["owner_id"] = owner
		}
		a, err := f.call(c, http.MethodPost, "/v1/play", form)
		if err != nil {
			return err
		}
		return f.document(c, a, func(p *printer) { p.line(a.text("url")) })
	})
	c.Flags().StringVar(&owner, "owner", "", "the user who sees what comes; only with an admin's key")
	c.Long = "Makes an address that shows what comes to it, with the result of the signature check.\nGive it to a webhook as its URL. It goes 7 days after its last request."
	c.Example = "  godwit play new\n  godwit webhooks create --name try --events 'TODO_*' --url \"$(godwit play new)\""
	return c
}

func playList(f *frame) *cobra.Command {
	var owner string
	c := f.command("list", "List the addresses of the test receiver", func(c *cobra.Command, _ []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		all, err := addresses(c, api, owner)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			f.note(c, "There are no addresses; godwit play new makes one.")
			return nil
		}
		if f.json {
			for _, a := range all {
				if err := writeJSON(c.OutOrStdout(), a); err != nil {
					return err
				}
			}
			return nil
		}
		t := &table{printer: f.printer(c), columns: []column{{"ID", "id"}, {"OWNER", "owner_id"}, {"REQUESTS", "received"}, {"GOES", "expires_at"}, {"URL", "url"}}}
		t.rows(all)
		return t.err
	})
	c.Flags().StringVar(&owner, "owner", "", "those of one user; only with an admin's key")
	c.Example = "  godwit play list"
	return c
}

func playDelete(f *frame) *cobra.Command {
	c := f.command("delete ADDRESS", "Delete an address of the test receiver with what came to it", func(c *cobra.Command, args []string) error {
		id, err := addressID(args[0])
		if err != nil {
			return err
		}
		if err := f.confirmed(c, "Delete "+id+"? What is sent to it from then on fails."); err != nil {
			return err
		}
		if _, err := f.call(c, http.MethodDelete, "/v1/play/"+id, nil); err != nil {
			return err
		}
		return f.done(c, id, "deleted")
	})
	yes(c)
	c.Example = "  godwit play delete play_0c4q1h7k2m3n5p6r8s9t0v1w2x --yes"
	return c
}

// addressID takes the id of an address, or its URL.
func addressID(text string) (string, error) {
	id := text
	if i := strings.LastIndex(text, hook.PlayPath); i >= 0 {
		id, _, _ = strings.Cut(text[i+len(hook.PlayPath):], "?")
	}
	if !hook.ValidPlayID(id) {
		return "", misused{fmt.Errorf("%q is neither the id nor the URL of an address of the test receiver; godwit play list lists them", text)}
	}
	return id, nil
}

// arrivals follows what comes to an address.
type arrivals struct {
	*frame
	follow  bool
	once    int
	timeout time.Duration
	wrong   bool // the signature of one did not fit
}

func playRequests(f *frame) *cobra.Command {
	a := arrivals{frame: f}
	c := f.command("requests [ADDRESS]", "Show what came to an address, with the result of the signature check", func(c *cobra.Command, args []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		id, err := a.address(c, api, args)
		if err != nil {
			return err
		}
		return a.run(c, api, id)
	})
	flags := c.Flags()
	flags.BoolVarP(&a.follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	flags.IntVar(&a.once, "once", 0, "wait for so many requests; exit code 1 where the signature of one does not fit")
	flags.DurationVar(&a.timeout, "timeout", time.Minute, "how long --once waits")
	c.Long = "Shows what came to an address, the oldest first; without ADDRESS to the newest one. The\nlast 100 requests of 24 hours are kept."
	c.Example = "  godwit play requests --follow\n  godwit play requests play_0c4q1h7k2m3n5p6r8s9t0v1w2x --once 1 --json"
	return c
}

// address is the one that was named, or the newest.
func (a *arrivals) address(c *cobra.Command, api *cli.Client, args []string) (string, error) {
	if len(args) > 0 {
		return addressID(args[0])
	}
	all, err := addresses(c, api, "")
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", &cli.Failure{Code: cli.ExitNotFound, What: "there is no address", Next: "godwit play new makes one"}
	}
	return all[0].text("id"), nil
}

// addresses are those of a user, or all that the key may see.
func addresses(c *cobra.Command, api *cli.Client, owner string) ([]object, error) {
	path := "/v1/play"
	if owner != "" {
		path += "?" + url.Values{"owner_id": {owner}}.Encode()
	}
	var all struct {
		Data []object `json:"data"`
	}
	err := api.Call(c.Context(), http.MethodGet, path, nil, &all)
	return all.Data, err
}

func (a *arrivals) run(c *cobra.Command, api *cli.Client, id string) error {
	seen, until := map[string]bool{}, time.Now().Add(a.timeout)
	for {
		var rows []object
		l := listing{path: "/v1/play/" + id + "/requests", listFlags: listFlags{limit: hook.MaxPlayRequests}}
		if _, err := pages(c, api, l, func(page []object) error { rows = append(rows, page...); return nil }); err != nil {
			return err
		}
		for _, r := range slices.Backward(rows) {
			if key := r.text("id"); !seen[key] && (a.once == 0 || len(seen) < a.once) {
				seen[key] = true
				if err := a.tell(c, r); err != nil {
					return err
				}
			}
		}
		switch {
		case a.once == 0 && !a.follow, a.once > 0 && len(seen) >= a.once:
			return a.end(c, len(seen))
		case a.once > 0 && time.Now().After(until):
			return fmt.Errorf("%d of %d requests came within %s", len(seen), a.once, a.timeout)
		case !pause(c.Context(), tailEvery):
			return interrupted{}
		}
	}
}

func (a *arrivals) end(c *cobra.Command, shown int) error {
	switch {
	case shown == 0:
		a.note(c, "Nothing came yet; --follow waits for it.")
	case a.once > 0 && a.wrong:
		return refused{errors.New("a signature does not fit")}
	}
	return nil
}

func (a *arrivals) tell(c *cobra.Command, r object) error {
	a.wrong = a.wrong || r.text("check.code") != "ok"
	if a.json {
		return writeJSON(c.OutOrStdout(), r)
	}
	p := a.printer(c)
	at, _ := r.time("received_at")
	p.line(arrivalLine(p, arrival{at: at, method: r.text("method"), event: r.text("headers.Godwit-Event"), id: r.text("event_id"), status: r.number("status_code"),
		code: r.text("check.code"), detail: r.text("check.detail"), remedy: r.text("check.remedy")}))
	return p.err
}

// arrival is a request that came.
type arrival struct {
	at                                      time.Time
	method, event, id, code, detail, remedy string
	status                                  int
}

// arrivalLine is one line, and another where the signature does not fit.
func arrivalLine(p *printer, a arrival) string {
	word := "signature fits"
	if a.code != "ok" {
		word = a.code
	}
	line := fmt.Sprintf("%s  %-6s %s  %s  %d  %s", a.at.Local().Format("15:04:05.000"), a.method, pad(cut(clean(a.event), 24), 24), pad(cut(clean(a.id), 28), 28), a.status, p.verdict(word, a.code == "ok"))
	if a.code != "ok" && a.detail != "" {
		line += "\n              " + strings.TrimSpace(a.detail+" "+a.remedy)
	}
	return line
}

// verdict is green or red on a terminal.
func (p *printer) verdict(word string, good bool) string {
	if !p.color {
		return word
	}
	if good {
		return "\x1b[32m" + word + "\x1b[0m"
	}
	return "\x1b[31m" + word + "\x1b[0m"
}
