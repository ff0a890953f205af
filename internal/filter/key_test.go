package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

func TestCheckPath(t *testing.T) {
	for path, ok := range map[string]bool{
		"type": true, "project_id": true, "company_id": true, "actor_id": true,
		"current.id": true, "previous.id": true, "current.task.ID-1_$": true, "current.größe": true, "current.0": true,
		"current" + strings.Repeat(".a", 15):  true,
		"current" + strings.Repeat(".a", 16):  false,
		"current." + strings.Repeat("a", 248): true,
		"current." + strings.Repeat("a", 249): false,
		"":                                    false, "current": false, "previous": false, "id": false, "event.id": false, "occurred_at": false,
		"type.x": false, "current.": false, ".current": false, "current..id": false, "current.a.": false, "current.a b": false,
		"current.a[0]": false, "current.a\n": false, "current.a\u00a0b": false, "current.\x7f": false, "current.\xff": false, "Current.id": false,
	} {
		err := filter.CheckPath(path)
		require.Equal(t, ok, err == nil, "%q: %v", path, err)
		if !ok {
			require.ErrorContains(t, err, "current.id")
		}
	}
}

func TestKeysOfEqualValues(t *testing.T) {
	s := subject(`{"one":1e0,"text":"1","yes":"true","big":9007199254740992}`,
		`{"one":1,"float":1.0,"text":"1","a":{"b":{"c":1}},"yes":true,"zero":-0.0,"nil":0,"big":9007199254740993,
		"type":"TODO_UPDATED","empty":"","neg":-1,"ten":10,"far":1e1000000000}`)
	key := func(path string) string {
		t.Helper()
		text, ok := s.Key(path)
		require.True(t, ok, path)
		require.Regexp(t, `^[a-z2-7]{26}$`, text)
		return text
	}
	for _, same := range [][2]string{
		{"current.one", "current.float"}, {"current.one", "previous.one"}, {"current.one", "current.a.b.c"},
		{"current.zero", "current.nil"}, {"current.text", "previous.text"}, {"type", "current.type"},
	} {
		require.Equal(t, key(same[0]), key(same[1]), same)
	}
	seen := map[string]string{}
	for _, path := range []string{"current.one", "current.text", "current.yes", "previous.yes", "current.zero", "current.big", "previous.big",
		"type", "project_id", "company_id", "actor_id", "current.empty", "current.neg", "current.ten", "current.far"} {
		require.NotContains(t, seen, key(path), "%s and %s", path, seen[key(path)])
		seen[key(path)] = path
	}
	// Keys are stored: they must not change from one version to the next.
	require.Equal(t, pinnedKey, key("current.text"))
}

const pinnedKey = "5c6bmpec53qyomzirr6uvrrw3m"

func TestAbsentKeys(t *testing.T) {
	s := subject(`{"old":1}`, `{"null":null,"object":{"a":1},"array":[1],"text":"x"}`)
	for _, path := range []string{"current.absent", "current.null", "current.object", "current.array", "current.array.0", "current.text.x",
		"current.null.x", "current.old", "current", "nonsense", ""} {
		text, ok := s.Key(path)
		require.False(t, ok, path)
		require.Empty(t, text, path)
	}
	for _, path := range []string{"type", "project_id", "company_id", "actor_id", "current.id"} {
		text, ok := filter.NewSubject(hook.Event{}).Key(path)
		require.False(t, ok, path)
		require.Empty(t, text, path)
	}
}

func TestKeyReadsTheOtherState(t *testing.T) {
	full := `{"id":"t1"}`
	want, ok := subject(full, full).Key("current.id")
	require.True(t, ok)
	for _, s := range []*filter.Subject{subject(full, "null"), subject(full, ""), subject("null", full)} {
		for _, state := range []string{"current", "previous"} {
			got, ok := s.Key(state + ".id")
			require.True(t, ok)
			require.Equal(t, want, got)
		}
	}
	_, ok = subject(full, `{}`).Key("current.id")
	require.False(t, ok, "an empty state is a state")
}
