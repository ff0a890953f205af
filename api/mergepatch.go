package api

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
)

// mergePatch applies patch to target by RFC 7396. Both are strict JSON; what
// the patch does not name keeps its bytes.
func mergePatch(target, patch []byte) []byte {
	if !strict.IsObject(patch) {
		return patch
	}
	merged := membersOf(target) // none when target is no object
	places := make(map[string]int, len(merged))
	for i, m := range merged {
		places[m.name] = i
	}
	for _, m := range membersOf(patch) {
		i, known := places[m.name]
		switch {
		case strict.IsNull(m.value) && known:
			merged[i].value = nil
		case strict.IsNull(m.value):
		case known:
			merged[i].value = mergePatch(merged[i].value, m.value)
		default: // strict JSON names nothing twice
			merged = append(merged, jsonMember{m.name, mergePatch(nil, m.value)})
		}
	}
	return object(slices.DeleteFunc(merged, func(m jsonMember) bool { return m.value == nil }))
}

type jsonMember struct {
	name  string
	value []byte
}

func membersOf(text []byte) []jsonMember {
	if !strict.IsObject(text) {
		return nil
	}
	var out []jsonMember
	_ = strict.Outline(text, func(name string, value []byte) { out = append(out, jsonMember{name, value}) })
	return out
}

func object(members []jsonMember) []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		name, _ := jsontext.AppendQuote(nil, m.name) // strict JSON has valid names only
		out.Write(name)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}
