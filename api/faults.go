package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// withUnknown is invalid with what the store knows of a form that is wrong already, so
// that all of it comes in one answer. Where nothing is wrong, the store says by itself
// what it doesn't know.
func withUnknown(bad []hook.Field, look func() error) error {
	if len(bad) == 0 {
		return nil
	}
	unknown, err := fieldsOf422(look())
	if err != nil {
		return err
	}
	return invalid(append(bad, unknown...))
}

// besides is what is wrong with a parameter and with the body, in one answer.
func besides(parameter, body error) error {
	bad, other := fieldsOf422(body)
	if parameter == nil || other != nil || len(bad) == 0 {
		return cmp.Or(parameter, body)
	}
	own, _ := fieldsOf422(parameter)
	return invalid(slices.Concat(own, bad))
}

// unknownRules looks the owner and the names in rules up; were holds rules that may name
// what is gone.
func (s *server) unknownRules(ctx context.Context, ownerID string, rules, were []hook.Rule) error {
	if !hook.CountsFit(rules) {
		return nil
	}
	unknown, err := fieldsOf422(s.Store.CheckRules(ctx, ownerID, rules))
	if err != nil {
		return err
	}
	return invalid(slices.DeleteFunc(unknown, func(f hook.Field) bool {
		var i int
		_, err := fmt.Sscanf(strings.ReplaceAll(f.Pointer, "/", " "), " rules %d", &i)
		return err == nil && i < len(rules) && slices.ContainsFunc(were, func(was hook.Rule) bool { return reflect.DeepEqual(was, rules[i]) })
	}))
}

// noCompany is CodeInvalid where there is no such company.
func (s *server) noCompany(ctx context.Context, id string) error {
	if !hook.ValidID(id) {
		return nil // the form says so
	}
	_, err := s.Store.Company(ctx, id)
	return unknownField422(err, "/company_id", "company", id)
}

// noUser is CodeInvalid where there is no such user.
func (s *server) noUser(ctx context.Context, pointer, id string) error {
	if !hook.ValidID(id) {
		return nil // the form says so, or needs none
	}
	_, err := s.Store.User(ctx, id)
	return unknownField422(err, pointer, "user", id)
}

// noType is CodeInvalid where there is no such event type.
func (s *server) noType(ctx context.Context, name string) error {
	unknown, err := s.Store.Unknown(ctx, []hook.Event{nameable(hook.Event{Type: name})})
	if err != nil {
		return err
	}
	return invalid(unknown[0])
}

// unknownField422 makes of what was not found the fault of the field that names it.
func unknownField422(err error, pointer, kind, id string) error {
	if hook.CodeOf(err) == hook.CodeNotFound {
		return hook.Field{Pointer: pointer, Code: hook.FieldNotFound, Params: hook.Params{"kind": kind, "id": id}, Detail: fmt.Sprintf("there is no %s %q; create it first", kind, id)}.Invalid()
	}
	return err
}

// patchedRules are the rules that a patch brings, or none.
func patchedRules(patch []byte) (rules []hook.Rule) {
	_ = strict.Outline(patch, func(name string, value []byte) {
		if name == "rules" {
			rules = rulesIn(value)
		}
	})
	return rules
}

// checkURL asks whether a webhook may have this URL, and gives it as it is kept.
func (s *server) checkURL(raw string) (string, []hook.Field) {
	kept, err := s.CheckURL(raw)
	if err == nil {
		return kept, nil
	}
	return raw, fieldsAt("/url", err)
}

// checkHeaders asks whether a webhook may have these headers.
func (s *server) checkHeaders(headers map[string]string) []hook.Field {
	return fieldsAt("/headers", s.CheckHeaders(headers))
}

// checkIdentity asks whether a webhook may have these certificates.
func (s *server) checkIdentity(f webhookForm) []hook.Field {
	if f.ClientKey == hidden {
		return nil // which check tells
	}
	var w hook.Webhook
	w.ClientCertificate, w.ClientKey, w.CACertificate = f.ClientCertificate, f.ClientKey, f.CACertificate
	return fieldsAt("/client_certificate", s.CheckIdentity(w))
}

// fieldsAt gives what a check has found; what has no pointer is at this one.
func fieldsAt(pointer string, err error) []hook.Field {
	var known *hook.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known) && len(known.Fields) > 0:
		return known.Fields
	}
	return []hook.Field{{Code: hook.FieldOther, Pointer: pointer, Detail: wordsOf(err)}}
}

// wordsOf gives the part of a check's error that is meant for people.
func wordsOf(err error) string {
	var known *hook.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}
