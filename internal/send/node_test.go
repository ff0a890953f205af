package send

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// nodeServer is Node's own http server. It keeps connections, but drops each in
// the moment in which it has answered, as a keep-alive timeout does when it is as
// long as the time between two events.
const nodeServer = `
const server = require('http').createServer((req, res) => {
  req.resume();
  req.on('end', () => res.end('ok', () => setImmediate(() => req.socket.destroy())));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
`

func TestStaleConnection_OfNode(t *testing.T) {
	node := exec.Command("node", "-e", nodeServer)
	stdin, err := node.StdinPipe()
	require.NoError(t, err)
	stdout, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		stdin.Close()
		require.NoError(t, node.Wait())
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)

	s := newSender(t, Options{})
	m := message("http://127.0.0.1:" + strings.TrimSpace(port))
	failed := map[hook.Reason]int{}
	const attempts = 600
	for i := range attempts {
		m.Event.Current = bytes.Repeat([]byte(" "), 1+i%3*(60<<10))
		if result := attempt(t, s, m); result.Outcome != hook.Success {
			failed[result.Reason]++
		}
	}
	require.Empty(t, failed, "attempts failed of %d", attempts)
}
