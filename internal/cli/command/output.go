package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// printer writes for people.
type printer struct {
	out   io.Writer
	color bool
	err   error // the first that writing gave
}

func (f *frame) printer(c *cobra.Command) *printer {
	out := c.OutOrStdout()
	return &printer{out: out, color: !f.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(out)}
}

func (p *printer) line(parts ...string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.out, strings.TrimRight(strings.Join(parts, "  "), " "))
	}
}

// document writes what a command found: as one JSON document, or for people.
func (f *frame) document(c *cobra.Command, found any, forPeople func(*printer)) error {
	if f.json {
		return writeJSON(c.OutOrStdout(), found)
	}
	p := f.printer(c)
	forPeople(p)
	return p.err
}

// writeJSON writes a value on one line.
func writeJSON(out io.Writer, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = out.Write(line.Bytes())
	return err
}

// column is one of a table: its head, and the path of its values.
type column struct{ head, path string }

// pairs writes an object as one line a field; empty ones are left out.
func (p *printer) pairs(o object, columns []column) {
	width := 0
	for _, c := range columns {
		width = max(width, utf8.RuneCountInString(c.head))
	}
	for _, c := range columns {
		if value := o.show(c.path); value != "" {
			p.line(pad(c.head, width), p.paint(value))
		}
	}
}

// show is the value at a path: times are shown to the second, in this machine's zone.
func (o object) show(path string) string {
	if strings.HasSuffix(path, "_at") || strings.HasSuffix(path, "since") || path == "at" {
		if at, ok := o.time(path); ok {
			return at.Format("2006-01-02 15:04:05")
		}
	}
	return o.text(path)
}

// table writes rows below their heads.
type table struct {
	*printer
	columns []column
	widths  []int
}

// rows writes some rows; the first call writes the heads and says how wide columns are.
func (t *table) rows(all []object) {
	cells := make([][]string, 0, len(all)+1)
	if first := t.widths == nil; first {
		t.widths = make([]int, len(t.columns))
		heads := make([]string, len(t.columns))
		for i, c := range t.columns {
			heads[i] = c.head
		}
		cells = append(cells, heads)
	}
	for _, o := range all {
		row := make([]string, len(t.columns))
		for i, c := range t.columns {
			row[i] = cut(o.show(c.path), maxCell)
		}
		cells = append(cells, row)
	}
	for _, row := range cells {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range cells {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = t.paint(cell) + strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell))
		}
		t.line(line...)
	}
}

// maxCell is how many characters of a value a table shows; show and --json give all.
const maxCell = 60

func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// The colors of words that say how something stands.
var colors = map[string]string{
	"HEALTHY": "32", "succeeded": "32", "completed": "32", "ok": "32",
	"DEGRADED": "33", "retrying": "33", "pending": "33", "held": "33", "running": "33",
	"UNHEALTHY": "31", "failed": "31", "cancelled": "2",
}

// paint colors a word on a terminal.
func (p *printer) paint(word string) string {
	if code := colors[word]; p.color && code != "" {
		return "\x1b[" + code + "m" + word + "\x1b[0m"
	}
	return word
}
