package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/api"
)

var update = flag.Bool("update", false, "write the generated clients")

// maxGenerated bounds a generated client, so that people can read it and it compiles fast.
const maxGenerated = 400 << 10

// TestClients_AreWhatTheDocumentGives generates the clients from the document and
// compares; with -update it writes them (make clients).
func TestClients_AreWhatTheDocumentGives(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	document, err := api.Document("dev")
	require.NoError(t, err)
	document, err = fold(document)
	require.NoError(t, err)
	dir := t.TempDir()
	from := filepath.Join(dir, "openapi.json")
	require.NoError(t, os.WriteFile(from, document, 0o600))

	run := func(name string, args ...string) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
	}
	oapiCodegen, openapiTypescript := filepath.Join(dir, "oapi-codegen"), filepath.Join(root, "clients/typescript/node_modules/.bin/openapi-typescript")
	require.FileExists(t, openapiTypescript, "run `make clients/typescript/node_modules` first")
	run("go", "-C", "e2e/clients/go", "build", "-o", oapiCodegen, "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen")
	for path, generate := range map[string]func(to string){
		"client/generated.go":              func(to string) { run(oapiCodegen, "-config", "client/generate.yaml", "-o", to, from) },
		"clients/typescript/src/schema.ts": func(to string) { run(openapiTypescript, from, "-o", to) },
	} {
		to, committed := filepath.Join(dir, filepath.Base(path)), filepath.Join(root, path)
		generate(to)
		want, err := os.ReadFile(to)
		require.NoError(t, err)
		require.Less(t, len(want), maxGenerated, path)
		if *update {
			require.NoError(t, os.WriteFile(committed, want, 0o644))
		}
		got, err := os.ReadFile(committed)
		require.NoError(t, err)
		require.True(t, string(want) == string(got), "%s is not what the document gives: run `make clients`", path)
	}
}
