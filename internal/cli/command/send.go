package command

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

const (
	// maxBatch and maxBatchBytes bound one request of events: the API takes 500 of them
	// and 8 MiB.
	maxBatch      = 500
	maxBatchBytes = 6 << 20
	// maxEventLine bounds one line; the API takes events of 256 KiB.
	maxEventLine = 1 << 20
	// sendTries is how often a batch is sent when Godwit can't be reached or is busy;
	// the ids keep its events from being published twice.
	sendTries = 5
)

// inBatch is how a pointer to a part of an event begins.
var inBatch = regexp.MustCompile(`^/events/\d+`)

// sending sends events in batches.
type sending struct {
	*frame
	c   *cobra.Command
	api *cli.Client

	batch []json.RawMessage
	lines []int // where each is in the input
	size  int

	sent, matched, duplicates, refused int
}

func eventsSend(f *frame) *cobra.Command {
	c := f.command("send FILE", "Publish events, one JSON object a line", func(c *cobra.Command, args []string) error {
		api, err := f.client(c)
		if err != nil {
			return err
		}
		in := c.InOrStdin()
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return misused{err}
			}
			defer file.Close()
			in = file
		}
		s := &sending{frame: f, c: c, api: api}
		return s.run(in)
	})
	c.Long = `Publishes the events of a file (- is standard input), one JSON object a line as POST
/v1/events takes it, in batches of 500. An event without an id is given one, so that a
batch whose answer got lost can be sent again and nothing is published twice.

An event that is refused does not stop the others: it is named with its line, and the
exit code is 6.`
	c.Example = "  godwit events send events.ndjson\n" +
		"  echo '{\"type\":\"TODO_CREATED\",\"project_id\":\"website\",\"current\":{\"id\":\"todo-1\"}}' | godwit events send -"
	return c
}

func (s *sending) run(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxEventLine)
	run := rand.Text()
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		event, err := withID(line, fmt.Sprintf("cli-%s-%d", run, n))
		if err != nil {
			return cmp.Or(s.flush(), error(&cli.Failure{Code: cli.ExitInvalid, What: fmt.Sprintf("line %d %s", n, err),
				Next: fmt.Sprintf("the %d lines before it were sent", n-1)}))
		}
		if len(s.batch) == maxBatch || s.size+len(event) > maxBatchBytes {
			if err := s.flush(); err != nil {
				return err
			}
		}
		s.batch, s.lines, s.size = append(s.batch, event), append(s.lines, n), s.size+len(event)
	}
	if err := lines.Err(); err != nil {
		return cmp.Or(s.flush(), error(&cli.Failure{Code: cli.ExitInvalid, What: "the events can't be read: " + err.Error(), Next: "each is on one line of up to 1 MiB"}))
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.note(s.c, fmt.Sprintf("Sent: %d, deliveries: %d, sent before: %d, refused: %d.", s.sent, s.matched, s.duplicates, s.refused))
	if s.refused > 0 {
		return &cli.Failure{Code: cli.ExitInvalid, What: fmt.Sprintf("refused events: %d", s.refused), Next: "they are named above by their lines"}
	}
	return nil
}

// withID gives an event that has an id. Its other bytes stay as they are: the receiver
// gets the states so.
func withID(line []byte, id string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil || fields == nil {
		return nil, errors.New("is no JSON object")
	}
	own, there := fields["id"]
	if string(own) == "null" {
		return nil, errors.New("has an id that is null; leave it out, or give one")
	}
	if !there {
		rest := bytes.TrimSpace(line[1:])
		comma := ","
		if rest[0] == '}' {
			comma = ""
		}
		return fmt.Appendf(nil, `{"id":%q%s%s`, id, comma, rest), nil
	}
	return bytes.Clone(line), nil
}

// flush sends what is gathered.
func (s *sending) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	var answer struct{ Results []object }
	for try := 1; ; try++ {
		err := s.api.Call(s.c.Context(), http.MethodPost, "/v1/events/batch", map[string]any{"events": s.batch}, &answer)
		var f *cli.Failure
		if errors.As(err, &f) && f.Code == cli.ExitUnreachable && try < sendTries {
			if pause(s.c.Context(), max(f.RetryAfter, time.Second<<(try-1))) {
				continue
			}
			return interrupted{}
		}
		if err != nil {
			return s.stopped(err)
		}
		break
	}
	for i, result := range answer.Results {
		if err := s.result(s.lines[i], result); err != nil {
			return err
		}
	}
	s.batch, s.lines, s.size = nil, nil, 0
	return nil
}

// stopped says in which line to begin again: the ids that events are given are others
// each time.
func (s *sending) stopped(err error) error {
	var f *cli.Failure
	if !errors.As(err, &f) {
		return err
	}
	first, last := s.lines[0], s.lines[len(s.lines)-1]
	where := fmt.Sprintf("lines from %d on were not sent", first)
	if f.Code == cli.ExitUnreachable {
		where = fmt.Sprintf("lines from %d on were not sent, or it is not known for those up to %d", first, last)
	}
	stopped := *f
	stopped.Next = strings.TrimPrefix(f.Next+"; "+where, "; ")
	return &stopped
}

// result tells of one event.
func (s *sending) result(line int, r object) error {
	switch {
	case r.at("error") != nil:
		s.refused++
		detail := r.text("error.detail")
		for _, field := range r.list("error.errors") {
			detail = inBatch.ReplaceAllString(field.text("pointer"), "") + " " + field.text("detail")
		}
		s.note(s.c, fmt.Sprintf("line %d: %s", line, detail))
	case r.text("duplicate") == "yes":
		s.duplicates++
	default:
		s.sent++
		s.matched += r.number("matched")
	}
	if !s.json {
		return nil
	}
	r.fields["line"], r.raw = line, nil
	return writeJSON(s.c.OutOrStdout(), r)
}
