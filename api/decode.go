package api

import (
	"cmp"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// checked is a request body that can name its own bad values.
type checked interface{ check() []hook.Field }

// decode reads a request body strictly and checks its values: unknown fields,
// missing ones, wrong types and whatever T.check finds, all in one error.
func decode[T checked](raw []byte) (T, error) {
	v, bad, err := decodeForm[T](raw)
	if err == nil {
		err = invalid(append(bad, v.check()...))
	}
	return v, err
}

// decodeForm reads raw into a T by its json tags. A field without omitempty is
// required; for one with it, null is the same as absent. The error is about
// the body as a whole.
func decodeForm[T any](raw []byte) (T, []hook.Field, error) {
	var v T
	if err := strict.Check(raw); err != nil {
		return v, nil, err
	}
	d := newDecoder()
	d.read(reflect.ValueOf(&v).Elem(), raw, "")
	bad := d.bad.Fields()
	if len(bad) == 1 && bad[0].Pointer == "" {
		return v, nil, invalid(bad)
	}
	return v, bad, nil
}

const unknownField = "is not a field that can be set here; leave it out"

// decoder collects what is wrong with a body while it is read.
type decoder struct{ bad hook.Faults }

func newDecoder() *decoder { return &decoder{hook.Faults{Most: hook.MaxFaults}} }

func (d *decoder) fault(at jsontext.Pointer, code hook.FieldCode, detail string) {
	d.bad.Add(func() hook.Field { return hook.Field{Pointer: string(at), Code: code, Detail: detail} })
}

// unknown says that a field does not exist. A body may have thousands of them.
func (d *decoder) unknown(at jsontext.Pointer, name string) {
	d.bad.Add(func() hook.Field {
		return hook.Field{Pointer: string(at.AppendToken(name)), Code: hook.FieldUnknown, Detail: unknownField}
	})
}

// known gives the members of an object that have one of these names; the others are
// faults, and cost nothing beyond those that are named.
func (d *decoder) known(raw []byte, fields []field) (out []jsonMember) {
	_ = strict.Outline(raw, func(name string, value []byte) {
		if slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			out = append(out, jsonMember{name, value})
			return
		}
		d.unknown("", name)
	})
	return out
}

// must says of which type a value has to be.
func (d *decoder) must(at jsontext.Pointer, expected, words string) {
	d.bad.Add(func() hook.Field {
		return hook.Field{Pointer: string(at), Code: hook.FieldType, Params: hook.Params{"expected": expected}, Detail: "must be " + words}
	})
}

func (d *decoder) read(dst reflect.Value, raw []byte, at jsontext.Pointer) {
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		d.read(dst.Elem(), raw, at)
	case reflect.Struct:
		d.readStruct(dst, raw, at)
	case reflect.Map:
		d.readMap(dst, raw, at, math.MaxInt)
	case reflect.Slice:
		d.readSlice(dst, raw, at, math.MaxInt)
	case reflect.String:
		s, ok := strict.Text(raw)
		if !ok {
			d.must(at, "string", "a string")
		}
		dst.SetString(s)
	case reflect.Bool:
		if kind := jsontext.Value(raw).Kind(); kind != 't' && kind != 'f' {
			d.must(at, "boolean", "true or false")
		}
		dst.SetBool(raw[0] == 't')
	case reflect.Int:
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			d.must(at, "integer", "a whole number")
		}
		dst.SetInt(n)
	case reflect.Int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			d.must(at, "integer", "a whole number")
		}
		dst.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || jsontext.Value(raw).Kind() != '0' {
			d.must(at, "number", "a number")
		}
		dst.SetFloat(n)
	default:
		panic("api: no way to read a " + dst.Type().String())
	}
}

func (d *decoder) readStruct(dst reflect.Value, raw []byte, at jsontext.Pointer) {
	fields := fieldsOf(dst.Type())
	seen := make([]bool, len(fields))
	err := strict.Outline(raw, func(name string, value []byte) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			d.unknown(at, name)
			return
		}
		seen[i] = true
		if !fields[i].optional || !strict.IsNull(value) {
			d.readField(dst.Field(fields[i].index), value, at.AppendToken(name), fields[i].most)
		}
	})
	if errors.Is(err, strict.ErrKind) {
		d.must(at, "object", "an object")
		return
	}
	for i, f := range fields {
		if !f.optional && !seen[i] {
			d.fault(at.AppendToken(f.name), hook.FieldRequired, "is required")
		}
	}
}

func (d *decoder) readMap(dst reflect.Value, raw []byte, at jsontext.Pointer, most int) {
	dst.Set(reflect.MakeMap(dst.Type()))
	err := strict.Outline(raw, func(name string, value []byte) {
		if dst.Len() >= most {
			return
		}
		item := reflect.New(dst.Type().Elem()).Elem()
		d.read(item, value, at.AppendToken(name))
		dst.SetMapIndex(reflect.ValueOf(name), item)
	})
	if err != nil {
		d.must(at, "object", "an object")
	}
}

// readField reads a field, of a list or an object no more than one item beyond what it
// may hold: the check of the form says so.
func (d *decoder) readField(dst reflect.Value, raw []byte, at jsontext.Pointer, most int) {
	switch {
	case dst.Kind() == reflect.Slice && most > 0:
		d.readSlice(dst, raw, at, most+1)
	case dst.Kind() == reflect.Map && most > 0:
		d.readMap(dst, raw, at, most+1)
	default:
		d.read(dst, raw, at)
	}
}

func (d *decoder) readSlice(dst reflect.Value, raw []byte, at jsontext.Pointer, most int) {
	if dst.Type().Elem().Kind() == reflect.Uint8 { // raw JSON, which is kept as it is
		dst.SetBytes(raw)
		return
	}
	err := strict.Elements(raw, func(value []byte) {
		if dst.Len() >= most {
			return
		}
		item := reflect.New(dst.Type().Elem()).Elem()
		d.read(item, value, at.AppendToken(strconv.Itoa(dst.Len())))
		dst.Set(reflect.Append(dst, item))
	})
	if err != nil {
		d.must(at, "array", "an array")
	}
}

// field is one field of a body's struct, as its json tag has it.
type field struct {
	name     string
	index    int
	optional bool
	most     int // items of a list, or members of an object; 0 = any number
}

func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		name, flags, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			most, _ := strconv.Atoi(cmp.Or(t.Field(i).Tag.Get("maxItems"), t.Field(i).Tag.Get("maxProperties")))
			out = append(out, field{name: name, index: i, optional: flags == "omitempty", most: most})
		}
	}
	return out
}
