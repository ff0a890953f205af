package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/filter"
)

func TestCheckAccepts(t *testing.T) {
	f := newFilters(t)
	for _, source := range []string{
		`current.priority == 'high'`, `true`, `current.done`, `dyn(1)`, " \n true // why",
		`type(current.x) == int`, `type == 'A' || type(1) == int`, `changed.exists(type, type == 'x')`,
		"true" + strings.Repeat(" ", filter.MaxSource-4),
	} {
		require.NoError(t, f.Check(source), source)
	}
}

func TestCheckRefuses(t *testing.T) {
	f := newFilters(t)
	for _, c := range []struct {
		source       string
		line, column int
		message      string
	}{
		{"", 1, 1, "empty"},
		{" \t\n", 1, 1, "empty"},
		{"'" + strings.Repeat("ü", filter.MaxSource/2) + "' == ''", 1, 1, "at most 4096 bytes, this has 4104"},
		{"'\xff' == ''", 1, 1, "UTF-8"},
		{"true &&", 1, 8, "not finished"},
		{"true\n  && (false", 2, 12, "not finished"},
		{"curent.x == 1", 1, 1, "undeclared reference to 'curent'"},
		{"'ü' == '' && nope", 1, 14, "undeclared reference to 'nope'"},
		{"true &&\n size(now) > 1", 2, 7, "undeclared reference to 'now'"},
		{"now() > occurred_at", 1, 4, "undeclared reference to 'now'"},
		{"type == 5", 1, 6, "no matching overload"},
		{"type", 1, 1, "of type string"},
		{"[true]", 1, 1, "of type list(bool)"},
		{"null", 1, 1, "of type null"},
		{"optional.of(true)", 1, 1, "of type optional_type(bool)"},
		{"type.matches('(')", 1, 14, "missing closing )"},
		{"type.matches('(?<x')", 1, 14, "pattern"},
		{"matches(type, 'x{1000}{2}')", 1, 15, "pattern"},
		{"timestamp('yesterday') < occurred_at", 1, 11, "timestamp"},
		{"duration('1 week') > duration('1s')", 1, 10, "duration"},
		{"int('x') == 1", 1, 1, "conversion"},
		{"'%s'.format(['a']) == 'a'", 1, 12, "undeclared reference to 'format'"},
		{"has(current)", 1, 5, "has"},
	} {
		err := f.Check(c.source)
		var fault *filter.Error
		require.ErrorAs(t, err, &fault, c.source)
		require.Equal(t, []int{c.line, c.column}, []int{fault.Line, fault.Column}, "%s: %v", c.source, err)
		require.Contains(t, fault.Message, c.message, c.source)
		require.NotContains(t, fault.Message, "container", c.source)
		require.Contains(t, err.Error(), "line ", c.source)
	}
}
