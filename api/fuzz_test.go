package api

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api/access"
	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// A cursor that is taken is one that was given out, and says the same again.
func FuzzCursor(f *testing.F) {
	f.Add(formatCursor(hook.Cursor{Time: now(), ID: "evt_1"}))
	f.Add(formatCursor(hook.Cursor{Text: "2Änd so on ", ID: "wh_1"}))
	for _, text := range []string{"9999-12-31T23:59:59-23:59 a", "0000-01-01T00:00:00Z a", "2026-05-04T09:30:00.100Z a", "2026-05-04t09:30:00z a", "2026-05-04T09:30:00Z  a", "\x00 a", "=wh_1 ", "=wh_1", "= a", "=wh_1 a\x00", "=wh_1 \xff"} {
		f.Add(encodeCursor(text))
	}
	f.Fuzz(func(t *testing.T, s string) {
		// Text is tried as it is, and as what a cursor holds.
		for _, s := range []string{s, encodeCursor(s)} {
			if c, ok := parseCursor(s); ok {
				require.True(t, hook.ValidID(c.ID))
				require.Equal(t, s, formatCursor(c))
			}
		}
	})
}

// A rule that is accepted is shown as it is: the form that answers show makes
// the same rule, so that a client may send back what it got.
func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		`{"events":["*"]}`, `{"events":["TODO_*"],"projects":["p1"],"companies":["c1"],"filter":"current.a == 1"}`,
		`{"all_of":[{"events":["A"]},{"events":["B"],"filter":"true"}],"within":"1d12h","same":"current.id","in_order":true,"none_of":[{"events":["C"]}]}`,
		`{"all_of":[{"events":["A"]},{"events":["B"]}],"within":"10m","none_of":[]}`, `{"events":[],"filter":null}`, `{"events":["*"],"in_order":false,"all_of":[]}`,
		`{"events":["\u0000"]}`, `{"events":[1],"x":{}}`, `{"all_of":[{}],"within":"30d1ns"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		form, bad, err := decodeForm[ruleForm](raw)
		if err != nil || len(bad) > 0 {
			return
		}
		rule := form.rule()
		for _, fault := range hook.CheckRules([]hook.Rule{rule}) {
			require.True(t, strings.HasPrefix(fault.Pointer, "/rules"), fault.Pointer)
			require.NotEmpty(t, fault.Detail)
			return
		}
		var shown bytes.Buffer
		require.NoError(t, access.WriteJSON(&shown, formOfRule(rule)))
		again, bad, err := decodeForm[ruleForm](shown.Bytes())
		require.NoError(t, err)
		require.Empty(t, bad)
		var twice bytes.Buffer
		require.NoError(t, access.WriteJSON(&twice, formOfRule(again.rule())))
		require.Equal(t, shown.String(), twice.String())
		require.Empty(t, hook.CheckRules([]hook.Rule{again.rule()}))
		require.Equal(t, rule.Filters(), again.rule().Filters())
		require.Equal(t, rule.Patterns(), again.rule().Patterns())
	})
}

// A merge patch does what RFC 7396 says, does nothing the second time, and
// leaves the bytes of what it does not name.
func FuzzMergePatch(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":"b","c":{"d":"e","f":"g"}}`, `{"a":"z","c":{"f":null}}`}, {`{"a":[1,2]}`, `{"a":{"b":null,"c":1.10}}`}, {`{"a":1.10,"b":1e400}`, `{"b":null}`},
		{`[1]`, `{"a":{"b":null}}`}, {`{"a":null}`, `{}`}, {`null`, `[null]`}, {`{"\u0061":1}`, `{"a":2,"é":"\ud83d\ude00"}`}, {`{"":{"":0}}`, `{"":{"":null}}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, target, patch []byte) {
		if strict.Check(target) != nil || strict.Check(patch) != nil {
			return
		}
		got := mergePatch(target, patch)
		require.NoError(t, strict.Check(got))
		require.Equal(t, string(got), string(mergePatch(got, patch)))
		require.Equal(t, merged(parsed(t, target), parsed(t, patch)), parsed(t, got))
		kept := membersOf(got)
		for _, m := range membersOf(target) {
			if strict.IsObject(patch) && !holdsName(patch, m.name) {
				require.Contains(t, kept, m)
			}
		}
	})
}

// merged is the pseudocode of RFC 7396, section 2.
func merged(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = merged(object[name], value)
		}
	}
	return object
}

func parsed(t *testing.T, text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), "%q", text)
	return v
}

func holdsName(object []byte, name string) bool {
	for _, m := range membersOf(object) {
		if m.name == name {
			return true
		}
	}
	return false
}
