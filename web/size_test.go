package web

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a browser loads before a page can be used, in bytes as gzip sends them.
const (
	maxList = 200 << 10 // the page that people open most
	maxPage = 300 << 10
	// maxEditor is what the editor of conditions adds, when someone opens it.
	maxEditor = 140 << 10
)

// chunk is a file of the build, as its manifest has it.
type chunk struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
}

type manifest map[string]chunk

// load is how much a browser loads for these chunks, with all that they import.
func (m manifest) load(t *testing.T, names ...string) int {
	t.Helper()
	size, seen := 0, map[string]bool{}
	weigh := func(file string) {
		if !seen[file] {
			seen[file] = true
			info, err := fs.Stat(dist, "dist/"+file+".gz")
			require.NoError(t, err)
			size += int(info.Size())
		}
	}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		c, ok := m[name]
		require.True(t, ok, name)
		if seen[name] {
			continue
		}
		seen[name] = true
		weigh(c.File)
		for _, css := range c.CSS {
			weigh(css)
		}
		names = append(names, c.Imports...)
	}
	return size
}

// pages are the chunks that a page adds to those of the start.
var pages = []string{
	"webhooks", "webhook", "settings", "deliveries", "delivery", "events", "event", "event-types", "received", "verify", "connect", "sign-in", "wizard/wizard",
	"admin/overview", "admin/directory", "admin/keys", "admin/log", "admin/system",
}

func readManifest(t *testing.T) (m manifest) {
	t.Helper()
	raw, err := fs.ReadFile(dist, "dist/.vite/manifest.json")
	require.NoError(t, err, "run `make build` first")
	require.NoError(t, json.Unmarshal(raw, &m))
	return m
}

// TestApp_LoadsItsEditorWhenItIsOpened: it is larger than any page.
func TestApp_LoadsItsEditorWhenItIsOpened(t *testing.T) {
	m := readManifest(t)
	const editor = "src/ui/cel-editor.tsx"
	require.Contains(t, m, editor, "it is a chunk of its own")
	for _, page := range pages {
		without := m.load(t, "index.html", "src/pages/"+page+".tsx")
		added := m.load(t, "index.html", "src/pages/"+page+".tsx", editor) - without
		require.Greater(t, added, 50<<10, "%s holds the editor", page)
		require.LessOrEqual(t, added, maxEditor, page)
		if page == "wizard/wizard" {
			t.Logf("the editor adds %d bytes", added)
		}
	}
}

func TestApp_IsSmall(t *testing.T) {
	m := readManifest(t)
	for _, language := range []string{"en", "de", "pl"} {
		for _, page := range pages {
			most := maxPage
			if page == "webhooks" {
				most = maxList
			}
			size := m.load(t, "index.html", "src/i18n/"+language+"/index.ts", "src/pages/"+page+".tsx")
			require.LessOrEqual(t, size, most, "%s in %s", page, language)
			t.Logf("%-16s %s %6d bytes", page, language, size)
		}
	}
}
