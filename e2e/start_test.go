package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// firstWithin is how long it may take from a running Godwit to the first verified
// webhook.
const firstWithin = time.Minute

// TestStart_Walk types the commands of docs/start.md as they are there, with other
// ports and another data directory than the defaults.
func TestStart_Walk(t *testing.T) {
	text, err := os.ReadFile("../docs/start.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	require.Len(t, blocks, 4, "make up, and three commands")
	require.Equal(t, "make up\n", blocks[0])
	for _, block := range blocks[1:] {
		require.Equal(t, 1, strings.Count(block, "\n"), "a command is one line: %s", block)
	}
	data := filepath.Join(t.TempDir(), "data")
	env := standaloneEnv(t, data)
	delete(env, "GODWIT_ADMIN_KEY") // so that one is generated, as for a newcomer
	env["GODWIT_DATABASE_URL"] = sharedStack(t).database(t)
	p := startStandalone(t, env)

	began := time.Now()
	reader := startReader(t)
	here := strings.NewReplacer(".godwit/", data+"/")
	// The address of make up needs no variable.
	reader.types("export GODWIT_URL="+p.url()+"\n"+here.Replace(blocks[1]), "is a member of every project")
	reader.types(here.Replace(blocks[2]), "whsec_")
	reader.types(here.Replace(blocks[3]), "200  signature fits")
	took := time.Since(began)
	require.Less(t, took, firstWithin)
	require.Regexp(t, regexp.MustCompile(`POST +(TODO|COMMENT)_\w+ +feed-\w+-\d+ +200  signature fits`), reader.printed.String())
	t.Logf("from a running Godwit to the first verified webhook: %s", took.Round(100*time.Millisecond))
}
