package filter_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestChanged(t *testing.T) {
	for _, c := range []struct {
		previous, current string
		want              []string
	}{
		{`{}`, `{}`, nil},
		{`{"a":1,"b":2}`, ` { "b" : 2 , "a" : 1 } `, nil},
		{`{"z":1,"a":1}`, `{"z":2,"a":2}`, []string{"a", "z"}},
		{`{"a":1}`, `{"b":1}`, []string{"a", "b"}},
		{`{"a":null}`, `{}`, []string{"a"}},
		{`{"a":{"x":[1,{"y":2}],"z":3}}`, `{"a":{"z":3,"x":[1,{"y":2.0}]}}`, nil},
		{`{"a":{"x":[1,{"y":2}]}}`, `{"a":{"x":[1,{"y":3}]}}`, []string{"a"}},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, []string{"a"}},
		{`{"a":[1]}`, `{"a":[1,1]}`, []string{"a"}},
		{`{"a":{}}`, `{"a":[]}`, []string{"a"}},
		{`{"a":"\u0041"}`, `{"a":"A"}`, nil},
		{`{"a":"A"}`, `{"a":"a"}`, []string{"a"}},
		{`{"a":true}`, `{"a":false}`, []string{"a"}},
		{`{"a":"1","b":null,"c":"true","d":1}`, `{"a":1,"b":false,"c":true,"d":[1]}`, []string{"a", "b", "c", "d"}},
		{`{"a":1.0,"b":100,"c":0.001,"d":-0,"e":1E+2}`, `{"a":1,"b":1e2,"c":1e-3,"d":0.0e5,"e":100.00}`, nil},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, []string{"a"}},
		{`{"a":0.1}`, `{"a":0.10000000000000000001}`, []string{"a"}},
		{`{"a":1e400,"b":1}`, `{"a":1e401,"b":-1}`, []string{"a", "b"}},
		{`{"a":1e1000000000,"b":1e99999999999999999999}`, `{"a":10e999999999,"b":1e99999999999999999998}`, []string{"b"}},
		{`null`, `{"b":1,"a":2}`, []string{"a", "b"}},
		{`{"b":null}`, ``, []string{"b"}},
		{``, `null`, nil},
		{`[1]`, `{"a":1}`, []string{"a"}},
	} {
		require.Equal(t, c.want, subject(c.previous, c.current).Changed(), "%s -> %s", c.previous, c.current)
	}
}

// TestNumbersCompareExactly holds Changed and Key to arithmetic with fractions.
func TestNumbersCompareExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few digits, so that equal values are drawn often.
		draw := func(name string) string {
			text := rapid.StringMatching(`-?(0|[1-3][01]{0,3})(\.[01]{1,3})?([eE][+-]?0?[0-4])?`).Draw(t, name)
			require.True(t, json.Valid([]byte(text)), text)
			return text
		}
		a, b := draw("a"), draw("b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		s := subject(fmt.Sprintf(`{"n":%s}`, a), fmt.Sprintf(`{"n":%s}`, b))
		require.Equal(t, x.Cmp(y) == 0, len(s.Changed()) == 0, "%s and %s", a, b)
		before, _ := s.Key("previous.n")
		after, _ := s.Key("current.n")
		require.Equal(t, x.Cmp(y) == 0, before == after, "%s and %s", a, b)
	})
}

func TestLongExponents(t *testing.T) {
	bounded(t, "exponents", func() {
		digits := strings.Repeat("9", 100_000)
		s := subject(`{"a":1e`+digits+`}`, `{"a":10e`+digits+`}`)
		require.Equal(t, []string{"a"}, s.Changed())
		_, _, err := newFilters(t).Match(t.Context(), `current.a > 1`, s)
		require.NoError(t, err)
	})
}
