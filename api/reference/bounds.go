package reference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
	"godwit/internal/hook"
	"godwit/internal/match"
	"godwit/internal/verify"
)

const schemaPrefix = "#/components/schemas/"

const (
	idForm   = "^[A-Za-z0-9._:/@|=+~,!$&'()*;-]{1,128}$"
	typeForm = "^[A-Za-z0-9_.:-]{1,128}$"

	reasonForm = "^[a-z0-9_]{1,40}$"
	codeForm   = "^[1-9]([0-9]{2}|xx)$"
)

// forms are the patterns of strings that have one name, and so one form,
// wherever they stand. A tag on a field goes before them.
var forms = map[string]string{
	"id": idForm, "owner_id": idForm, "user_id": idForm, "project_id": idForm, "company_id": idForm, "event_id": idForm, "actor_id": idForm, "actor": idForm, "key": idForm, "reaches": idForm,
	"webhook_id": "^wh_[0-9a-v]{26}$", "delivery_id": "^dlv_[0-9a-v]{26}$", "redelivery_id": "^rdl_[0-9a-v]{26}$",
	"type": typeForm, "event_type": typeForm, "matches": typeForm,
	"If-Match": `^([*]|"[1-9][0-9]{0,18}")$`,
}

// parameterForms are those of query parameters whose names mean something else in
// bodies.
var parameterForms = map[string]string{"reason": reasonForm, "status_code": codeForm}

// enums are the closed sets that types of the domain stand for.
var enums = map[reflect.Type][]any{
	reflect.TypeFor[hook.Reason]():      values(hook.Reasons),
	reflect.TypeFor[hook.Action]():      values(hook.Actions),
	reflect.TypeFor[hook.Happened]():    values(hook.Happenings),
	reflect.TypeFor[hook.QuotaName]():   values(hook.QuotaNames),
	reflect.TypeFor[hook.FieldCode]():   values(hook.FieldCodes),
	reflect.TypeFor[match.Code]():       values(match.Codes),
	reflect.TypeFor[hook.WarningCode](): values(hook.WarningCodes),
	reflect.TypeFor[verify.Code]():      values(verify.Codes),
	reflect.TypeFor[verify.Spelling]():  values(verify.Spellings),
	reflect.TypeFor[verify.Part]():      values(verify.Parts),
}

func values[T ~string](set []T) []any {
	out := make([]any, len(set))
	for i, v := range set {
		out[i] = string(v)
	}
	return out
}

// bound completes the document, once every operation is in it, by what huma
// leaves out or gets wrong.
func bound(doc *huma.OpenAPI) {
	registry := doc.Components.Schemas
	for name, schema := range registry.Map() {
		closed := schema.AdditionalProperties == false
		for _, f := range reflect.VisibleFields(registry.TypeFromRef(schemaPrefix + name)) {
			json, flags, _ := strings.Cut(f.Tag.Get("json"), ",")
			property := schema.Properties[json]
			if property == nil {
				continue
			}
			optional := flags == "omitempty"
			if closed {
				tellDefault(property)
			}
			boundString(json, f.Type, property)
			boundNumber(property)
			// A form's optional value may be null; a merge patch has its own rules.
			null := !optional && f.Type.Kind() == reflect.Pointer || optional && closed && name != "WebhookPatch"
			makeNullable(property, null)
		}
	}
	registry.Map()["Problem"].Properties["code"].Enum = codes()
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			for _, p := range parameters(op) {
				name := p.Name
				if name == "name" { // paths name nothing else so
					name = "event_type"
				}
				schema := p.Schema
				if schema.Type == huma.TypeArray { // may be repeated
					schema = schema.Items
				}
				if form := parameterForms[name]; form != "" {
					schema.Pattern = form
				} else {
					boundString(name, reflect.TypeFor[string](), schema)
				}
				describeInstant(p)
			}
		}
	}
}

// InstantForm marks the schema of an instant until describeInstant replaces it: by
// the format date-time huma would judge the text itself, and refuse a leap second.
const InstantForm = "instant"

// describeInstant gives the document its own schema for an instant.
func describeInstant(p *huma.Param) {
	if p.Schema.Format == InstantForm {
		described := *p.Schema
		described.Format = "date-time"
		p.Schema = &described
	}
}

// tellDefault puts the default of a request's field into words. Generators of
// clients take a field with a default for one that is always there, so that
// callers would have to send it.
func tellDefault(s *huma.Schema) {
	if s.Default != nil {
		s.Description += fmt.Sprintf("; %v when left out", value(s.Default))
		s.Default = nil
	}
}

func parameters(op *huma.Operation) []*huma.Param {
	if op == nil {
		return nil
	}
	return op.Parameters
}

func boundString(name string, t reflect.Type, s *huma.Schema) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s.Enum = slices.Concat(s.Enum, enums[t])
	free := s.Type == huma.TypeString && s.Pattern == "" && s.Format == "" && len(s.Enum) == 0
	if form := forms[name]; free && form != "" {
		s.Pattern, s.MinLength, s.MaxLength = form, nil, nil
	}
}

// boundNumber says that counts, positions and lengths of time are not negative.
func boundNumber(s *huma.Schema) {
	if s.Type == huma.TypeInteger && s.Minimum == nil {
		s.Minimum = new(float64)
	}
}

// makeNullable lets a property be null where it can be; huma forgets objects and
// the values of enums.
func makeNullable(s *huma.Schema, null bool) {
	switch {
	case s.Ref != "" && null:
		s.AnyOf = []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}
		s.Ref = ""
	case s.Ref == "" && len(s.AnyOf) == 0:
		s.Nullable = s.Nullable || null
	}
	if s.Nullable && len(s.Enum) > 0 && !slices.Contains(s.Enum, nil) {
		s.Enum = append(s.Enum, nil)
	}
}

// codes are the kinds of problems.
func codes() []any {
	var out []any
	for _, k := range access.Kinds() {
		out = append(out, k.Code)
	}
	return out
}
