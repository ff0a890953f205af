package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/cli"
)

const (
	// completionAge is how long what a completion has read is used again: a person
	// presses the key several times in a row.
	completionAge = 60 * time.Second
	// completionTime bounds one completion: a person waits for it.
	completionTime = 2 * time.Second
)

// source says where the values of an argument or a flag come from.
type source struct{ path, value, about string }

// The sources of values: of arguments, by their names in the usage, and of flags.
var (
	argSources = map[string]source{
		"WEBHOOK":  {"/v1/webhooks?limit=200", "id", "name"},
		"EVENT":    {"/v1/events?limit=50", "id", "type"},
		"DELIVERY": {"/v1/deliveries?limit=50", "id", "event_type"},
		"TYPE":     {"/v1/event-types?limit=200", "name", "title"},
		"KEY":      {"/v1/api-keys?limit=200", "id", "name"},
		"PROJECT":  {"/v1/projects?limit=200", "id", "name"},
	}
	flagSources = map[string]string{"webhook": "WEBHOOK", "event": "EVENT", "from": "EVENT", "type": "TYPE", "events": "TYPE", "project": "PROJECT", "projects": "PROJECT"}
)

// completes has every command below c complete what its arguments and flags name.
func completes(f *frame, c *cobra.Command) {
	for _, sub := range c.Commands() {
		completes(f, sub)
	}
	words := strings.Fields(c.Use)[1:]
	if c.ValidArgsFunction == nil && c.ValidArgs == nil && !c.HasSubCommands() {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) < len(words) {
				if from, known := argSources[words[len(args)]]; known {
					return f.values(c, from), cobra.ShellCompDirectiveNoFileComp
				}
				if strings.Contains(words[len(args)], "FILE") {
					return nil, cobra.ShellCompDirectiveDefault
				}
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	c.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		from, known := argSources[flagSources[flag.Name]]
		if !known || flag.Value.Type() == "string" && flag.Name == "events" {
			return
		}
		_ = c.RegisterFlagCompletionFunc(flag.Name, func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return f.values(c, from), cobra.ShellCompDirectiveNoFileComp
		}) // only a flag that is not there is an error
	})
}

// values gives what can be completed; nothing where Godwit does not answer.
func (f *frame) values(c *cobra.Command, from source) []string {
	s, err := cli.Resolve(f.flags, os.Getenv)
	if err != nil || s.Key == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(s.URL + "\x00" + s.Key + "\x00" + from.path))
	dir, err := os.UserCacheDir()
	cached := filepath.Join(dir, "godwit", hex.EncodeToString(sum[:])+".json")
	var values []string
	if err == nil && readCached(cached, &values) {
		return values
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), completionTime)
	defer cancel()
	var page struct{ Data []object }
	api := &cli.Client{URL: s.URL, Key: s.Key}
	if api.Call(ctx, http.MethodGet, from.path, nil, &page) != nil {
		return nil
	}
	for _, one := range page.Data {
		values = append(values, one.text(from.value)+"\t"+one.text(from.about))
	}
	if raw, wrong := json.Marshal(values); err == nil && wrong == nil {
		_ = cli.WritePrivate(cached, raw) // it is only quicker with it
	}
	return values
}

// readCached reads what was written not long ago.
func readCached(name string, values *[]string) bool {
	info, err := os.Stat(name)
	if err != nil || time.Since(info.ModTime()) > completionAge {
		return false
	}
	raw, err := os.ReadFile(name)
	return err == nil && json.Unmarshal(raw, values) == nil
}
