package schema

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// changes lists the built-in types and, for those that change something, the
// one field in which their example's states differ.
var changes = map[string]string{
	"TODO_CREATED":              "",
	"TODO_DELETED":              "",
	"TODO_MOVED":                "list",
	"TODO_NAME_CHANGED":         "title",
	"TODO_DONE_STATUS_UPDATED":  "done",
	"TODO_DUE_DATE_ADDED":       "due_at",
	"TODO_DUE_DATE_UPDATED":     "due_at",
	"TODO_DUE_DATE_REMOVED":     "due_at",
	"TODO_ASSIGNEE_ADDED":       "assignees",
	"TODO_ASSIGNEE_REMOVED":     "assignees",
	"TODO_TAG_ADDED":            "tags",
	"TODO_TAG_REMOVED":          "tags",
	"TODO_CUSTOM_FIELD_UPDATED": "custom_fields",

	"TODO_CHECKLIST_CREATED":                  "",
	"TODO_CHECKLIST_NAME_CHANGED":             "title",
	"TODO_CHECKLIST_DELETED":                  "",
	"TODO_CHECKLIST_ITEM_CREATED":             "",
	"TODO_CHECKLIST_ITEM_NAME_CHANGED":        "title",
	"TODO_CHECKLIST_ITEM_DELETED":             "",
	"TODO_CHECKLIST_ITEM_DUE_DATE_ADDED":      "due_at",
	"TODO_CHECKLIST_ITEM_DUE_DATE_UPDATED":    "due_at",
	"TODO_CHECKLIST_ITEM_DUE_DATE_REMOVED":    "due_at",
	"TODO_CHECKLIST_ITEM_ASSIGNEE_ADDED":      "assignees",
	"TODO_CHECKLIST_ITEM_ASSIGNEE_REMOVED":    "assignees",
	"TODO_CHECKLIST_ITEM_DONE_STATUS_UPDATED": "done",

	"TODO_LIST_CREATED":      "",
	"TODO_LIST_DELETED":      "",
	"TODO_LIST_NAME_CHANGED": "title",

	"CUSTOM_FIELD_CREATED": "",
	"CUSTOM_FIELD_DELETED": "",
	"CUSTOM_FIELD_UPDATED": "name",

	"TAG_CREATED": "",
	"TAG_DELETED": "",
	"TAG_UPDATED": "color",

	"COMMENT_CREATED": "",
	"COMMENT_DELETED": "",
	"COMMENT_UPDATED": "text",
}

// blue lists the types of Blue, without Godwit's own.
func blue() []hook.EventType {
	return slices.DeleteFunc(Catalogue(), func(et hook.EventType) bool { return et.Group == "Godwit" })
}

func TestCatalogueHoldsExactlyTheKnownTypes(t *testing.T) {
	var names []string
	groups := map[string]int{}
	for _, et := range blue() {
		require.NotContains(t, names, et.Name, "named twice")
		require.Contains(t, changes, et.Name)
		require.Regexp(t, regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`), et.Name)
		require.True(t, hook.ValidTypeName(et.Name), et.Name)
		require.True(t, et.Builtin, et.Name)
		require.Regexp(t, regexp.MustCompile(`^[A-Z].*\.$`), et.Description, et.Name)
		names = append(names, et.Name)
		groups[et.Group]++
	}
	require.Len(t, names, 37)
	require.Equal(t, map[string]int{
		"Record": 13, "Checklist": 12, "List": 3, "Custom field": 3, "Tag": 3, "Comment": 3,
	}, groups)
}

func TestCatalogueDescribesEachTypeInItsOwnWords(t *testing.T) {
	seen := map[string]string{}
	for _, et := range Catalogue() {
		require.Empty(t, seen[et.Description], "%s has the description of another type", et.Name)
		seen[et.Description] = et.Name
	}
}

func TestCatalogueHasWordsInEveryLanguage(t *testing.T) {
	for _, language := range hook.Languages {
		titles := map[string]string{}
		for _, et := range Catalogue() {
			title := et.TitleIn(language)
			require.NotEqual(t, et.Name, title)
			require.Empty(t, titles[title], "%s and %s have the same title in %s", et.Name, titles[title], language)
			titles[title] = et.Name
			if language == hook.English {
				continue
			}
			words := et.Translations[language]
			require.NotContains(t, []string{"", et.Title}, words.Title, "%s in %s", et.Name, language)
			require.NotContains(t, []string{"", et.Description}, words.Description, "%s in %s", et.Name, language)
			require.NotEmpty(t, words.Group, "%s in %s", et.Name, language)
		}
	}
}

func TestCatalogueExamplesShowTheChangeTheyStandFor(t *testing.T) {
	for _, et := range blue() {
		t.Run(et.Name, func(t *testing.T) {
			previous, current := state(t, et.ExamplePrevious), state(t, et.ExampleCurrent)
			switch field := changes[et.Name]; {
			case field != "":
				require.Equal(t, []string{field}, differing(previous, current))
				require.Equal(t, previous["id"], current["id"])
			case regexp.MustCompile(`_CREATED$`).MatchString(et.Name):
				require.Nil(t, previous)
				require.NotNil(t, current)
			default:
				require.Regexp(t, regexp.MustCompile(`_DELETED$`), et.Name)
				require.NotNil(t, previous)
				require.Nil(t, current)
			}
		})
	}
}

func TestCatalogueExamplesOfOneGroupAreAboutOneThing(t *testing.T) {
	// A combination of rules matches events by current.id: the examples should
	// let people try one.
	ids := map[string]any{}
	for _, et := range blue() {
		group := et.Group
		if regexp.MustCompile(`_ITEM_`).MatchString(et.Name) {
			group += " item"
		}
		for _, s := range []map[string]any{state(t, et.ExamplePrevious), state(t, et.ExampleCurrent)} {
			if s == nil {
				continue
			}
			if ids[group] == nil {
				ids[group] = s["id"]
			}
			require.Equal(t, ids[group], s["id"], et.Name)
		}
	}
}

func TestCatalogueHoldsGodwitsOwnTypesWithWhatTheySend(t *testing.T) {
	states := map[string]any{
		hook.TypeDegraded: &hook.HealthState{}, hook.TypeDeactivated: &hook.HealthState{}, hook.TypeRecovered: &hook.HealthState{},
		hook.TypeDeliveryFailed: &hook.FailedState{},
	}
	for _, et := range Catalogue() {
		require.Equal(t, et.Group == "Godwit", hook.Operational(et.Name), et.Name)
		if et.Group != "Godwit" {
			continue
		}
		require.True(t, et.Builtin)
		require.True(t, hook.ValidTypeName(et.Name), et.Name)
		require.Nil(t, et.ExamplePrevious)
		require.NoError(t, json.Unmarshal(et.ExampleCurrent, states[et.Name]), et.Name)
		again, err := json.Marshal(states[et.Name])
		require.NoError(t, err)
		require.Equal(t, string(et.ExampleCurrent), string(again), "nothing but what is sent, in its order")
		delete(states, et.Name)
	}
	require.Empty(t, states)
}

func TestCatalogueIsFreshEachTime(t *testing.T) {
	first, want := Catalogue(), Catalogue()
	for i := range first {
		first[i].Name = "CHANGED"
		clear(first[i].ExamplePrevious)
		clear(first[i].ExampleCurrent)
	}
	require.Equal(t, want, Catalogue())
}

// state decodes one side of an example, which is an object with an id or nil.
func state(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	if raw == nil {
		return nil
	}
	var s map[string]any
	require.NoError(t, json.Unmarshal(raw, &s))
	require.NotEmpty(t, s["id"])
	return s
}

func differing(a, b map[string]any) []string {
	var fields []string
	for name := range a {
		if !reflect.DeepEqual(a[name], b[name]) {
			fields = append(fields, name)
		}
	}
	for name := range b {
		if _, both := a[name]; !both {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}
