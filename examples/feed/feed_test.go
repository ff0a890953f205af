package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func story(t *testing.T, seed uint64, n int) (text string) {
	t.Helper()
	w := newWorld(seed, "x")
	for range n {
		raw, err := json.Marshal(w.next())
		require.NoError(t, err)
		text += string(raw) + "\n"
	}
	return text
}

func TestWorld_TellsTheSameStoryOfASeed(t *testing.T) {
	require.Equal(t, story(t, 1, 500), story(t, 1, 500))
	require.NotEqual(t, story(t, 1, 500), story(t, 2, 500))
}

// TestWorld_MakesSense: who does something is a member, what changes differs, and
// tasks go through every list.
func TestWorld_MakesSense(t *testing.T) {
	w, types, ids, done := newWorld(1, "x"), map[string]int{}, map[string]bool{}, 0
	for range 2000 {
		e := w.next()
		types[e.Type]++
		require.False(t, ids[e.ID])
		ids[e.ID] = true
		require.Contains(t, members[e.Project], e.Actor)
		if e.Previous != nil {
			require.NotEqual(t, e.Previous, e.Current, e.Type)
		}
		if after, ok := e.Current.(task); ok && after.Done {
			done++
		}
	}
	for _, kind := range []string{"TODO_CREATED", "TODO_MOVED", "TODO_ASSIGNEE_ADDED", "TODO_ASSIGNEE_REMOVED", "TODO_DUE_DATE_ADDED", "TODO_DUE_DATE_UPDATED", "COMMENT_CREATED"} {
		require.Positive(t, types[kind], kind)
	}
	require.Len(t, types, 7)
	require.Greater(t, done, 100)
}

// TestCast_IsThatOfTheApp: who fills the app with its example and then starts the feed
// sees one story.
func TestCast_IsThatOfTheApp(t *testing.T) {
	raw, err := os.ReadFile("../../web/src/pages/example.tsx")
	require.NoError(t, err)
	app := string(raw)
	require.Contains(t, app, fmt.Sprintf("{ id: '%s', name: '%s' }", companies[0].ID, companies[0].Name))
	for _, p := range projects[:2] {
		require.Contains(t, app, fmt.Sprintf("{ id: '%s', name: '%s' }", p.ID, p.Name))
	}
	for _, p := range people[:2] {
		require.Contains(t, app, fmt.Sprintf("{ id: '%s', name: '%s', email: '%s' }", p.ID, p.Name, p.Email))
	}
}

func TestFeed_PublishesEachEventUntilItIsTaken(t *testing.T) {
	var paths []string
	refused := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.URL.Path)
		require.Equal(t, "Bearer k", r.Header.Get("Authorization"))
		if r.URL.Path == "/v1/events" && !refused {
			refused = true
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	t.Setenv("GODWIT_KEY", "k")
	var said, nothing bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-url", server.URL, "-count", "2", "-rate", "1000"}, &said))
	require.Contains(t, said.String(), "is a member of every project")
	all := strings.Join(paths, "\n")
	require.Equal(t, 3, strings.Count(all, "POST /v1/events"), "the first one twice")
	require.Equal(t, len(companies)+len(projects)+len(people)+6, strings.Count(all, "PUT "))
	for _, bad := range [][]string{{"-rate", "0"}, {"-rate", "2000"}, {"-nope"}} {
		require.Error(t, run(context.Background(), bad, io.Discard))
	}
	require.NoError(t, run(context.Background(), []string{"-url", server.URL, "-count", "1", "-quiet"}, &nothing))
	require.Empty(t, nothing.String())
}
