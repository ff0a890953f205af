package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exampleReceivers are the programs of examples/ that people copy: the commands that
// run one, in its folder; %s is its address.
var exampleReceivers = map[string]struct {
	dir      string
	commands [][]string
}{
	"express": {"node", [][]string{{"node", "express.mjs"}}},
	"hono":    {"node", [][]string{{"node", "hono.mjs"}}},
	"python":  {"python", [][]string{{"python3", "receiver.py"}}},
	"php":     {"php", [][]string{{"php", "-S", "%s", "receiver.php"}, {"php", "worker.php"}}},
}

// TestExamples_ReceiveEachEventOnce: a receiver verifies, answers at once, works later,
// drops what comes again, and takes both secrets during a rotation.
func TestExamples_ReceiveEachEventOnce(t *testing.T) {
	require.DirExists(t, "../examples/node/node_modules", "run `make examples/node/node_modules` first")
	standalone := sharedStack(t).standalone
	for name, example := range exampleReceivers {
		t.Run(name, func(t *testing.T) {
			c := newStage(t, standalone)
			at := freePorts(t, 1)[0]
			_, port, err := net.SplitHostPort(at)
			require.NoError(t, err)
			w := c.webhook(t, "http://"+at+"/", nil)
			rotated := c.send(t, http.MethodPost, "/v1/webhooks/"+w["id"].(string)+"/rotate-secret", map[string]any{}).json(t, http.StatusOK)
			env := map[string]string{"PORT": port, "INBOX": filepath.Join(t.TempDir(), "inbox"), "WEBHOOK_SECRET": rotated["secret"].(string) + " " + w["secret"].(string)}
			var said []*output
			for _, command := range example.commands {
				args := strings.Fields(strings.ReplaceAll(strings.Join(command, " "), "%s", at))
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Dir = filepath.Join("..", "examples", example.dir)
				p := run(t, cmd, env)
				t.Cleanup(func() { p.kill(t) })
				said = append(said, p.output)
			}
			eventually(t, func() (bool, string) {
				conn, err := net.Dial("tcp", at)
				if err != nil {
					return false, err.Error()
				}
				return conn.Close() == nil, ""
			})

			event := c.post(t)
			first := c.delivery(t, event, status("succeeded"))
			shows(t, said, "worked TODO_CREATED "+event)
			again := c.send(t, http.MethodPost, "/v1/deliveries/"+first["id"].(string)+"/redeliver", nil).json(t, http.StatusAccepted)
			eventually(t, func() (bool, string) {
				d := c.get(t, "/v1/deliveries/"+again["delivery_id"].(string))
				return d["status"] == "succeeded", fmt.Sprint(d)
			})
			shows(t, said, "duplicate "+event)

			refused, err := http.Post("http://"+at+"/", "application/json", strings.NewReader(`{}`))
			require.NoError(t, err)
			require.NoError(t, refused.Body.Close())
			require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
			last := c.post(t)
			shows(t, said, "worked TODO_CREATED "+last)
			require.Equal(t, 2, strings.Count(all(said), "worked "), all(said))
		})
	}
}

func all(said []*output) (text string) {
	for _, one := range said {
		text += one.String()
	}
	return text
}

// shows waits until one of the programs has written a text.
func shows(t testing.TB, said []*output, text string) {
	t.Helper()
	eventually(t, func() (bool, string) { return strings.Contains(all(said), text), all(said) })
}
