package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

func putType(t *testing.T, s stage, et hook.EventType) (hook.EventType, bool) {
	t.Helper()
	stored, created, err := s.PutEventType(context.Background(), et)
	require.NoError(t, err)
	return stored, created
}

// readType gives a type as the catalogue lists it.
func readType(t *testing.T, s stage, name string) hook.EventType {
	t.Helper()
	all, err := s.EventTypes(context.Background())
	require.NoError(t, err)
	for _, et := range all {
		if et.Name == name {
			return et
		}
	}
	t.Fatalf("the catalogue has no %s", name)
	return hook.EventType{}
}

func TestEventTypeIsKeptAsItWasPut(t *testing.T) {
	s := newStage(t)
	archived := time.Date(2026, 5, 4, 9, 30, 0, 123456000, time.UTC)
	whole := hook.EventType{
		Name: "invoice.paid", Group: "Invoices", Title: "Invoice paid", Description: "Paid",
		Translations:    map[string]hook.TypeWords{"de": {Title: "Rechnung bezahlt", Group: "Rechnungen"}, "pl": {Description: "Opłacono"}},
		Schema:          []byte("{\n  \"type\" : \"object\" }"),
		ExamplePrevious: []byte(`{ "total":1.10 }`), ExampleCurrent: []byte(`{"total":2.20}`), ArchivedAt: archived,
	}
	stored, created := putType(t, s, whole)
	require.True(t, created)
	require.Positive(t, stored.SchemaVersion)
	want := whole
	want.SchemaVersion, want.CreatedAt, want.UpdatedAt = stored.SchemaVersion, stored.CreatedAt, stored.UpdatedAt
	require.Equal(t, want, stored)
	require.Equal(t, want, readType(t, s, "invoice.paid"))

	bare, created := putType(t, s, hook.EventType{Name: "invoice.paid", Group: "Bills", Description: ""})
	require.False(t, created)
	require.Equal(t, hook.EventType{
		Name: "invoice.paid", Group: "Bills", SchemaVersion: bare.SchemaVersion, CreatedAt: stored.CreatedAt, UpdatedAt: bare.UpdatedAt,
	}, bare, "what is left out is taken away")
	require.Equal(t, bare, readType(t, s, "invoice.paid"))
	require.NotNil(t, readType(t, s, "TODO_CREATED").ExampleCurrent)
}

func TestSchemaVersionsAreNeverUsedTwice(t *testing.T) {
	s := newStage(t)
	put := func(schema string) int64 {
		et := hook.EventType{Name: "T", Group: "g"}
		if schema != "" {
			et.Schema = []byte(schema)
		}
		stored, _ := putType(t, s, et)
		return stored.SchemaVersion
	}
	require.Zero(t, put(""))
	require.Zero(t, put(""))
	first := put(`{}`)
	require.Positive(t, first)
	require.Equal(t, first, put(`{}`), "the same bytes are the same version")
	spaced := put(`{ }`)
	require.Greater(t, spaced, first)
	removed := put("")
	require.Greater(t, removed, spaced, "a removed schema is a version of its own")
	require.Equal(t, removed, put(""))
	again := put(`{}`)
	require.Greater(t, again, removed)
	require.NoError(t, s.DeleteEventType(context.Background(), "T"))
	require.Greater(t, put(`{"type":"object"}`), again, "a type made anew takes no version of the deleted one")
}

func TestArchivedSince(t *testing.T) {
	s := newStage(t)
	then, later := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC), time.Date(2026, 5, 5, 9, 30, 0, 0, time.UTC)
	put := func(at time.Time) time.Time {
		stored, _ := putType(t, s, hook.EventType{Name: "T", Group: "g", ArchivedAt: at})
		require.Equal(t, stored.ArchivedAt, readType(t, s, "T").ArchivedAt)
		return stored.ArchivedAt
	}
	require.Zero(t, put(time.Time{}))
	require.Equal(t, then, put(then))
	require.Equal(t, then, put(later), "it was archived before")
	require.Zero(t, put(time.Time{}))
	require.Equal(t, later, put(later))
}

func TestTypeSchemas(t *testing.T) {
	s := newStage(t)
	stored, _ := putType(t, s, hook.EventType{Name: "T", Group: "g", Schema: []byte(`{ }`)})
	got, err := s.TypeSchemas(context.Background(), []string{"T", "none", "TODO_CREATED"})
	require.NoError(t, err)
	require.ElementsMatch(t, []hook.EventType{{Name: "T", Schema: []byte(`{ }`), SchemaVersion: stored.SchemaVersion}, {Name: "TODO_CREATED"}}, shown(got))
	got, err = s.TypeSchemas(context.Background(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

// shown keeps what TypeSchemas promises.
func shown(types []hook.EventType) []hook.EventType {
	var out []hook.EventType
	for _, t := range types {
		out = append(out, hook.EventType{Name: t.Name, Schema: t.Schema, SchemaVersion: t.SchemaVersion})
	}
	return out
}

func TestBuiltinTypesStayAsTheyAre(t *testing.T) {
	s := newStage(t)
	before := readType(t, s, "TODO_CREATED")
	_, _, err := s.PutEventType(context.Background(), hook.EventType{Name: "TODO_CREATED", Group: "x", Schema: []byte(`{}`), ArchivedAt: time.Now()})
	require.Equal(t, hook.CodeConflict, hook.CodeOf(err))
	require.Equal(t, before, readType(t, s, "TODO_CREATED"))
}
