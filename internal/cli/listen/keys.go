package listen

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/term"

	"godwit/internal/cli"
)

// keysHelp is the last line on a terminal.
const keysHelp = "↑↓ choose · r resend · d details · o open · c copy curl · p pause · q quit"

// maxShown is how many deliveries can be chosen, and maxDetails how many bytes of a body
// are shown.
const (
	maxShown   = 200
	maxDetails = 4 << 10
)

// Terminal is where a person reads what is reported and presses keys.
type Terminal struct {
	In, Out *os.File
	// Browse opens an address in a browser; Interrupt does what Ctrl-C does, which this
	// mode of a terminal gives as a key.
	Browse    func(address string)
	Interrupt func()
}

// width is how many characters fit into a line.
func (t Terminal) width() int {
	if width, _, err := term.GetSize(int(t.Out.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// shown is a delivery that was reported.
type shown struct {
	delivery delivery
	result   result
	line     string
}

// keyboard carries out what a person presses.
type keyboard struct {
	*session
	terminal Terminal
}

// keys takes what a person presses, where there is a terminal, until restore is called.
func (s *session) keys(ctx context.Context) (restore func(), err error) {
	if s.Terminal == nil {
		return func() {}, nil
	}
	in := int(s.Terminal.In.Fd())
	before, err := term.MakeRaw(in)
	if err != nil {
		return nil, &cli.Failure{Code: cli.ExitNo, What: "the terminal takes no keys", Why: err.Error(), Next: "--no-keys does without"}
	}
	s.Out.begin(s.Terminal)
	k := &keyboard{s, *s.Terminal}
	go k.watch(ctx)
	return func() { s.Out.end(); _ = term.Restore(in, before) }, nil
}

// watch reads keys until ctx ends.
func (k *keyboard) watch(ctx context.Context) {
	buf := make([]byte, 64)
	for ctx.Err() == nil {
		n, err := k.terminal.In.Read(buf)
		if err != nil {
			return
		}
		k.press(ctx, string(buf[:n]))
	}
}

// press carries out the keys of one read.
func (k *keyboard) press(ctx context.Context, keys string) {
	for keys != "" {
		key := keys[:1]
		if strings.HasPrefix(keys, "\x1b[") && len(keys) > 2 {
			key = keys[:3]
		}
		keys = keys[len(key):]
		switch key {
		case "\x1b[A":
			k.Out.choose(-1)
		case "\x1b[B":
			k.Out.choose(1)
		case "p":
			k.pause()
		case "q":
			k.enough()
		case "\x03":
			k.terminal.Interrupt()
		case "r", "d", "o", "c":
			if one, ok := k.Out.chosen(); ok {
				k.about(ctx, key, one)
			} else {
				k.Out.say("Nothing has come yet.")
			}
		}
	}
}

// about does something with a delivery.
func (k *keyboard) about(ctx context.Context, key string, one shown) {
	switch key {
	case "r":
		err := k.API.Call(ctx, http.MethodPost, "/v1/deliveries/"+url.PathEscape(one.delivery.Delivery)+"/redeliver", nil, nil)
		if err != nil {
			k.Out.say("Not sent again: " + err.Error())
			return
		}
		k.Out.say("Sent again: " + one.delivery.header("webhook-id"))
	case "d":
		k.Out.say(details(one))
	case "o":
		at := k.API.URL + "/deliveries/" + url.PathEscape(one.delivery.Delivery)
		k.Out.say(at)
		k.terminal.Browse(at)
	case "c":
		command := curl(k.Target, one.delivery)
		// OSC 52 puts a text on the clipboard of most terminals; the others ignore it.
		k.Out.say("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(command)) + "\a" + command)
	}
}

// pause has the server keep what comes, or send it again.
func (k *keyboard) pause() {
	k.mu.Lock()
	k.paused = !k.paused
	paused := k.paused
	if k.cut != nil {
		k.cut()
	}
	k.mu.Unlock()
	if paused {
		k.Out.say("Paused: Godwit keeps what comes. p goes on.")
		return
	}
	k.Out.say("Going on.")
}

// details shows a request and its answer.
func details(one shown) string {
	var b strings.Builder
	for _, h := range one.delivery.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h[0], h[1])
	}
	fmt.Fprintf(&b, "\n%s\n\n", printable(one.delivery.BodyBase64))
	if one.result.StatusCode == 0 {
		fmt.Fprintf(&b, "no answer: %s", one.result.Error)
		return b.String()
	}
	fmt.Fprintf(&b, "answer %d after %d ms\n", one.result.StatusCode, one.result.DurationMS)
	for _, name := range slices.Sorted(maps.Keys(one.result.Headers)) {
		fmt.Fprintf(&b, "%s: %s\n", name, printable([]byte(one.result.Headers[name])))
	}
	fmt.Fprintf(&b, "\n%s", printable(one.result.Body))
	return b.String()
}

// printable is the beginning of a body without what would steer a terminal.
func printable(body []byte) string {
	more := ""
	if len(body) > maxDetails {
		body, more = body[:maxDetails], "…"
	}
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return -1
	}, string(body)) + more
}

// curl writes a request as a command of a POSIX shell.
func curl(to *url.URL, d delivery) string {
	var b strings.Builder
	fmt.Fprintf(&b, "curl -sS -X POST %s", cli.Quote(to.String()))
	for _, h := range d.Headers {
		if !strings.EqualFold(h[0], "Content-Length") {
			fmt.Fprintf(&b, " -H %s", cli.Quote(h[0]+": "+h[1]))
		}
	}
	fmt.Fprintf(&b, " --data-binary %s", cli.Quote(string(d.BodyBase64)))
	return b.String()
}

// screen writes lines above the last one, which tells the keys and what is chosen. It
// leaves everything before it alone, so that a person can scroll back.
type screen struct {
	out   io.Writer
	width func() int
	last  string
}

// write writes whole lines, and the last line below them again.
func (s *screen) write(text string) {
	fmt.Fprintf(s.out, "\r\x1b[K%s\r\n%s", strings.ReplaceAll(text, "\n", "\r\n"), s.last)
}

// foot replaces the last line.
func (s *screen) foot(text string) {
	if runes, width := []rune(text), s.width(); len(runes) >= width { // a second line would stay
		text = string(runes[:width-1])
	}
	s.last = text
	fmt.Fprintf(s.out, "\r\x1b[K%s", text)
}
