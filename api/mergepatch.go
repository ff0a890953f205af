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
	for _, m := range membersOf(patch) {
		i := slices.IndexFunc(merged, func(old jsonMember) bool { return old.name == m.name })
		switch {
		case strict.IsNull(m.value) && i >= 0:
			merged = slices.Delete(merged, i, i+1)
		case strict.IsNull(m.value):
		case i >= 0:
			merged[i].value = mergePatch(merged[i].value, m.value)
		default:
			merged = append(merged, jsonMember{m.name, mergePatch(nil, m.value)})
		}
	}
	return object(merged)
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
	_ = strict.Members(text, func(name string, value []byte) { out = append(out, jsonMember{name, value}) })
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
