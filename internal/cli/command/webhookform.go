package command

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

// webhookFlags are the fields of a webhook.
type webhookFlags struct {
	name, url, format, owner, secretFile string
	headers, withoutHeaders              []string
	rules                                ruleFlags
	off                                  bool
}

func (w *webhookFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&w.name, "name", "", "name for people")
	flags.StringVar(&w.url, "url", "", "where deliveries go; GODWIT_URL or the profile say where Godwit is")
	flags.StringVar(&w.format, "format", "", "standard, blue, cloudevents, slack, discord or teams")
	flags.StringArrayVar(&w.headers, "header", nil, "an additional request header, as name=value; may be given again")
	w.rules.addTo(c)
}

// parseHeaders reads headers that are given as name=value.
func parseHeaders(given []string) (map[string]any, error) {
	out := map[string]any{}
	for _, one := range given {
		name, value, found := strings.Cut(one, "=")
		if !found || name == "" {
			return nil, misused{fmt.Errorf("--header must be name=value, such as --header 'X-Team=crm'")}
		}
		out[name] = value
	}
	return out, nil
}

// form gives the fields that were given.
func (w *webhookFlags) form(c *cobra.Command) (map[string]any, error) {
	form := map[string]any{}
	for field, value := range map[string]string{"name": w.name, "url": w.url, "payload_format": w.format, "owner_id": w.owner} {
		if value != "" {
			form[field] = value
		}
	}
	headers, err := parseHeaders(w.headers)
	if err != nil {
		return nil, err
	}
	for _, name := range w.withoutHeaders {
		headers[name] = nil // a merge patch removes what is null
	}
	if len(headers) > 0 {
		form["headers"] = headers
	}
	if w.rules.given() {
		if form["rules"], err = w.rules.rules(c.InOrStdin()); err != nil {
			return nil, err
		}
	}
	return form, nil
}

func webhooksCreate(f *frame) *cobra.Command {
	var w webhookFlags
	c := f.command("create", "Make a webhook; its secret is shown this once", func(c *cobra.Command, _ []string) error {
		form, err := w.form(c)
		if err == nil && form["rules"] == nil {
			_, err = w.rules.rules(c.InOrStdin()) // says what is missing
		}
		if err != nil {
			return err
		}
		if w.off {
			form["enabled"] = false
		}
		out, err := secretFile(w.secretFile)
		if err != nil {
			return err
		}
		made, err := f.call(c, http.MethodPost, "/v1/webhooks", form)
		if err != nil {
			return errors.Join(err, out.discard())
		}
		if err := out.keep(&made); err != nil {
			return err
		}
		return f.showWebhook(c, made)
	})
	w.addTo(c)
	c.Flags().StringVar(&w.owner, "owner", "", "the user whose webhook it is; only with an admin's key")
	c.Flags().StringVar(&w.secretFile, "secret-file", "", "new file that the secret is written to (mode 0600), and printed nowhere")
	c.Flags().BoolVar(&w.off, "disabled", false, "make it switched off; what matches is held")
	c.Example = "  godwit webhooks create --name CRM --url https://example.com/hook --events 'TODO_*' --projects website\n" +
		"  godwit webhooks create --name CRM --url https://example.com/hook --rules rules.json --secret-file secret.txt"
	return c
}

func webhooksUpdate(f *frame) *cobra.Command {
	var w webhookFlags
	c := f.command("update WEBHOOK", "Change a webhook; what is not given stays", func(c *cobra.Command, args []string) error {
		form, err := w.form(c)
		if err == nil && len(form) == 0 {
			err = misused{errors.New("say what to change, such as --name or --events")}
		}
		if err != nil {
			return err
		}
		api, err := f.client(c)
		if err != nil {
			return err
		}
		header, err := api.Do(c.Context(), cli.Request{Method: http.MethodGet, Path: webhookPath(args[0])}, nil)
		if err != nil {
			return err
		}
		var changed object
		patch := cli.Request{Method: http.MethodPatch, Path: webhookPath(args[0]), Body: form, IfMatch: header.Get("ETag")}
		if _, err := api.Do(c.Context(), patch, &changed); err != nil {
			return err
		}
		return f.showWebhook(c, changed)
	})
	w.addTo(c)
	c.Flags().StringArrayVar(&w.withoutHeaders, "without-header", nil, "an additional request header that is to go; may be given again")
	c.Long = "Changes what is given and leaves the rest. Rules are replaced as a whole. When another\nperson changes the webhook at the same time, it is exit code 5 and nothing is changed."
	c.Example = "  godwit webhooks update wh_0c4q1h7k2m3n5p6r8s9t0v1w2x --name 'CRM, new' --header X-Team=crm"
	return c
}

// secretOutput is a file that a secret is written to; nil = there is none.
type secretOutput struct{ file *os.File }

// secretFile makes the file before the secret is made: one that can't be written must
// not cost a secret.
func secretFile(name string) (*secretOutput, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, misused{fmt.Errorf("the file for the secret can't be made: %w", err)}
	}
	return &secretOutput{file}, nil
}

// keep writes the secret of a webhook and takes it out of what is shown.
func (s *secretOutput) keep(w *object) error {
	if s == nil {
		return nil
	}
	secret, _ := w.fields["secret"].(string)
	_, err := fmt.Fprintln(s.file, secret)
	if err = errors.Join(err, s.file.Close()); err != nil {
		return fmt.Errorf("the secret could not be written: %w; rotate-secret makes another one", err)
	}
	delete(w.fields, "secret")
	w.raw = nil
	return nil
}

func (s *secretOutput) discard() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
