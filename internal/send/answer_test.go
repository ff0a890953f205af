package send

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// hasty answers at the first bytes of a request and closes the connection, with
// what is left of the request unread: its system answers that by a reset.
func hasty(status string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
}

// rounds is how often a race between the answer and the reset is run.
const rounds = 300

// An answer that has arrived counts, whatever became of the request.
func TestAnswerBeforeTheReset_Counts(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, unchanged)}}
	s := newSender(t, Options{roots: ca.pool()})
	for status, text := range map[int]string{200: "200 OK", 410: "410 Gone", 413: "413 Content Too Large"} {
		for _, secured := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d, TLS %t", status, secured), func(t *testing.T) {
				answer := hasty(text)
				r := listen(t, func(c net.Conn) {
					if secured {
						c = tls.Server(c, config)
						defer c.Close()
					}
					answer(c)
				})
				m := message(r.url)
				if secured {
					m = message(secure(r.url))
				}
				lost := map[hook.Reason]int{}
				for round := range rounds {
					m.Event.Current = bytes.Repeat([]byte(" "), 20<<10+round*(230<<10)/rounds)
					if result := attempt(t, s, m); result.StatusCode != status {
						lost[result.Reason]++
					}
				}
				require.Empty(t, lost, "answers lost of %d", rounds)
			})
		}
	}
}
