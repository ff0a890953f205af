package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// ruleFlags say what a webhook is about.
type ruleFlags struct {
	events, projects, companies []string
	filter, file                string
}

func (r *ruleFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&r.events, "events", nil, "event types, separated by commas; a * at the end stands for the rest")
	flags.StringSliceVar(&r.projects, "projects", nil, "projects (default all of the user)")
	flags.StringSliceVar(&r.companies, "companies", nil, "companies")
	flags.StringVar(&r.filter, "filter", "", "a condition in CEL, such as \"current.priority == 'high'\"")
	flags.StringVar(&r.file, "rules", "", "file with a JSON list of rules, for more than one; - is standard input")
	for _, one := range []string{"events", "projects", "companies", "filter"} {
		c.MarkFlagsMutuallyExclusive("rules", one)
	}
}

// given says whether any of the flags was.
func (r *ruleFlags) given() bool {
	return len(r.events)+len(r.projects)+len(r.companies) > 0 || r.filter != "" || r.file != ""
}

// rules gives the rules as the API takes them.
func (r *ruleFlags) rules(in io.Reader) (any, error) {
	if r.file != "" {
		raw, err := readFile(r.file, in)
		if err != nil {
			return nil, misused{err}
		}
		var rules []json.RawMessage
		if json.Unmarshal(raw, &rules) != nil {
			return nil, misused{fmt.Errorf("%s is no JSON list of rules, such as [{\"events\":[\"TODO_*\"]}]", r.file)}
		}
		return rules, nil
	}
	if len(r.events) == 0 {
		return nil, misused{errors.New("say which events, by --events 'TODO_*', or --rules FILE")}
	}
	rule := map[string]any{"events": r.events}
	if len(r.projects) > 0 {
		rule["projects"] = r.projects
	}
	if len(r.companies) > 0 {
		rule["companies"] = r.companies
	}
	if r.filter != "" {
		rule["filter"] = r.filter
	}
	return []any{rule}, nil
}

// maxFile bounds a file that is read into memory.
const maxFile = 8 << 20

// readFile reads a file; - is standard input.
func readFile(name string, in io.Reader) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return text, err
}
