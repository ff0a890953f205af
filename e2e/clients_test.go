package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// generated is where the generators of clients write, inside of e2e/clients so
// that what they make finds the packages that it imports.
var generated = filepath.Join("clients", "generated")

// workshop runs programs in e2e/clients for its own stage.
type workshop struct {
	*stageClient
	receiver *receiver
	env      []string
}

// newWorkshop has keys of both kinds, and a receiver.
func newWorkshop(t *testing.T) workshop {
	t.Helper()
	p := sharedStack(t).standalone
	c := newStage(t, p)
	w := workshop{stageClient: c, receiver: newReceiver(t, nil)}
	key := func(body map[string]any) string {
		return c.send(t, http.MethodPost, "/v1/api-keys", body).json(t, http.StatusCreated)["key"].(string)
	}
	w.env = append(os.Environ(), "GODWIT_URL="+p.url(), "GODWIT_PROJECT="+c.prefix+"p", "GODWIT_RECEIVER="+w.receiver.URL,
		"GODWIT_USER_KEY="+key(map[string]any{"name": "u", "role": "user", "user_id": c.prefix + "u"}),
		"GODWIT_PUBLISHER_KEY="+key(map[string]any{"name": "p", "role": "publisher"}))
	return w
}

// value is that of a variable, the last where there are several.
func (w workshop) value(name string) (value string) {
	for _, one := range w.env {
		if text, ok := strings.CutPrefix(one, name+"="); ok {
			value = text
		}
	}
	return value
}

// run runs a command in a folder of e2e and gives what it prints.
func (w workshop) run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, w.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return out
}

// called checks what a client's program found: the delivery of its event to its
// webhook, as the server has them.
func (w workshop) called(t *testing.T, printed []byte) {
	t.Helper()
	var found struct {
		Webhook, Event string
		Delivered      struct {
			ID        string `json:"id"`
			WebhookID string `json:"webhook_id"`
			EventID   string `json:"event_id"`
		}
	}
	require.NoError(t, json.Unmarshal(printed, &found), string(printed))
	require.NotEmpty(t, found.Webhook)
	require.Equal(t, found.Webhook, found.Delivered.WebhookID)
	require.Equal(t, found.Event, found.Delivered.EventID)
	kept := w.get(t, "/v1/deliveries/"+found.Delivered.ID)
	require.Equal(t, found.Event, kept["event_id"])
	require.Equal(t, w.prefix+"p", w.get(t, "/v1/events/"+found.Event)["project_id"])
}

// TestGeneratedClients makes clients of the document that a running server gives,
// by the generators that most people use. Each has to compile under the strictest
// usual settings and to make real calls. The programs are in e2e/clients.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	require.NoError(t, os.RemoveAll(generated))
	require.NoError(t, os.MkdirAll(generated, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(generated, "openapi.json"), documentOf(t, w.base), 0o600))
	require.DirExists(t, "clients/node_modules", "run `make e2e/clients/node_modules` first")
	bin, err := filepath.Abs("clients/node_modules/.bin")
	require.NoError(t, err)
	generators := map[string][]string{
		"openapi-fetch": {"openapi-typescript", "generated/openapi.json", "-o", "generated/openapi-typescript.d.ts"},
		"hey-api":       {"openapi-ts", "-i", "generated/openapi.json", "-o", "generated/hey", "-c", "@hey-api/client-fetch"},
		"orval":         {"orval", "--config", "./orval.config.ts"},
	}
	names := slices.Sorted(maps.Keys(generators))
	for _, name := range names {
		w.run(t, "clients", filepath.Join(bin, generators[name][0]), generators[name][1:]...)
	}
	w.run(t, "clients", filepath.Join(bin, "tsc"))
	for _, name := range names {
		t.Run(name, func(t *testing.T) { w.called(t, w.run(t, "clients", "node", "generated/built/"+name+".js")) })
	}
	t.Run("oapi-codegen", func(t *testing.T) {
		w.run(t, "clients/go", "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", "client.gen.go", "../generated/openapi.json")
		w.called(t, w.run(t, "clients/go", "go", "run", "."))
	})
}
