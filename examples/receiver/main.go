// Command receiver is a small receiver of webhooks, to try Godwit with and to
// copy from. It prints each event on one line and checks its signature when it
// knows the webhook's secret:
//
//	go run ./examples/receiver -addr 127.0.0.1:9000 -secret whsec_…
//
// The secret may come from WEBHOOK_SECRET instead. With -status 500 it answers
// so to every event, which shows what Godwit does about a receiver that fails.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// maxBody bounds what is read of a request; Godwit's events are smaller.
const maxBody = 1 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9000", "where to listen")
	secret := flags.String("secret", os.Getenv("WEBHOOK_SECRET"), "the webhook's secret; without it nothing is checked")
	status := flags.Int("status", http.StatusOK, "the status to answer events with")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *status < 200 || *status > 599 {
		return errors.New("-status must be 200 to 599")
	}
	r := receiver{lines: log.New(out, "", 0), status: *status, now: time.Now}
	if *secret != "" {
		key, err := parseSecret(*secret)
		if err != nil {
			return err
		}
		r.key = key
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	r.lines.Printf("listening on http://%s", listener.Addr())
	server := &http.Server{Handler: r, ReadTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type receiver struct {
	lines  *log.Logger
	key    []byte // nil = signatures are not checked
	status int
	now    func() time.Time
}

func (r receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		http.Error(w, "the body is too large or did not arrive whole", http.StatusBadRequest)
		return
	}
	checked := "unverified"
	if r.key != nil {
		if err := verify(r.key, req.Header, body, r.now()); err != nil {
			r.lines.Printf("refused: %v", err)
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		checked = "verified"
	}
	// An event can arrive more than once; its webhook-id is the same each time.
	// A receiver that must not act twice keeps the ids that it has seen.
	r.lines.Printf("%s %q id=%q attempt=%q %s", checked, req.Header.Get("Godwit-Event"),
		req.Header.Get("webhook-id"), req.Header.Get("Godwit-Attempt"), oneLine(body))
	w.WriteHeader(r.status)
}

// oneLine is the body as compact JSON, or quoted when it is none.
func oneLine(body []byte) string {
	var compact bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return fmt.Sprintf("%q", body)
	}
	return compact.String()
}
