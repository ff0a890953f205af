package attacks

import (
	"fmt"
	"strings"
)

// Schemas are event types whose schemas have the size of limit and take long to read.
func Schemas(limit int) []Body {
	var out []Body
	add := func(name, unit string) {
		var schema strings.Builder
		for n := 0; schema.Len()+len(unit)+100 < limit; n++ {
			if n > 0 {
				schema.WriteByte(',')
			}
			fmt.Fprintf(&schema, unit, n)
		}
		out = append(out, Body{Name: name, Content: []byte(`{"group":"attacks","description":"","schema":{"type":"object","$defs":{"d":{}},"properties":{` + schema.String() + `}}}`)})
	}
	add("a schema of patterns", `"p%d":{"pattern":"^(([a-z])+.)+[A-Z]([a-z]){0,900}$"}`)
	add("a schema of references", `"p%d":{"$ref":"#/$defs/d"}`)
	add("a schema of alternatives", `"p%d":{"anyOf":[{},{"not":{}},{"oneOf":[{},{"if":{},"then":{}}]}]}`)
	return out
}

// Filters are lists of rules whose filters are as large as they may be together, and
// take long to read.
func Filters() string {
	filter := strings.Repeat("current.a.b.c[0] == 1 || ", 160) + "true"
	rules := make([]string, 16)
	for i := range rules {
		rules[i] = fmt.Sprintf(`{"events":["*"],"filter":"%d == 1 || %s"}`, i, filter)
	}
	return "[" + strings.Join(rules, ",") + "]"
}
