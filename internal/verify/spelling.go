package verify

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
)

// Spelling is what a body was before something rewrote it. The values are part of the
// output of godwit verify.
type Spelling string

// The spellings that are tried.
const (
	NoLineBreak Spelling = "no_line_break" // at its end
	LineBreak   Spelling = "line_break"    // at its end
	LF          Spelling = "lf"            // in place of CRLF
	CRLF        Spelling = "crlf"          // in place of LF
	NoMark      Spelling = "no_byte_order_mark"
	Compact     Spelling = "compact"
	Unescaped   Spelling = "unescaped"
	Spaced      Spelling = "spaced"
	IndentTwo   Spelling = "indent_2"
	IndentFour  Spelling = "indent_4"
)

// Spellings are all of them.
var Spellings = []Spelling{NoLineBreak, LineBreak, LF, CRLF, NoMark, Compact, Unescaped, Spaced, IndentTwo, IndentFour}

func (s Spelling) words() string {
	return map[Spelling]string{
		NoLineBreak: "without the line break at its end",
		LineBreak:   "with a line break at its end",
		LF:          "with LF in place of CRLF",
		CRLF:        "with CRLF in place of LF",
		NoMark:      "without the byte order mark",
		Compact:     "without spaces",
		Unescaped:   "with <, > and & as they are",
		Spaced:      "with spaces behind colons and commas",
		IndentTwo:   "indented by two spaces",
		IndentFour:  "indented by four spaces",
	}[s]
}

// maxGrowth is how many times its size a body may get by indenting it, beyond what
// little ones need. What is indented grows with size times depth, and anyone may send a
// receiver a body. What Godwit sends in an indented spelling is an event as its producer
// wrote it, a few times its compact size.
const (
	maxGrowth  = 8
	freeGrowth = 64 << 10
)

// spellings are what a body may have been before something rewrote it.
func spellings(body []byte) iter.Seq2[Spelling, []byte] {
	return func(yield func(Spelling, []byte) bool) {
		_ = yield(NoLineBreak, bytes.TrimRight(body, "\r\n")) &&
			yield(LineBreak, append(bytes.Clone(body), '\n')) &&
			yield(LF, bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))) &&
			yield(CRLF, bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))) &&
			yield(NoMark, bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) &&
			rewritten(body, yield)
	}
}

// rewritten yields other ways to write a body of JSON.
func rewritten(body []byte, yield func(Spelling, []byte) bool) bool {
	var shortest, out bytes.Buffer
	if json.Compact(&shortest, body) != nil {
		return false
	}
	compact := shortest.Bytes()
	if !yield(Compact, compact) || !yield(Unescaped, unescaped(compact)) || !yield(Spaced, spaced(compact)) {
		return false
	}
	for _, one := range []struct {
		how   Spelling
		width int
	}{{IndentTwo, 2}, {IndentFour, 4}} {
		out.Reset()
		if indented(compact, one.width) > freeGrowth+maxGrowth*len(compact) {
			return false
		}
		if json.Indent(&out, compact, "", strings.Repeat(" ", one.width)) != nil || !yield(one.how, out.Bytes()) {
			return false
		}
	}
	return true
}

// indented is how many bytes compact JSON has at most when it is indented.
func indented(compact []byte, width int) int {
	size, depth := len(compact), 0
	outsideText(compact, func(i int) {
		switch compact[i] {
		case '{', '[':
			depth++
			size += 1 + depth*width
		case '}', ']':
			depth--
			size += 1 + depth*width
		case ',':
			size += 1 + depth*width
		case ':':
			size++
		}
	})
	return size
}

// outsideText visits the places of the bytes of JSON that are in no string.
func outsideText(body []byte, visit func(i int)) {
	text, escaped := false, false
	for i, b := range body {
		switch {
		case escaped:
			escaped = false
		case b == '\\':
			escaped = text
		case b == '"':
			text = !text
		case !text:
			visit(i)
		}
	}
}

// unescaped undoes what some encoders of JSON do to be safe inside of HTML.
func unescaped(body []byte) []byte {
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\/`, "/").Replace(string(body)))
}

// spaced writes compact JSON as Python's encoder does.
func spaced(compact []byte) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	written := 0
	outsideText(compact, func(i int) {
		if compact[i] == ':' || compact[i] == ',' {
			out = append(append(out, compact[written:i+1]...), ' ')
			written = i + 1
		}
	})
	return append(out, compact[written:]...)
}
