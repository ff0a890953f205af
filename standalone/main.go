package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"godwit/internal/config"
)

const usage = `godwit-standalone runs Godwit, Postgres and Temporal in one process on this machine.

It takes no arguments but "version". Settings are environment variables; NAME=value
shows a default:

`

// version is set by the linker (-X main.version=…).
var version = "dev"

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// run is main with its surroundings handed in; it returns the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "help"):
		fmt.Fprint(stdout, usage+config.Help(config.StandaloneSettings())+config.Help(config.Settings()))
		return 0
	case len(args) == 1 && (args[0] == "version" || args[0] == "--version"):
		fmt.Fprintln(stdout, version)
		return 0
	case len(args) > 0:
		fmt.Fprintf(stderr, "godwit-standalone: unknown argument %q: see godwit-standalone --help\n", args[0])
		return 2
	}
	if err := serve(environ, stdout); err != nil {
		fmt.Fprintln(stderr, "godwit-standalone:", err)
		return 1
	}
	return 0
}

// serve runs everything until a signal, or until a part ends by itself, which is
// the error then.
func serve(environ []string, out io.Writer) error {
	env, err := readEnvironment(environ)
	if err != nil {
		return err
	}
	ctx, hurry, release := signals()
	defer release()
	if err := checkPorts(ctx, env.ports()); err != nil {
		return err
	}
	if err := env.keepKeys(); err != nil {
		return err
	}
	s := newStandalone(ctx, env, out)
	defer s.down(hurry)
	if err := s.up(); err != nil && s.ctx.Err() == nil {
		return err
	}
	<-s.ctx.Done()
	fmt.Fprintln(out, "stopping")
	if cause := context.Cause(s.ctx); !errors.Is(cause, errSignal) {
		return cause
	}
	return nil
}

var errSignal = errors.New("stopped by a signal")

// sameSignal is how far apart the copies of one Ctrl-C may come: the terminal
// sends it to every process, and make passes its own on.
const sameSignal = time.Second

// signals gives a context that ends with the first signal to stop, and one that
// ends with the second, when someone is in a hurry.
func signals() (ctx, hurry context.Context, release func()) {
	ctx, stop := context.WithCancelCause(context.Background())
	hurry, force := context.WithCancel(context.Background())
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		var first time.Time
		for range received {
			if ctx.Err() == nil {
				first = time.Now()
				stop(errSignal)
			} else if time.Since(first) > sameSignal {
				force()
			}
		}
	}()
	return ctx, hurry, func() {
		signal.Stop(received)
		close(received)
		stop(nil)
		force()
	}
}
