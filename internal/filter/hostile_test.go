package filter_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"godwit/internal/filter"
)

const (
	// patience is far above what any step of these tests takes; without the
	// limits most of them would not end at all.
	patience = 5 * time.Second
	// heap bounds what one evaluation allocates altogether, garbage included, in
	// bytes; what it holds at one time is far less.
	heap = 128 << 20
)

func bounded(t *testing.T, name string, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	require.Less(t, time.Since(start), patience, name)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(heap), name)
}

func TestHostileSources(t *testing.T) {
	f := newFilters(t)
	r := strings.Repeat
	for source, accepted := range map[string]bool{
		r("(", 2000) + "true" + r(")", 2000):                  false,
		r("(", 4000):                                          false,
		r("[", 45) + r("]", 45) + " == []":                    true,
		r("{1:", 45) + "1" + r("}", 45) + " == {}":            true,
		r("true?true:", 400) + "true":                         false,
		r("type==''||", 400) + "true":                         true,
		r("!", 4000) + "true":                                 true,
		"0<" + r("1+", 2000) + "1":                            false,
		"current" + r(".a", 2000) + "==1":                     false,
		"current" + r(".?a", 1300) + "==1":                    false,
		r("[1].all(a,", 370) + "true" + r(")", 370):           false,
		r("[1].all(a,", 45) + "true" + r(")", 45):             false,
		r("[1].all(a,", 8) + "true" + r(")", 8):               true,
		r("[1].all(a,true)&&", 230) + "true":                  true,
		"[1]" + r(".map(a,[a])", 45) + "==[1]":                false,
		"math.greatest(" + r("1,", 1900) + "1)==1":            true,
		"1 in [" + r("1,", 2000) + "1]":                       true,
		"type.matches('" + r("x{1000}", 500) + "')":           false,
		"type.matches('((a{1000}){1000}){1000}')":             false,
		"type.matches('((a{30}){30}){1,2}')":                  false,
		"type.matches('" + r("(", 1900) + r(")", 1900) + "')": false,
		"type.matches('" + r(`\\pL`, 900) + "')":              false,
		r("type.matches('x{400}')||", 2) + "true":             true,
		r("type.matches('x{400}')||", 3) + "true":             false,
		r("$ ", 2000):        false,
		r("a b ", 1000):      false,
		r("'", 4095):         false,
		r("x&&", 1300) + "x": false,
		r("9", 4000) + "==1": false,
		"\x00":               false,
	} {
		bounded(t, source, func() {
			err := f.Check(source)
			require.Equal(t, accepted, err == nil, "%.60s: %v", source, err)
			if err != nil {
				require.Less(t, len(err.Error()), 1000)
			}
		})
	}
}

// longEvent has a text of 60,000 bytes and 18,000 objects, in two states that
// are equal but for one key.
func longEvent() *filter.Subject {
	items := make([]string, 18000)
	for i := range items {
		items[i] = fmt.Sprintf(`{"x":%d}`, i%7)
	}
	state := func(one int) string {
		return fmt.Sprintf(`{"one":%d,"a":%q,"items":[%s]}`, one, strings.Repeat("a", 60000), strings.Join(items, ","))
	}
	return subject(state(1), state(2))
}

func TestHonestFiltersHaveRoom(t *testing.T) {
	f, s := newFilters(t), longEvent()
	for source, want := range map[string]bool{
		`current.items.exists(i, i.x == 9)`:                                    false,
		`current.items.all(i, has(i.x) && i.x >= 0 && i.x < 7)`:                true,
		`current.items.filter(i, i.x == 6).size() == 2571`:                     true,
		`current.items.map(i, i.x).exists(x, x == 8)`:                          false,
		`current.items == previous.items && current.a == previous.a`:           true,
		`current == previous`:                                                  false,
		`'x'.matches('^[a-z0-9]+$') && !current.a.startsWith('b')`:             true,
		`changed == ['one']`:                                                   true,
		`{'x': 6} in current.items`:                                            true,
		`current.a.contains('aaab') || current.a.matches('(?i)b+|urgent|now')`: false,
		`current.a.lowerAscii().replace('a', 'bb').size() == 120000`:           true,
		`(current.items + previous.items).size() == 36000`:                     true,
	} {
		got, _, err := f.Match(context.Background(), source, s)
		require.NoError(t, err, source)
		require.Equal(t, want, got, source)
	}
}

func TestLongestListHasRoom(t *testing.T) {
	s := subject("null", `{"items":[`+strings.Repeat("1,", 131_000)+`1]}`)
	got, _, err := newFilters(t).Match(context.Background(), `current.items.exists(i, i == 9) || 1 in current.items`, s)
	require.NoError(t, err)
	require.True(t, got)
}

// TestBombs holds filters that would run for hours, or fill the memory, in few
// steps or in one. In a nest each level doubles what it has.
func TestBombs(t *testing.T) {
	f, s := newFilters(t), longEvent()
	nest := func(seed, level, inner string) string {
		return "[" + seed + "].exists(x, " + strings.Repeat("["+level+"].exists(x, ", 40) + inner + strings.Repeat(")", 41)
	}
	each := func(body string) string { return "current.items.exists(i, " + body + ")" }
	for _, source := range []string{
		each(`current.items.exists(j, i.x + j.x > 100)`),
		each(`current.items.all(j, current.items.all(k, i.x + j.x + k.x < 100))`),
		`current.items.map(i, current.items.map(j, [i, j, i, j])).size() == 0`,
		nest("0", "[x, x]", `x == x`), nest("0", "[x, x]", `x != x`), nest("0", "[x, x]", `x in [x]`),
		nest("0", "{'a': x, 'b': x}", `x == x`), nest("0", "[x, x]", `optional.of(x) == optional.of(x)`),
		nest("[1]", "x + x", `2 in x`), nest("[1]", "x + x", `x.size() > 0`),
		nest("'aaaaaaaaaa'", "x + x", `x == ''`), nest("b'aaaaaaaaaa'", "x + x", `x == b''`),
		`current.a.replace('a', current.a) == ''`, `''.replace('', current.a, 9).replace('a', current.a) == ''`,
		`current.items.map(i, current.a).join(current.a) == ''`, `current.items.map(i, '').join(current.a) == ''`,
		`current.a.indexOf(current.a.substring(30000) + 'b') == 7 || ` + each(`current.a.lastIndexOf(current.a + 'b') == 0`),
		each(`current.a.replace('a', 'bbb') == ''`), each(`current.a.split('').size() == 0`), each(`current.a.reverse() == ''`),
		each(`current.a.indexOf('b') == 7`), each(`strings.quote(current.a) == ''`), each(`size(current.a) == 7`),
		each(`current.a != previous.a`), each(`current.items != previous.items`), each(`{'y': 1} in current.items`),
		each(`bytes(current.a).size() == 1`), each(`current.a < previous.a`),
		each(`current.a.matches('a*b')`), `current.a.matches('(a|aa)*(b|c){300}$')`, each(`'a'.matches('x{900}' + string(i.x))`), `'a'.matches(current.a)`,
		each(`occurred_at.getHours('Europe/Berlin') == 30`), each(`occurred_at.getHours(current.a) == 30`),
	} {
		bounded(t, source, func() {
			_, _, err := f.Match(context.Background(), source, s)
			var failure *filter.EvalError
			require.ErrorAs(t, err, &failure, "%.80s", source)
			require.Equal(t, filter.KindCost, failure.Kind, "%.80s: %v", source, err)
		})
	}
	// Errors must not write out what they are about.
	for _, source := range []string{
		nest("0", "[x, x]", `current[x] == 1`), nest("0", "[x, x]", `dyn(x)`), nest("0", "[x, x]", `string(dyn(x)) == ''`),
		nest("0", "[x, x]", `math.greatest(dyn(x)) == 1`), `current[current.a] == 1`, each(`int(current.a) == 1`),
		each(`timestamp(current.a) == occurred_at`),
	} {
		bounded(t, source, func() {
			_, _, err := f.Match(context.Background(), source, s)
			require.Error(t, err, "%.80s", source)
			require.Less(t, len(err.Error()), 1000)
		})
	}
}

// stopsAfter is a context that ends when its Done is asked for: an evaluation
// that watches it sees so at its first look.
type stopsAfter struct {
	context.Context
	cancel context.CancelCauseFunc
}

var errEnough = errors.New("enough")

func (c stopsAfter) Done() <-chan struct{} {
	c.cancel(errEnough)
	return c.Context.Done()
}

func TestLoopsWatchTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	_, _, err := newFilters(t).Match(stopsAfter{ctx, cancel}, `current.items.all(i, i.x < 9)`, longEvent())
	require.ErrorIs(t, err, errEnough)
}

func TestDeepEvents(t *testing.T) {
	f := newFilters(t)
	deep := func(leaf string) string {
		return `{"a":` + strings.Repeat(`[`, 990) + leaf + strings.Repeat(`]`, 990) + `}`
	}
	s := subject(deep("1"), deep("2"))
	require.Equal(t, []string{"a"}, s.Changed())
	got, _, err := f.Match(context.Background(), `current.a != previous.a && current.a == current.a`, s)
	require.NoError(t, err)
	require.True(t, got)
}

// requireSound evaluates any source: what Check accepts has no fault when it
// runs, only failures of evaluation, and what it refuses is never run.
func requireSound(t require.TestingT, filters *filter.Filters, s *filter.Subject, source string) {
	checked := filters.Check(source)
	_, _, err := filters.Match(context.Background(), source, s)
	var fault *filter.Error
	require.Equal(t, checked != nil, errors.As(err, &fault), "%s: %v", source, err)
	var failure *filter.EvalError
	require.Equal(t, err != nil, errors.As(err, &failure))
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`current.a == 1`, `current[`, `type(type)`, `previous.?a[?0].orValue({})`, `{current: 1}[current] == 1`, `[dyn(current)][-1]`,
		`-(-9223372036854775808) == 1`, `9223372036854775807 + current.n > 1`, `current.n / 0 == 1`, `current.n % 0 == 1`,
		`timestamp('9999-12-31T23:59:59Z') + duration('1h') > occurred_at`, `b'\xff' == bytes(current.title)`, `string(b'\xff') == ''`,
		`google.protobuf.Struct{fields: {}} == current`, `google.protobuf.Any{} == current`, `current in previous`, `[] in {}`,
		`current.items.map(i, i, i)`, `b'a' in [b'a', b'b']`, `dyn(b'a') in ['a', 'b']`, `current.tags[1.5] == ''`, `cel.bind(x, 1, x == 1)`,
	} {
		f.Add(seed)
	}
	filters, s := newFilters(f), subject(before, after)
	f.Fuzz(func(t *testing.T, source string) { requireSound(t, filters, s, source) })
}

func TestAnySource(t *testing.T) {
	filters, s := newFilters(t), subject(before, after)
	parts := rapid.SampledFrom([]string{
		"current", "previous", "changed", "type", ".a", ".?a", ".n", ".tags", "[0]", "[?0]", "(", ")", "[", "]", "{", "}", ":", ",", "?", "==", "!=",
		"<", "+", "-", "*", "/", "%", "!", "&&", "||", " in ", "1", "1.5", "2u", "'a'", "b'a'", "null", "true", "x", ".exists(x,", ".map(x,", ".all(x,",
		".size()", "has(", "size(", "int(", "double(", "timestamp(", "optional.of(", ".orValue(", ".matches(", ".replace(", ".join(", "occurred_at", "\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(parts, 1, 12).Draw(t, "parts"), "")
		requireSound(t, filters, s, source)
	})
}
