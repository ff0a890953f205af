package filter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
	"godwit/internal/hook"
)

const (
	before = `{"id":"t1","status":"open","n":3,"gone":true,"same":{"a":1,"b":[1.0,2]},"big":9007199254740992}`
	after  = `{"id":"t1","status":"done","n":7,"done":true,"priority":"high","same":{"b":[1,2e0],"a":1},
		"big":9007199254740993,"huge":18446744073709551615,"price":12.30,"ratio":0.1,"total":11,"none":null,
		"far":1e400,"farther":1e401,"low":-1e400,"title":"Ship the Ünicorn","tags":["a","b"],"empty":"",
		"items":[{"x":1,"ok":true},{"x":2,"ok":false}],"a":{"b":{"c":"deep"}},"at":"2026-03-01T10:00:00Z","key with space":5}`
)

func newFilters(t testing.TB) *filter.Filters {
	t.Helper()
	f, err := filter.New(100)
	require.NoError(t, err)
	return f
}

func subject(previous, current string) *filter.Subject {
	return filter.NewSubject(hook.Event{
		Type: "TODO_UPDATED", ProjectID: "website", CompanyID: "acme", ActorID: "una",
		OccurredAt: time.Date(2026, 3, 6, 9, 30, 0, 0, time.FixedZone("", 3600)),
		Previous:   json.RawMessage(previous), Current: json.RawMessage(current),
	})
}

func TestMatch(t *testing.T) {
	f, s := newFilters(t), subject(before, after)
	for source, want := range map[string]bool{
		// Every variable.
		`type == 'TODO_UPDATED'`: true, `type.startsWith('COMMENT_')`: false, `project_id == 'website'`: true,
		`company_id == 'acme' && actor_id == 'una'`: true, `actor_id in ['bob', 'una']`: true,
		`occurred_at == timestamp('2026-03-06T08:30:00Z')`: true, `occurred_at.getHours() == 8`: true,
		`occurred_at.getHours('+01:00') == 9`: true, `occurred_at.getDayOfWeek() == 5`: true,
		`occurred_at - timestamp(current.at) > duration('24h')`: true,
		`previous.status == 'open' && current.status == 'done'`: true, `'status' in changed`: true,
		`'same' in changed`: false, `'big' in changed`: true, `changed.exists(k, k in ['gone', 'x'])`: true,
		`size(changed) > 3`: true, `changed == ['status']`: false,

		// Keys that may not be there.
		`has(current.priority)`: true, `has(current.absent)`: false, `has(current.a.b.c)`: true,
		`current.?a.?b.?c.orValue('') == 'deep'`: true, `current.?x.?y.orValue('') == ''`: true,
		`current.?none.hasValue()`: true, `current.none == null`: true, `current['key with space'] == 5`: true,
		`current.absent == 1 || current.n == 7`: true, `current.done`: true, `!current.done`: false,
		`current == previous`: false, `current.same == previous.same`: true, `current.a != {'b': {'c': 'deep'}}`: false,

		// Text.
		`current.title.contains('the')`: true, `current.title.lowerAscii().startsWith('ship')`: true,
		`current.title.matches('^Ship .*corn$')`: true, `current.title.matches('(?i)SHIP')`: true,
		`current.title.matches('^' + 'nope')`: false, `size(current.title) == 16`: true,
		`current.title.indexOf('Ü') == 9`: true, `current.title.indexOf('n') == 10`: true,
		`current.title.indexOf('i', 3) == 11`: true, `current.title.indexOf('', 99) == 16`: true,
		`current.title.lastIndexOf('n') == 15`: true, `current.title.lastIndexOf('n', 14) == 10`: true,
		`current.title.lastIndexOf('Ship', 0) == 0`: true, `current.title.lastIndexOf('x') == -1`: true,
		`current.title.replace('Ship', 'Sail') == 'Sail the Ünicorn'`: true, `'aaa'.replace('a', 'b', 2) == 'bba'`: true,
		`'aaa'.replace('a', 'b', -1) == 'bbb'`: true, `'ab'.replace('', '.') == '.a.b.'`: true,
		`current.tags.join('-') == 'a-b'`: true, `['x', 'y'].join() == 'xy'`: true, `current.title.split(' ').size() == 3`: true,
		`current.title.substring(0, 4) == 'Ship'`: true, `'a' + current.id == 'at1'`: true, `b'ab' + b'c' == b'abc'`: true,

		// Numbers: exact, of any kind, decimal.
		`current.big == 9007199254740993`: true, `current.big == 9007199254740992`: false,
		`current.big > previous.big`: true, `current.huge == 18446744073709551615u`: true,
		`current.huge > 9223372036854775807`: true, `current.price == 12.3`: true, `current.price == 12.30`: true,
		`current.n == 7.0 && current.n < 7.5`: true, `current.n * 1.5 == 10.5`: true, `current.price + current.n > 19.2`: true,
		`current.n + 1 == 8`: true, `current.n - 0.5 == 6.5`: true, `7.5 / current.n > 1.07`: true, `-current.n == -7`: true,
		`current.total / 2 == 5`: true, `double(current.total) / 2.0 == 5.5`: true, `current.total / 2.0 == 5.5`: true,
		`current.huge - 1 > 1.8e19`: true, `math.greatest(current.n, current.price) == 12.3`: true, `current.total % 2 == 1`: true,
		`current.far > 1e308 && current.low < -1e308`: true, `current.far == current.farther`: true, `dyn(7) in [7.0]`: true,
		`current.n in [1, 7]`: true, `current.n in current.same.b`: false, `current.same.b == [1, 2]`: true,

		// Lists.
		`current.items.exists(i, i.x == 2)`: true, `current.items.all(i, i.ok)`: false, `current.items[1].x == 2`: true,
		`current.items.filter(i, i.ok).size() == 1`: true, `current.items.map(i, i.x) == [1, 2]`: true,
		`current.items.exists_one(i, i.ok)`: true, `current.tags + ['c'] == ['a', 'b', 'c']`: true,
		`'a' in current.tags`: true, `'c' in current.tags`: false, `'id' in current`: true, `current.tags[?5].orValue('') == ''`: true,
		`optional.of(current.tags) == optional.of(['a', 'b'])`: true, `current.?absent == optional.none()`: true,
		`[[1], [2]] == [[1], [3]]`: false, `dyn({'a': 1}) == {'a': 1.0}`: true, `{'a': 1} == {'b': 1}`: false, `[1] == dyn({'a': 1})`: false,

		// The kind of a value: a function of the name of a variable.
		`type(current.n) == int && type(current.title) == string`: true, `type(current.price) == double`: true,
	} {
		got, _, err := f.Match(context.Background(), source, s)
		require.NoError(t, err, source)
		require.Equal(t, want, got, source)
	}
}

func TestNullStates(t *testing.T) {
	f := newFilters(t)
	for _, null := range []string{"", "null"} {
		created, deleted := subject(null, `{"id":1,"b":2}`), subject(`{"id":1}`, null)
		for source, want := range map[string][2]bool{
			`previous == null`:            {true, false},
			`current == null`:             {false, true},
			`changed == ['b', 'id']`:      {true, false},
			`changed == ['id']`:           {false, true},
			`current.?id.orValue(0) == 1`: {true, false},
			`has(previous.id)`:            {false, true},
		} {
			for i, s := range []*filter.Subject{created, deleted} {
				got, _, err := f.Match(context.Background(), source, s)
				require.NoError(t, err, source)
				require.Equal(t, want[i], got, "%s of %d", source, i)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	f, s := newFilters(t), subject("null", after)
	for source, want := range map[string]filter.EvalError{
		`current.absent == 1`:                              {Kind: filter.KindMissingKey, Message: `"absent"`},
		`current.a.x.y == 1`:                               {Kind: filter.KindMissingKey, Message: `"x"`},
		`current['` + strings.Repeat("k", 500) + `'] == 1`: {Kind: filter.KindMissingKey, Message: "…"},
		`previous.id == 't1'`:                              {Kind: filter.KindMissingKey, Message: `"id"`},
		`current.tags[2] == 'c'`:                           {Kind: filter.KindMissingKey, Message: "fewer elements"},
		`current.n`:                                        {Kind: filter.KindType, Message: "type int"},
		`current`:                                          {Kind: filter.KindType, Message: "type map"},
		`current.none`:                                     {Kind: filter.KindType, Message: "type null_type"},
		`current.title > 5`:                                {Kind: filter.KindType, Message: "convert"},
		`current.title + 5 == current.title`:               {Kind: filter.KindType, Message: "convert"},
		`current.none.startsWith('a')`:                     {Kind: filter.KindType, Message: "convert"},
		`current.n.matches('a')`:                           {Kind: filter.KindType, Message: "convert"},
		`'a'.matches(current.n)`:                           {Kind: filter.KindType, Message: "convert"},
		`1 in current.n`:                                   {Kind: filter.KindType, Message: "convert"},
		`current.title - 1 == 0`:                           {Kind: filter.KindType, Message: "convert"},
		`current.items.exists(i, i.x)`:                     {Kind: filter.KindType, Message: "convert"},
		`current.n && true`:                                {Kind: filter.KindType, Message: "convert"},
		`dyn([1, 'a']).join() == ''`:                       {Kind: filter.KindType, Message: "convert"},
		`current.n / (current.n - 7) > 0`:                  {Kind: filter.KindOther, Message: "division by zero"},
		`int(current.title) == 0`:                          {Kind: filter.KindType, Message: "convert"},
		`timestamp(current.title) == occurred_at`:          {Kind: filter.KindOther, Message: "failed"},
		`occurred_at.getHours('Nowhere/At_all') == 1`:      {Kind: filter.KindOther, Message: "failed"},
		`'a'.matches(current.id + '(')`:                    {Kind: filter.KindOther, Message: "pattern"},
		`'a'.indexOf('a', -1) == 0`:                        {Kind: filter.KindOther, Message: "range"},
		`'a'.lastIndexOf('a', -1) == 0`:                    {Kind: filter.KindOther, Message: "range"},
		`nonsense`:                                         {Kind: filter.KindOther, Message: "line 1, column 1"},
	} {
		got, _, err := f.Match(context.Background(), source, s)
		require.False(t, got, source)
		var failure *filter.EvalError
		require.ErrorAs(t, err, &failure, source)
		require.Equal(t, want.Kind, failure.Kind, "%s: %v", source, err)
		require.Contains(t, failure.Error(), want.Message, source)
		require.Less(t, len(failure.Error()), 250, source)
	}
}

func TestUnreadableState(t *testing.T) {
	s := subject(`{"a":`, `{"a":1}`)
	_, _, err := newFilters(t).Match(context.Background(), `previous.a == 1`, s)
	require.ErrorContains(t, err, "failed")
	require.Equal(t, []string{"a"}, s.Changed())
	_, ok := s.Key("previous.a")
	require.False(t, ok)
}

func TestCancelled(t *testing.T) {
	cause := errors.New("the worker stops")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	_, _, err := newFilters(t).Match(ctx, `true`, subject(before, after))
	require.ErrorIs(t, err, cause)
	var failure *filter.EvalError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, filter.KindOther, failure.Kind)
}

func TestManyAtOnce(t *testing.T) {
	f, err := filter.New(5)
	require.NoError(t, err)
	s := subject(before, after)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 50 {
				matches, _, err := f.Match(context.Background(), fmt.Sprintf(`current.n == %d && 'n' in changed`, (n+i)%10), s)
				if err != nil || matches != ((n+i)%10 == 7) {
					t.Errorf("%d: %t, %v", n, matches, err)
				}
			}
		})
	}
	group.Wait()
}

func TestNewNeedsRoom(t *testing.T) {
	_, err := filter.New(0)
	require.Error(t, err)
}

func BenchmarkThousandFilters(b *testing.B) {
	f, err := filter.New(1000)
	require.NoError(b, err)
	sources := make([]string, 1000)
	for i := range sources {
		sources[i] = fmt.Sprintf(`current.priority == 'high' && 'status' in changed && current.n > %d`, i)
		require.NoError(b, f.Check(sources[i]))
		_, _, err := f.Match(b.Context(), sources[i], subject(before, after))
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := subject(before, after)
		for _, source := range sources {
			if _, _, err := f.Match(b.Context(), source, s); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestMatch_NullAndMissingAreOne: producers leave a field out or send null.
func TestMatch_NullAndMissingAreOne(t *testing.T) {
	f := newFilters(t)
	for _, source := range []string{
		`!current.?text.orValue('').contains('WIP')`,
		`current.?text.orValue('none') == 'none'`,
		`current.?text.?lines.orValue(0) < 1`,
		`!current.?text.orValue([]).exists(line, line == 'WIP')`,
		`current[?'text'].orValue('').size() == 0`,
		`current.?text.orValue(current.other) == 1`, // metered
	} {
		for _, state := range []string{`{"other":1}`, `{"other":1,"text":null}`} {
			ok, _, err := f.Match(t.Context(), source, subject(``, state))
			require.NoError(t, err, "%s of %s", source, state)
			require.True(t, ok, "%s of %s", source, state)
		}
	}
	ok, _, err := f.Match(t.Context(), `current.?text.orValue('') == 'WIP' && current.?no.orValue(true) == false`, subject(``, `{"text":"WIP","no":false}`))
	require.NoError(t, err)
	require.True(t, ok, "what is there is kept, also when it is false")
}

// TestMatch_TimestampsAreRFC3339 holds filters to the times that the API takes.
func TestMatch_TimestampsAreRFC3339(t *testing.T) {
	f := newFilters(t)
	for text, want := range map[string]bool{
		"2026-05-04t09:30:00z": true, "2016-12-31T23:59:60Z": true, "2026-05-04T09:30:00.5+05:30": true,
		"2026-05-04T09:30:00+24:00": false, "2026-05-04T9:30:00Z": false, "2026-05-04T09:30:00,5Z": false, "0000-01-01T00:00:00Z": false,
	} {
		ok, _, err := f.Match(t.Context(), `timestamp(current.at) > timestamp('0001-01-01T00:00:00Z')`, subject(``, `{"at":"`+text+`"}`))
		require.Equal(t, want, ok && err == nil, "%s: %v", text, err)
		require.Equal(t, want, f.Check(`timestamp('`+text+`') > occurred_at`) == nil, text)
	}
}

// TestMatch_FailuresSpeakOfNoGo reads the words of every kind of failure.
func TestMatch_FailuresSpeakOfNoGo(t *testing.T) {
	f, s := newFilters(t), subject(``, `{"n":null,"o":{"a":1},"l":[1],"s":"x","i":9223372036854775807,"at":"now"}`)
	for _, source := range []string{
		`current.n.exists(x, x == 1)`, `current.s.all(x, x == 1)`, `current.n.map(x, x).size() > 1`, `current.i.filter(x, true).size() > 1`,
		`current.n.a`, `current.l[7] == 1`, `current.l['a'] == 1`, `current.o[1] == 1`, `current.n > 1`, `current.n && true`, `current.s`,
		`current.n + 1 > 2`, `-current.s > 1`, `!current.s`, `current.s.size(1) > 1`, `current.i + 1 > 2`, `current.l[0] / 0 > 1`, `current.l[0] % 0 > 1`,
		`timestamp(current.at) > occurred_at`, `duration(current.at) > duration('1s')`, `int(current.s) > 1`, `double(current.s) > 1.0`, `uint(-1 * current.l[0]) > 1u`,
		`occurred_at.getHours(current.s) > 1`, `current.s.substring(5) == ''`, `current.s.charAt(9) == ''`, `current.s.split(current.n).size() > 0`, `current.s.matches(current.s + '(')`,
		`math.greatest(current.s) > 1`, `[1][current.i] > 1`, `dyn(current.n)`, `bytes(current.n) == b''`, `current.n in current.n`, `bool(current.s)`, `current.?o.value().a.b`, `optional.none().value() == 1`,
		`timestamp(current.i) > occurred_at`, `occurred_at + duration('2562047h') > occurred_at`, `current.l.join(',') == ''`, `type(current.n) == 1`,
	} {
		_, _, err := f.Match(t.Context(), source, s)
		if err == nil {
			continue // not every one of them fails
		}
		require.NotRegexp(t, `types\.|ref\.Val|traits\.|interface|nil\b|strconv|parsing|reflect|%!|goroutine|2006`, err.Error(), source)
	}
}
