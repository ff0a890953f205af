package command

import (
	"errors"
	"net/url"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

func openCommand(f *frame) *cobra.Command {
	var printOnly bool
	c := f.command("open [webhook|delivery|event] [ID]", "Open a page of the web app", func(c *cobra.Command, args []string) error {
		api, err := f.open(c)
		if err != nil {
			return err
		}
		path, err := pageOf(args)
		if err != nil {
			return misused{err}
		}
		at := api.URL + path
		if !printOnly && isTerminal(c.OutOrStdout()) {
			browse(at)
		}
		return f.document(c, map[string]string{"url": at}, func(p *printer) { p.line(at) })
	})
	c.Flags().BoolVar(&printOnly, "print", false, "print the address and open nothing")
	c.Long = "Prints the address of a page of the web app and, on a terminal, opens it in a browser."
	c.Example = "  godwit open\n  godwit open webhook wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --print"
	c.ValidArgs = []string{"webhook", "delivery", "event"}
	return c
}

// pagesOf are those that an id leads to, by how ids of Godwit begin and by their names.
var pagesOf = []struct{ prefix, kind, path string }{
	{"wh_", "webhook", "/webhooks"}, {"dlv_", "delivery", "/deliveries"}, {"evt_", "event", "/events"},
}

// pageOf is the path of a page of the web app.
func pageOf(args []string) (string, error) {
	if len(args) == 0 {
		return "/webhooks", nil
	}
	for _, page := range pagesOf {
		switch {
		case args[0] == page.kind && len(args) == 2:
			return page.path + "/" + url.PathEscape(args[1]), nil
		case args[0] == page.kind:
			return page.path, nil
		case strings.HasPrefix(args[0], page.prefix) && len(args) == 1:
			return page.path + "/" + url.PathEscape(args[0]), nil
		}
	}
	return "", errors.New("name what to open: webhook, delivery or event, and its id")
}

// browse opens an address in the person's browser. Where that fails the printed address
// is all that there is.
func browse(at string) {
	program := map[string][]string{
		"darwin":  {"open"},
		"windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if program == nil {
		program = []string{"xdg-open"}
	}
	cmd := exec.Command(program[0], append(program[1:], at)...) //nolint:gosec // the address begins with that of the installation
	if cmd.Start() == nil {
		go cmd.Wait() //nolint:errcheck // a browser may end as it likes
	}
}
