package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var jsonBlocks = regexp.MustCompile("(?s)```json\n(.*?)```")

// guide is the text of a page of docs/, or of README.
func guide(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../docs/" + name + ".md")
	require.NoError(t, err)
	return string(raw)
}

// TestDocs_RulesAreAcceptable: rules that a page shows by themselves are taken by a
// webhook.
func TestDocs_RulesAreAcceptable(t *testing.T) {
	c := staged(t)
	checked := 0
	for _, page := range []string{"../README", "rules"} {
		for _, m := range jsonBlocks.FindAllStringSubmatch(guide(t, page), -1) {
			if !strings.HasPrefix(m[1], `{"events"`) {
				continue
			}
			checked++
			rule := strings.ReplaceAll(m[1], `"website"`, `"p1"`)
			answer := c.call("POST", "/v1/webhooks/check", `{"owner_id":"u1","rules":[`+rule+`]}`).is(200).json()
			require.Equal(t, []any{}, answer["errors"], rule)
		}
	}
	require.Equal(t, 2, checked)
}

// TestDocs_ShowAProblemAsItIs asks for the problem that docs/errors.md shows.
func TestDocs_ShowAProblemAsItIs(t *testing.T) {
	shown := jsonBlocks.FindStringSubmatch(guide(t, "errors"))
	require.NotNil(t, shown)
	c := staged(t)
	got := c.call("POST", "/v1/webhooks", strings.Replace(leastWebhook, `"N"`, `"`+strings.Repeat("x", 201)+`"`, 1)).is(422).json()
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(shown[1]), &want))
	got["request_id"] = want["request_id"]
	require.Equal(t, want, got)
}

var namedOperation = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (/(?:v1|play)/[A-Za-z0-9/{}_.-]*)`)

// TestDocs_NameOperationsThatExist: whatever page names one.
func TestDocs_NameOperationsThatExist(t *testing.T) {
	var routes []*regexp.Regexp
	params := regexp.MustCompile(`\\\{[a-z_]+\\\}`)
	for _, r := range (&server{}).routes() {
		routes = append(routes, regexp.MustCompile("^"+r.method+" "+params.ReplaceAllString(regexp.QuoteMeta(r.path), "[^/]+")+"$"))
	}
	routes = append(routes, regexp.MustCompile("^POST /play/[^/]+$"))
	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	named := 0
	for _, page := range append(pages, "../README.md", "../SECURITY.md", "../CONTRIBUTING.md") {
		raw, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range namedOperation.FindAllStringSubmatch(string(raw), -1) {
			named++
			operation := m[1] + " " + strings.TrimRight(m[2], ".")
			exists := false
			for _, r := range routes {
				exists = exists || r.MatchString(operation)
			}
			require.True(t, exists, "%s names %s", page, operation)
		}
	}
	require.Greater(t, named, 100)
}
