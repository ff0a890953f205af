package hook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/hook"
)

var windowStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// happenings reads "a0 b3 -4": an event at each second of those that the letters'
// parts may fill, "-" for one of none_of. "ab0" may fill either.
func happenings(text string) []hook.WindowEvent {
	var out []hook.WindowEvent
	for i, word := range strings.Fields(text) {
		e := hook.WindowEvent{Seq: int64(i + 1), EventID: word}
		for strings.ContainsRune("abcde", rune(word[0])) {
			e.Parts |= 1 << (word[0] - 'a')
			word = word[1:]
		}
		var second int
		if _, err := fmt.Sscanf(strings.TrimPrefix(word, "-"), "%d", &second); err != nil {
			panic(err)
		}
		e.At = windowStart.Add(time.Duration(second) * time.Second)
		out = append(out, e)
	}
	return out
}

func combinationOf(parts int, inOrder bool) hook.Combination {
	return hook.Combination{AllOf: make([]hook.Part, parts), Within: "10s", InOrder: inOrder}
}

// words names events, those of one firing in their order.
func words(events []hook.WindowEvent) string {
	var out []string
	for _, e := range events {
		out = append(out, e.EventID)
	}
	return strings.Join(out, " ")
}

func TestCombine(t *testing.T) {
	const anyOrder, inOrder = false, true
	for _, c := range []struct {
		name    string
		parts   int
		inOrder bool
		events  string
		fired   []string
		keep    string // at the time of the last event
	}{
		{"nothing", 2, anyOrder, "", nil, ""},
		{"the first part waits", 2, anyOrder, "a0", nil, "a0"},
		{"both parts", 2, anyOrder, "a0 b3", []string{"a0 b3"}, ""},
		{"the other way round", 2, anyOrder, "b0 a3", []string{"a3 b0"}, ""},
		{"at the window's end", 2, anyOrder, "a0 b10", []string{"a0 b10"}, ""},
		{"after the window's end", 2, anyOrder, "a0 b11", nil, "b11"},
		{"the newest of several", 2, anyOrder, "a0 a2 b3", []string{"a2 b3"}, ""},
		{"what was used does not fire again", 2, anyOrder, "a0 b1 b2", []string{"a0 b1"}, "b2"},
		{"all that was before a firing is used", 2, anyOrder, "a0 a1 b2 b3", []string{"a1 b2"}, "b3"},
		{"fires twice with all parts anew", 2, anyOrder, "a0 b1 b2 a3", []string{"a0 b1", "a3 b2"}, ""},
		{"one event fills one part", 2, anyOrder, "ab0", nil, "ab0"},
		{"two events that may fill either: the newest has the first part", 2, anyOrder, "ab0 ab1", []string{"ab1 ab0"}, ""},
		{"the one that may fill both makes room", 2, anyOrder, "ab0 a1", []string{"a1 ab0"}, ""},
		{"none_of discards what was before", 2, anyOrder, "a0 -1 b2", nil, "b2"},
		{"none_of before the first part does nothing", 2, anyOrder, "-0 a1 b2", []string{"a1 b2"}, ""},
		{"none_of after a firing does nothing", 2, anyOrder, "a0 b1 -2 a3 b4", []string{"a0 b1", "a3 b4"}, ""},
		{"three parts", 3, anyOrder, "c0 a1 b2", []string{"a1 b2 c0"}, ""},
		{"the oldest of three is too old", 3, anyOrder, "c0 a5 b11", nil, "a5 b11"},
		{"in order", 2, inOrder, "a0 b1", []string{"a0 b1"}, ""},
		{"in the wrong order", 2, inOrder, "b0 a1", nil, "a1"},
		{"wrong, then right", 2, inOrder, "b0 a1 b2", []string{"a1 b2"}, ""},
		{"in order at the same moment", 2, inOrder, "a0 b0", []string{"a0 b0"}, ""},
		{"the latest chain", 3, inOrder, "a0 b1 a2 b3 c4", []string{"a2 b3 c4"}, ""},
		{"an older chain goes on without a newer start", 3, inOrder, "a0 b1 a2 c3", []string{"a0 b1 c3"}, ""},
		{"the older chain is too old", 3, inOrder, "a0 b1 a2 c11", nil, "a2"},
		{"and the newer start still counts", 3, inOrder, "a0 b1 a2 c11 b12 c12", []string{"a2 b12 c12"}, ""},
		{"none_of breaks a chain", 3, inOrder, "a0 b1 -2 c3", nil, ""},
		{"an event of every part", 3, inOrder, "abc0 abc1 abc2", []string{"abc0 abc1 abc2"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := windowStart
			events := happenings(c.events)
			if len(events) > 0 {
				now = events[len(events)-1].At
			}
			v := hook.Combine(combinationOf(c.parts, c.inOrder), events, now)
			var fired []string
			for _, f := range v.Fired {
				fired = append(fired, words(f))
			}
			require.Equal(t, c.fired, fired)
			require.Equal(t, c.keep, words(v.Keep))
			require.Equal(t, c.keep == "", v.ClosesAt.IsZero())
		})
	}
}

func TestCombineClosesWhenTheNewestIsTooOld(t *testing.T) {
	c := combinationOf(2, false)
	v := hook.Combine(c, happenings("a0 a4"), windowStart.Add(4*time.Second))
	require.Equal(t, windowStart.Add(14*time.Second), v.ClosesAt)
	require.Len(t, hook.Combine(c, v.Keep, v.ClosesAt).Keep, 1)
	require.Empty(t, hook.Combine(c, v.Keep, v.ClosesAt.Add(1)).Keep)
}

// history draws a combination and what happens to it.
func history(t *rapid.T, most int) (hook.Combination, []hook.WindowEvent) {
	parts := rapid.IntRange(hook.MinParts, 4).Draw(t, "parts")
	c := combinationOf(parts, rapid.Bool().Draw(t, "in order"))
	at := windowStart
	events := make([]hook.WindowEvent, rapid.IntRange(0, most).Draw(t, "events"))
	for i := range events {
		at = at.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "seconds")) * time.Second)
		mask := rapid.IntRange(1, 1<<parts-1)
		if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
			mask = rapid.Just(0)
		}
		events[i] = hook.WindowEvent{Seq: int64(i + 1), EventID: fmt.Sprint(i), At: at, Parts: uint8(mask.Draw(t, "mask"))}
	}
	return c, events
}

func lastAt(events []hook.WindowEvent) time.Time {
	if len(events) == 0 {
		return windowStart
	}
	return events[len(events)-1].At
}

func TestCombineFiresAsTheDefinitionSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, events := history(t, 8)
		require.Equal(t, reference(c, events), hook.Combine(c, events, lastAt(events)).Fired)
	})
}

func TestCombineNeedsNoMoreThanItKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, events := history(t, 30)
		now := lastAt(events)
		var open []hook.WindowEvent
		var fired [][]hook.WindowEvent
		for rest := events; ; {
			n := rapid.IntRange(0, len(rest)).Draw(t, "come next")
			open = append(open, rest[:n]...)
			rest = rest[n:]
			at := now
			if len(rest) > 0 { // any moment until the next event
				at = lastAt(open)
				at = at.Add(time.Duration(rapid.Int64Range(0, max(0, int64(rest[0].At.Sub(at)))).Draw(t, "later")))
			}
			v := hook.Combine(c, open, at)
			fired = append(fired, v.Fired...)
			open = v.Keep
			for _, e := range v.Keep {
				require.LessOrEqual(t, at.Sub(e.At), c.Window())
			}
			if len(rest) == 0 {
				break
			}
		}
		whole := hook.Combine(c, events, now)
		require.Equal(t, whole.Fired, fired)
		require.Equal(t, words(whole.Keep), words(open))
	})
}

func TestCombineKeepsFew(t *testing.T) {
	for _, inOrder := range []bool{false, true} {
		c := combinationOf(hook.MaxParts, inOrder)
		c.Within = "30d"
		most, reached := hook.MaxParts-1, 0
		if inOrder {
			most = hook.MaxParts * (hook.MaxParts - 1) / 2
		}
		rapid.Check(t, func(t *rapid.T) {
			var events []hook.WindowEvent
			// The last part never happens, so it never fires.
			for i, parts := range rapid.SliceOfN(rapid.Uint8Range(1, 15), 200, 200).Draw(t, "masks") {
				events = append(events, hook.WindowEvent{Seq: int64(i), At: windowStart, Parts: parts})
			}
			kept := len(hook.Combine(c, events, windowStart).Keep)
			require.LessOrEqual(t, kept, most)
			reached = max(reached, kept)
		})
		require.NotZero(t, reached)
	}
}

// reference is the definition, by trying everything.
func reference(c hook.Combination, events []hook.WindowEvent) [][]hook.WindowEvent {
	var fired [][]hook.WindowEvent
	first := 0
	for i, e := range events {
		if e.Parts == 0 {
			first = i + 1
			continue
		}
		var best []int
		choices(len(c.AllOf), events[first:i+1], nil, func(choice []int) {
			if holds(c, events[first:i+1], choice) && (best == nil || slices.Compare(rank(choice), rank(best)) > 0) {
				best = slices.Clone(choice)
			}
		})
		if best == nil {
			continue
		}
		var parts []hook.WindowEvent
		for _, at := range best {
			parts = append(parts, events[first+at])
		}
		fired = append(fired, parts)
		first = i + 1
	}
	return fired
}

// holds says whether the choice of an event per part is a firing at the newest.
func holds(c hook.Combination, events []hook.WindowEvent, choice []int) bool {
	x := len(events) - 1
	return slices.Contains(choice, x) &&
		events[x].At.Sub(events[slices.Min(choice)].At) <= c.Window() &&
		(!c.InOrder || slices.IsSorted(choice))
}

// rank orders choices: the newest events first, then the newest for the first part.
func rank(choice []int) []int {
	newest := slices.Sorted(slices.Values(choice))
	slices.Reverse(newest)
	return append(newest, choice...)
}

// choices gives every choice of distinct events for the parts.
func choices(parts int, events []hook.WindowEvent, chosen []int, each func([]int)) {
	if len(chosen) == parts {
		each(chosen)
		return
	}
	for i := range events {
		if events[i].Parts&(1<<len(chosen)) != 0 && !slices.Contains(chosen, i) {
			choices(parts, events, append(slices.Clone(chosen), i), each)
		}
	}
}
