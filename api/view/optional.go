package view

import "time"

// Optional gives nil for the zero value, which becomes JSON's null.
func Optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// OptionalTime gives nil for no time, else the time in UTC.
func OptionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
