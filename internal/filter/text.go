package filter

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// boundedText replaces those of CEL's text functions one call of which may take
// quadratic time or build a text of any length. format can do so in too many
// ways, and a filter has little use for it.
func boundedText() cel.EnvOption {
	text, number, texts := cel.StringType, cel.IntType, cel.ListType(cel.StringType)
	options := []cel.EnvOption{
		cel.Function("format", cel.DisableDeclaration(true),
			cel.MemberOverload("string_format", []*cel.Type{text, cel.ListType(cel.DynType)}, text)),
		cel.Function("replace",
			member("string_replace_string_string", []*cel.Type{text, text, text}, text, replace),
			member("string_replace_string_string_int", []*cel.Type{text, text, text, number}, text, replace)),
		cel.Function("join",
			member("list_join", []*cel.Type{texts}, text, join),
			member("list_join_string", []*cel.Type{texts, text}, text, join)),
		cel.Function("indexOf",
			member("string_index_of_string", []*cel.Type{text, text}, number, indexOf),
			member("string_index_of_string_int", []*cel.Type{text, text, number}, number, indexOf)),
		cel.Function("lastIndexOf",
			member("string_last_index_of_string", []*cel.Type{text, text}, number, lastIndexOf),
			member("string_last_index_of_string_int", []*cel.Type{text, text, number}, number, lastIndexOf)),
	}
	return func(env *cel.Env) (*cel.Env, error) {
		for _, option := range options {
			var err error
			if env, err = option(env); err != nil {
				return nil, err
			}
		}
		return env, nil
	}
}

func member(id string, arguments []*cel.Type, result *cel.Type, f func(...ref.Val) ref.Val) cel.FunctionOpt {
	return cel.MemberOverload(id, arguments, result, cel.FunctionBinding(f))
}

func replace(args ...ref.Val) ref.Val {
	s, old, by := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String))
	n := -1
	if len(args) == 4 {
		// Beyond a text's length one more is none more.
		n = int(min(args[3].(types.Int), maxText+1))
	}
	count := strings.Count(s, old)
	if n >= 0 {
		count = min(count, n)
	}
	if len(s)+count*(len(by)-len(old)) > maxText {
		return types.WrapErr(errTooBig)
	}
	return types.String(strings.Replace(s, old, by, n))
}

func join(args ...ref.Val) ref.Val {
	list, separator := args[0].(traits.Lister), ""
	if len(args) == 2 {
		separator = string(args[1].(types.String))
	}
	var b strings.Builder
	for i := range list.Size().(types.Int) {
		part, ok := list.Get(i).(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(list.Get(i))
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(string(part))
		if b.Len() > maxText {
			return types.WrapErr(errTooBig)
		}
	}
	return types.String(b.String())
}

// indexOf counts in characters, as CEL does.
func indexOf(args ...ref.Val) ref.Val {
	s, part := string(args[0].(types.String)), string(args[1].(types.String))
	from := types.Int(0)
	if len(args) == 3 {
		from = args[2].(types.Int)
	}
	if from < 0 {
		return types.NewErr("index out of range: %d", from)
	}
	skipped, start := characters(s, from)
	i := strings.Index(s[start:], part)
	if i < 0 {
		return types.Int(-1)
	}
	return skipped + types.Int(utf8.RuneCountInString(s[start:start+i]))
}

// lastIndexOf finds the last place at or before the given one.
func lastIndexOf(args ...ref.Val) ref.Val {
	s, part := string(args[0].(types.String)), string(args[1].(types.String))
	end := len(s)
	if len(args) == 3 {
		last := args[2].(types.Int)
		if last < 0 {
			return types.NewErr("index out of range: %d", last)
		}
		_, start := characters(s, last)
		end = min(len(s), start+len(part))
	}
	i := strings.LastIndex(s[:end], part)
	if i < 0 {
		return types.Int(-1)
	}
	return types.Int(utf8.RuneCountInString(s[:i]))
}

// characters returns the offset behind the first n characters of s, and how
// many these are if s has fewer.
func characters(s string, n types.Int) (counted types.Int, offset int) {
	for i := range s {
		if counted == n {
			return counted, i
		}
		counted++
	}
	return counted, len(s)
}
