package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/hook"
	"godwit/internal/verify"
)

// maxLocalBody is how much of a body a local receiver reads, as the play receiver of
// an installation does.
const maxLocalBody = 2 << 20

// receiver is a receiver on this machine whose answers are scripted.
type receiver struct {
	*frame
	port       int
	secrets    []string
	secretFile string
	answer     url.Values // what the flags say
	once       int

	mu    sync.Mutex
	c     *cobra.Command
	came  int
	wrong bool // the signature of one did not fit
	done  chan struct{}
}

func playLocal(frame *frame) *cobra.Command {
	r := &receiver{frame: frame, answer: url.Values{}, done: make(chan struct{})}
	c := frame.command("play", "Receive webhooks on this machine, with scripted answers and a check of each signature", r.run)
	flags := c.Flags()
	flags.IntVar(&r.port, "port", 9000, "port on loopback; 0 = a free one")
	flags.StringArrayVar(&r.secrets, "secret", nil, "secret (whsec_…) or public key (whpk_…) of the webhook; twice during a rotation. Or the variable WEBHOOK_SECRET")
	flags.StringVar(&r.secretFile, "secret-file", "", "file that holds the secret, which keeps it out of the shell's history")
	for _, p := range [][2]string{
		{"status", "status of the answers, 200 to 599"}, {"delay", "how long to wait before an answer, such as 12s"},
		{"failure-rate", "share of requests that are answered 500, 0 to 1"}, {"retry-after", "Retry-After of every answer but 2xx, in seconds"}, {"body", "body of the answers"},
	} {
		flags.String(p[0], "", p[1])
	}
	flags.IntVar(&r.once, "once", 0, "end after so many requests; exit code 1 where the signature of one does not fit")
	c.Long = `Receives whatever is sent to a port of this machine and writes a line for each
request, with the result of the signature check. The query of a request's address
goes before the flags: http://127.0.0.1:9000/?status=503&retry_after=60 answers 503.

The subcommands are about the test receiver of an installation, which needs no
program: godwit play new makes an address, godwit play requests shows what came.`
	c.Example = `  godwit play --secret-file secret.txt
  godwit play --port 9001 --status 503 --retry-after 60
  godwit play --failure-rate 0.3 --delay 2s --json`
	return c
}

func (r *receiver) run(c *cobra.Command, _ []string) error {
	r.c = c
	for _, name := range []string{"status", "delay", "failure-rate", "retry-after", "body"} {
		if value, _ := c.Flags().GetString(name); value != "" {
			r.answer.Set(strings.ReplaceAll(name, "-", "_"), value)
		}
	}
	if _, err := hook.ParsePlayAnswer(r.answer); err != nil {
		return misused{errors.New(strings.Replace(err.Error(), "The parameter ", "--", 1))}
	}
	if err := r.readSecrets(c.InOrStdin()); err != nil {
		return misused{err}
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)))
	if err != nil {
		return fmt.Errorf("port %d can't be listened on: %w; take another one by --port", r.port, err)
	}
	at := "http://" + l.Addr().String()
	err = r.line(fmt.Sprintf("Listening on %s\nReady.", at), map[string]any{"type": "ready", "url": at})
	if err != nil {
		return err
	}
	if len(r.secrets) == 0 {
		r.note(c, "No secret was given (--secret, --secret-file or WEBHOOK_SECRET), so no signature is checked.")
	}
	server := &http.Server{Handler: http.HandlerFunc(r.serve), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return c.Context() }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-c.Context().Done():
		err = interrupted{}
	case <-r.done:
		if r.wrong {
			err = refused{errors.New("a signature does not fit")}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), 2*time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // what takes longer is cut off
	return err
}

func (r *receiver) readSecrets(in io.Reader) error {
	if r.secretFile != "" {
		text, err := readFile(r.secretFile, in)
		if err != nil {
			return err
		}
		r.secrets = append(r.secrets, strings.Fields(string(text))...)
	}
	if secret := os.Getenv("WEBHOOK_SECRET"); len(r.secrets) == 0 && secret != "" {
		r.secrets = []string{secret}
	}
	return nil
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxLocalBody))
	if err != nil {
		http.Error(w, "the body did not arrive whole, or is larger than 2 MiB", http.StatusBadRequest)
		return
	}
	script := url.Values{}
	for _, values := range []url.Values{r.answer, req.URL.Query()} {
		for name := range values {
			script[name] = slices.Clone(values[name])
		}
	}
	answer, err := hook.ParsePlayAnswer(script)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answer = answer.Failed(rand.Float64())
	r.tell(req, body, answer)
	select {
	case <-time.After(answer.Delay):
	case <-req.Context().Done():
	}
	if answer.RetryAfter > 0 && answer.StatusCode >= http.StatusMultipleChoices {
		w.Header().Set("Retry-After", strconv.Itoa(answer.RetryAfter))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(answer.StatusCode)
	_, _ = io.WriteString(w, answer.Body) // a client that is gone gets none
}

// tell checks a request and writes its line.
func (r *receiver) tell(req *http.Request, body []byte, answer hook.PlayAnswer) {
	found := verify.Finding{Code: "not_checked"}
	now := time.Now()
	if len(r.secrets) > 0 {
		found = verify.Check(verify.Request{Header: req.Header, Body: body, Secrets: r.secrets, Now: now})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.once > 0 && r.came >= r.once {
		return
	}
	p := r.printer(r.c)
	a := arrival{at: now, method: req.Method, event: req.Header.Get("Godwit-Event"), id: req.Header.Get("webhook-id"), status: answer.StatusCode,
		code: string(found.Code), detail: found.Detail, remedy: found.Remedy}
	_ = r.line(arrivalLine(p, a), map[string]any{"type": "request", "at": now.UTC(), "method": a.method, "path": clean(req.URL.Path), "event": a.event, "event_id": a.id,
		"status_code": a.status, "size": len(body), "check": found})
	r.came++
	r.wrong = r.wrong || len(r.secrets) > 0 && found.Code != verify.OK
	if r.came == r.once {
		close(r.done)
	}
}

// line writes a line for people, or an object.
func (r *receiver) line(text string, object map[string]any) error {
	if r.json {
		return writeJSON(r.c.OutOrStdout(), object)
	}
	_, err := fmt.Fprintln(r.c.OutOrStdout(), text)
	return err
}
