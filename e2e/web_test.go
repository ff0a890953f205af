package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
)

// These tests drive the web app in Chromium, served by a real standalone; the tests
// themselves are in web/browser, a file for each feature.

// TestWeb_Signing signs people in by key and by link.
func TestWeb_Signing(t *testing.T) { inBrowser(t, "signing") }

// TestWeb_Webhook makes a webhook and does what its page offers, also when it was deleted.
func TestWeb_Webhook(t *testing.T) { inBrowser(t, "webhook.test") }

// TestWeb_Preview compares what is chosen in the wizard with what then matches and is sent.
func TestWeb_Preview(t *testing.T) { inBrowser(t, "preview") }

// TestWeb_Settings changes a webhook, which two people may do at once.
func TestWeb_Settings(t *testing.T) { inBrowser(t, "settings") }

// TestWeb_Delivery looks at deliveries and events, and at who did what with them.
func TestWeb_Delivery(t *testing.T) { inBrowser(t, "delivery") }

// TestWeb_Admin looks at the pages of those who run Godwit.
func TestWeb_Admin(t *testing.T) { inBrowser(t, "admin", "GODWIT_UNREADABLE="+unreadable(t)) }

// unreadable makes a webhook whose secret was sealed with a key that is not there.
func unreadable(t *testing.T) string {
	s := sharedStack(t)
	made := newStage(t, s.standalone).webhook(t, "http://127.0.0.1:9/", map[string]any{"name": "Old vault"})
	pgtest.Exec(t, s.postgres.URL("godwit"), `UPDATE webhooks SET secret = overlay(secret PLACING '\x00000000' FROM 2 FOR 4), version = version + 1 WHERE id = $1`, made["id"])
	return made["id"].(string)
}

// TestWeb_Pages looks for faults of access on every page.
func TestWeb_Pages(t *testing.T) {
	t.Parallel()
	inBrowser(t, "pages")
}

// inBrowser runs the tests of a file of web/browser against the shared standalone.
func inBrowser(t *testing.T, file string, env ...string) {
	t.Helper()
	s := sharedStack(t)
	runVitest(t, []string{"--config", "browser/vitest.config.ts", file},
		append(env, "GODWIT_URL="+s.standalone.url(), "GODWIT_ADMIN_KEY="+adminKey)...)
}

// TestWeb_Lists filters, searches and sends again what lists show.
func TestWeb_Lists(t *testing.T) {
	inBrowser(t, "lists", "GODWIT_LOCK="+newLock(t).served(t))
}

// TestWeb_Webhooks fails and recovers webhooks, and finds one among many.
func TestWeb_Webhooks(t *testing.T) { inBrowser(t, "webhooks") }

// TestWeb_Typing fills in forms, by keyboard alone and with what is wrong in them.
func TestWeb_Typing(t *testing.T) { inBrowser(t, "typing") }

// TestWeb_Play makes a webhook for a person who only wants to see what it sends.
func TestWeb_Play(t *testing.T) { inBrowser(t, "play") }

// TestWeb_Verify finds out why the signature of a request does not fit.
func TestWeb_Verify(t *testing.T) { inBrowser(t, "verify") }

// TestWeb_Keys lets a command line in, and makes and revokes a user's own keys.
func TestWeb_Keys(t *testing.T) { inBrowser(t, "keys") }

// TestWeb_Words looks for texts that are in no catalogue, or are cut off when they are
// longer than in English.
func TestWeb_Words(t *testing.T) { inBrowser(t, "words") }

// TestWeb_Hostile puts texts that break pages wherever texts are taken.
func TestWeb_Hostile(t *testing.T) { inBrowser(t, "hostile") }

// TestWeb_FirstVisit opens the link that the start of an empty installation prints.
func TestWeb_FirstVisit(t *testing.T) {
	env := standaloneEnv(t, t.TempDir())
	env["GODWIT_DATABASE_URL"] = sharedStack(t).database(t)
	p := launch(t, "godwit-standalone", env)
	defer p.stop(t)
	p.waitFor(t, ready)
	link := regexp.MustCompile(`http://\S+/portal#[A-Z2-7]{26}`).FindString(p.output.String())
	require.NotEmpty(t, link, p.output.String())
	runVitest(t, []string{"--config", "browser/vitest.config.ts", "first"},
		"GODWIT_URL="+p.url(), "GODWIT_ADMIN_KEY="+adminKey, "GODWIT_LINK="+link)
}

// TestWeb_Rules runs the tests of the app's decisions, which need no browser.
func TestWeb_Rules(t *testing.T) { runVitest(t, nil) }

func runVitest(t *testing.T, args []string, env ...string) {
	t.Helper()
	web, err := filepath.Abs(filepath.Join("..", "web"))
	require.NoError(t, err)
	vitest := filepath.Join(web, "node_modules", ".bin", "vitest")
	require.FileExists(t, vitest, "run `make build` first")
	cmd := exec.Command(vitest, append([]string{"run"}, args...)...)
	cmd.Dir, cmd.Env = web, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
