package e2e_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exampleRequest is a request as Godwit signs it, and headers that go before its own.
func exampleRequest(at, id string, headers ...string) string {
	const body = `{"type":"TODO_CREATED"}`
	now := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte("0123456789abcdef"))
	_, _ = mac.Write([]byte(id + "." + now + "." + body))
	lines := append(headers, "webhook-id: "+id, "webhook-timestamp: "+now, "webhook-signature: v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		fmt.Sprintf("Content-Length: %d", len(body)))
	return "POST / HTTP/1.1\r\nHost: " + at + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// exampleRuns runs a receiver of examples/ with an inbox, and gives what sends it a request
// and reads the status of the answer.
func exampleRuns(t *testing.T, name, inbox string) (send func(raw string) int, at string, said []*output) {
	t.Helper()
	at = freePorts(t, 1)[0]
	_, port, err := net.SplitHostPort(at)
	require.NoError(t, err)
	for _, command := range exampleReceivers[name].commands {
		args := strings.Fields(strings.ReplaceAll(strings.Join(command, " "), "%s", at))
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = filepath.Join("..", "examples", exampleReceivers[name].dir)
		p := run(t, cmd, map[string]string{"PORT": port, "INBOX": inbox, "WEBHOOK_SECRET": "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))})
		t.Cleanup(func() { p.kill(t) })
		said = append(said, p.output)
	}
	var conn net.Conn
	eventually(t, func() (bool, string) {
		conn, err = net.Dial("tcp", at)
		return err == nil, fmt.Sprint(err, said)
	})
	require.NoError(t, conn.Close())
	return func(raw string) int {
		conn, err := net.Dial("tcp", at)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
		_, err = io.WriteString(conn, raw)
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}, at, said
}

// TestExamples_AnswerWhatIsNoRequestOfGodwit: the one in Python read a body without an
// end, and hung up on letters that are not ASCII.
func TestExamples_AnswerWhatIsNoRequestOfGodwit(t *testing.T) {
	send, at, said := exampleRuns(t, "python", filepath.Join(t.TempDir(), "inbox"))
	require.Equal(t, 411, send("POST / HTTP/1.1\r\nHost: "+at+"\r\nContent-Length: -1\r\n\r\n"))
	require.Equal(t, 411, send("POST / HTTP/1.1\r\nHost: "+at+"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	for _, header := range []string{"webhook-timestamp: \xb2", "webhook-signature: v1,\xe9"} {
		require.Equal(t, 401, send(exampleRequest(at, "e1", header)), header)
	}
	require.Equal(t, 204, send(exampleRequest(at, "e1")))
	shows(t, said, "worked TODO_CREATED e1")
}

// TestExamples_LoseNoEventInACrash: what was kept in part was not answered, and comes
// again.
func TestExamples_LoseNoEventInACrash(t *testing.T) {
	inbox := t.TempDir()
	name := sha256.Sum256([]byte("e1"))
	require.NoError(t, os.WriteFile(filepath.Join(inbox, hex.EncodeToString(name[:])+".id"), []byte("e1"), 0o600))
	send, at, said := exampleRuns(t, "php", inbox)
	for range 2 {
		require.Equal(t, 204, send(exampleRequest(at, "e1")))
	}
	shows(t, said, "worked TODO_CREATED e1")
	shows(t, said, "duplicate e1")

	torn := filepath.Join(t.TempDir(), "inbox.jsonl")
	require.NoError(t, os.WriteFile(torn, []byte("{\"id\":\"e0\",\"done\":true}\n{\"id\":\"e1\",\"ev"), 0o600))
	script := `import { Inbox } from './webhook.mjs';
const open = () => new Inbox(process.argv[1], (event, id) => console.log('worked ' + id));
console.log(open().take('e1', Buffer.from('{}')));
setTimeout(() => console.log(open().take('e1', Buffer.from('{}'))), 0);`
	node := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", script, torn)
	node.Dir = "../examples/node"
	out, err := node.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "true\nworked e1\nduplicate e1\nfalse\n", string(out))
}
