package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// VariableError says which variable is wrong and why. It never holds the value.
type VariableError struct {
	Name    string
	Problem string
}

func (e *VariableError) Error() string { return e.Name + " " + e.Problem }

// Errors is everything that is wrong with a configuration: one error for each
// variable, in the order of their names.
type Errors []*VariableError

// Error gives one line for each variable.
func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var lines strings.Builder
	fmt.Fprintf(&lines, "%d settings are wrong:", len(e))
	for _, one := range e {
		lines.WriteString("\n  " + one.Error())
	}
	return lines.String()
}

// Unwrap lets errors.As find a *VariableError.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// Join puts what is wrong in several places together. Of two errors about one
// variable the first one stays: a value that can't be read is not missing. An
// error of another kind is returned alone.
func Join(errs ...error) error {
	var all Errors
	for _, err := range errs {
		var several Errors
		var one *VariableError
		switch {
		case err == nil:
		case errors.As(err, &several):
			all = append(all, several...)
		case errors.As(err, &one):
			all = append(all, one)
		default:
			return err
		}
	}
	return all.orNil()
}

// orNil sorts the errors and leaves the first one of each variable. No error is
// a nil error, not an empty list.
func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b *VariableError) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(e, func(a, b *VariableError) bool { return a.Name == b.Name })
}
