package attacks

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// Body is one of the worst bodies that fit a limit.
type Body struct {
	Name     string
	Content  []byte
	Encoding string // Content-Encoding
}

// Bodies are the worst bodies of at most limit bytes. Field is a name that the
// endpoint knows.
func Bodies(limit int, field string) []Body {
	var out []Body
	add := func(name, content string) { out = append(out, Body{Name: name, Content: []byte(content)}) }
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (limit-len(before)-len(after))/len(unit)) + after
	}
	depth := (limit - 1) / 2
	add("nothing", "")
	add("one byte too many", fill("", " ", "")+" ")
	add("spaces", fill("", " ", ""))
	add("arrays in arrays", strings.Repeat("[", depth)+strings.Repeat("]", depth))
	add("arrays that don't end", fill("", "[", ""))
	add("objects in objects", nestedObjects(limit))
	add("objects below a known field", fmt.Sprintf(`{%q:%s}`, field, nestedObjects(limit-len(field)-5)))
	add("unknown fields", numbered(limit, `"f%d":0`))
	add("unknown fields with long names", numbered(limit, `"`+strings.Repeat("n", 500)+`%d":0`))
	add("values below a known field", fmt.Sprintf(`{%q:%s}`, field, numbered(limit-len(field)-5, `"f%d":0`)))
	add("one name again and again", fill(`{"x":0`, fmt.Sprintf(`,%q:0`, field), `}`))
	add("a list of nothing", fill(fmt.Sprintf(`{%q:[{}`, field), `,{}`, `]}`))
	add("a list of null", fill(fmt.Sprintf(`{%q:[null`, field), `,null`, `]}`))
	add("a number of many digits", fill(fmt.Sprintf(`{%q:1`, field), "0", "}"))
	add("a fraction of many digits", fill(fmt.Sprintf(`{%q:0.`, field), "1", "}"))
	add("a number too large for anybody", fmt.Sprintf(`{%q:1e999999999999}`, field))
	add("a long text", fill(fmt.Sprintf(`{%q:"`, field), "a", `"}`))
	add("a text of escapes", fill(fmt.Sprintf(`{%q:"`, field), `\u0041`, `"}`))
	add("a text of backslashes", fill(fmt.Sprintf(`{%q:"`, field), `\\`, `"}`))
	add("lone surrogates", fill(fmt.Sprintf(`{%q:"`, field), `\ud800`, `"}`))
	add("a name with a lone surrogate", `{"\udfff":1}`)
	add("NUL in a text", fmt.Sprintf(`{%q:"a\u0000b"}`, field))
	add("NUL in the JSON", fmt.Sprintf("{%q:\x00}", field))
	add("text that is not UTF-8", fill(fmt.Sprintf(`{%q:"`, field), "\xff\xfe", `"}`))
	add("another encoding", "\xff\xfe{\x00}\x00")
	add("a mark before it", "\xef\xbb\xbf{}")
	add("two values", "{}{}")
	add("a comment", "{/* x */}")
	add("not closed", fill(fmt.Sprintf(`{%q:"`, field), "a", ""))
	for name, value := range map[string]string{"null": "null", "true": "true", "a number": "0", "a text": `"x"`, "an array": "[]"} {
		add(name+" in the place of an object", value)
		add(name+" in a known field", fmt.Sprintf(`{%q:%s}`, field, value))
	}
	for _, factor := range []int{2, 1000} {
		out = append(out, Body{fmt.Sprintf("%d times as much, compressed", factor), zipped(bytes.Repeat([]byte(" "), min(factor*limit, 64<<20))), "gzip"})
	}
	return append(out,
		Body{"compressed twice", zipped(zipped([]byte("{}"))), "gzip"},
		Body{"compressed, with two encodings", zipped([]byte("{}")), "gzip, gzip"},
		Body{"compressed, cut off", zipped([]byte(`{"x":1}`))[:12], "gzip"},
		Body{"not compressed, but said to be", []byte("{}"), "gzip"},
		Body{"an encoding that nobody knows", []byte("{}"), "br"},
	)
}

// nestedObjects nests as deep as limit allows.
func nestedObjects(limit int) string {
	n := (limit - 1) / len(`{"a":}`)
	return strings.Repeat(`{"a":`, n) + "0" + strings.Repeat("}", n)
}

// numbered is an object with as many members as limit allows.
func numbered(limit int, format string) string {
	var out strings.Builder
	out.WriteByte('{')
	for n := 0; ; n++ {
		member := fmt.Sprintf(format, n)
		if out.Len()+len(member)+2 > limit {
			break
		}
		if n > 0 {
			out.WriteByte(',')
		}
		out.WriteString(member)
	}
	return out.String() + "}"
}

func zipped(content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
