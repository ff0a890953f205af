package eventschema

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"godwit/internal/hook"
)

// errFormat says that a text is not of a format; the fault's words name which.
var errFormat = errors.New("not of the format")

// formats are the formats that are asserted beside uuid, json-pointer,
// relative-json-pointer and semver, which the library checks rightly. The
// official test suite of JSON Schema holds all of them to their RFCs.
func formats() map[string]func(string) bool {
	return map[string]func(string) bool{
		"date-time": func(s string) bool { _, ok := hook.ParseTime(s); return ok },
		"date":      func(s string) bool { _, ok := hook.ParseDate(s); return ok },
		"time":      hook.ValidClock,
		"duration":  durationForm.MatchString,
		"email":     isEmail,
		"hostname":  isHostname,
		"ipv4":      func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() },
		"ipv6":      isIPv6,
		"uri":       func(s string) bool { return isURI(uriForm, s) && hasScheme(s) },
		"iri":       func(s string) bool { return isURI(iriForm, s) && hasScheme(s) },

		"uri-reference": func(s string) bool { return isURI(uriForm, s) },
		"iri-reference": func(s string) bool { return isURI(iriForm, s) },
		"uri-template":  templateForm.MatchString,

		// The library would refuse periods of other kinds than its own, which JSON
		// Schema does not define.
		"period": func(string) bool { return true },
	}
}

// assertFormats makes a compiler assert formats.
func assertFormats(c *jsonschema.Compiler) {
	c.AssertFormat()
	for name, valid := range formats() {
		c.RegisterFormat(&jsonschema.Format{Name: name, Validate: func(v any) error {
			if s, ok := v.(string); ok && !valid(s) {
				return errFormat
			}
			return nil
		}})
	}
}

// The grammars. What is in capitals is a rule of the RFC.
var (
	// durationForm is duration of RFC 3339, appendix A: no unit is left out between
	// two others.
	durationForm = grammar(`P({WEEK}|{DATE}({TIME})?|{TIME})`,
		`WEEK`, `\d+W`,
		`DATE`, `(\d+D|\d+M(\d+D)?|\d+Y(\d+M(\d+D)?)?)`,
		`TIME`, `T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)`)

	// mailboxForm splits Mailbox of RFC 5321 into its local part and domain.
	mailboxForm = grammar(`({ATOM}(\.{ATOM})*|"({QTEXT}|\\[ -~])*")@(.+)`,
		`ATOM`, "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+",
		`QTEXT`, `[ !#-\[\]-~]`)
	labelForm = grammar(`[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`)

	// uriForm and iriForm are URI-reference of RFC 3986 and IRI-reference of RFC
	// 3987. The group ip is an address in brackets.
	uriForm = referenceForm(``, ``)
	iriForm = referenceForm(ucschar, iprivate)

	// templateForm is URI-Template of RFC 6570, with its erratum 6937: ' is a literal.
	templateForm = grammar(`({LITERAL}|\{[+#./;?&=,!@|]?{VARSPEC}(,{VARSPEC})*\})*`,
		`LITERAL`, `([!#$&-;=?-\[\]_a-z~'`+ucschar+iprivate+`]|{PCT})`,
		`VARSPEC`, `{VARCHAR}(\.?{VARCHAR})*(:[1-9]\d{0,3}|\*)?`,
		`VARCHAR`, `([A-Za-z0-9_]|{PCT})`,
		`PCT`, `%[0-9A-Fa-f]{2}`)
)

const (
	ucschar = `\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}\x{10000}-\x{1FFFD}\x{20000}-\x{2FFFD}\x{30000}-\x{3FFFD}` +
		`\x{40000}-\x{4FFFD}\x{50000}-\x{5FFFD}\x{60000}-\x{6FFFD}\x{70000}-\x{7FFFD}\x{80000}-\x{8FFFD}\x{90000}-\x{9FFFD}` +
		`\x{A0000}-\x{AFFFD}\x{B0000}-\x{BFFFD}\x{C0000}-\x{CFFFD}\x{D0000}-\x{DFFFD}\x{E1000}-\x{EFFFD}`
	iprivate = `\x{E000}-\x{F8FF}\x{F0000}-\x{FFFFD}\x{100000}-\x{10FFFD}`
)

func referenceForm(letters, private string) *regexp.Regexp {
	return grammar(`({SCHEME}:{HIER}|{RELATIVE})(\?({PCHAR}|[/?`+private+`])*)?(#({PCHAR}|[/?])*)?`,
		`SCHEME`, `[A-Za-z][A-Za-z0-9+.-]*`,
		`HIER`, `(//{AUTHORITY}(/{PCHAR}*)*|/({PCHAR}+(/{PCHAR}*)*)?|{PCHAR}+(/{PCHAR}*)*|)`,
		`RELATIVE`, `(//{AUTHORITY}(/{PCHAR}*)*|/({PCHAR}+(/{PCHAR}*)*)?|{NOCOLON}+(/{PCHAR}*)*|)`,
		`AUTHORITY`, `(({UNRESERVED}|{PCT}|{SUB}|:)*@)?(\[(?P<ip>[^\]]+)\]|({UNRESERVED}|{PCT}|{SUB})*)(:\d*)?`,
		`PCHAR`, `({UNRESERVED}|{PCT}|{SUB}|[:@])`,
		`NOCOLON`, `({UNRESERVED}|{PCT}|{SUB}|@)`,
		`UNRESERVED`, `[A-Za-z0-9._~`+letters+`-]`,
		`SUB`, `[!$&'()*+,;=]`,
		`PCT`, `%[0-9A-Fa-f]{2}`)
}

// grammar makes a pattern of a rule and of the rules that it names, each of
// which may name those behind it.
func grammar(rule string, named ...string) *regexp.Regexp {
	for i := 0; i < len(named); i += 2 {
		rule = strings.ReplaceAll(rule, "{"+named[i]+"}", named[i+1])
	}
	return regexp.MustCompile(`^(?:` + rule + `)$`)
}

// ipFuture is IPvFuture of RFC 3986.
var ipFuture = grammar(`[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+`)

// isURI says whether s is of the form, with a right address in its brackets.
func isURI(form *regexp.Regexp, s string) bool {
	found := form.FindStringSubmatch(s)
	if found == nil {
		return false
	}
	for i, name := range form.SubexpNames() {
		if name == "ip" && found[i] != "" && !isIPv6(found[i]) && !ipFuture.MatchString(found[i]) {
			return false
		}
	}
	return true
}

// hasScheme tells a URI from a relative reference; s is one of both.
func hasScheme(s string) bool {
	i := strings.IndexAny(s, ":/?#")
	return i > 0 && s[i] == ':'
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

// isHostname takes names of letters, digits and hyphens (RFC 1123). What a label
// in Punycode stands for is not asked.
func isHostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if !labelForm.MatchString(label) {
			return false
		}
	}
	return true
}

func isEmail(s string) bool {
	found := mailboxForm.FindStringSubmatch(s)
	if len(s) > 254 || found == nil || len(found[1]) > 64 {
		return false
	}
	domain := found[len(found)-1]
	inner, literal := strings.CutPrefix(domain, "[")
	if !literal {
		return isHostname(domain)
	}
	inner, literal = strings.CutSuffix(inner, "]")
	if v6, ok := strings.CutPrefix(inner, "IPv6:"); ok {
		return literal && isIPv6(v6)
	}
	a, err := netip.ParseAddr(inner)
	return literal && err == nil && a.Is4()
}
