package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// port is an address that the process is going to listen on, and where it is set.
type port struct {
	variable string
	addr     string
}

func (e *environment) ports() []port {
	ports := []port{
		{"GODWIT_LISTEN_ADDR", e.cfg.ListenAddr},
		{"GODWIT_OPS_ADDR", e.cfg.OpsAddr},
	}
	if e.runTemporal {
		ports = append(ports,
			port{"GODWIT_STANDALONE_TEMPORAL_ADDR", e.own.TemporalAddr},
			port{"GODWIT_STANDALONE_UI_ADDR", e.own.UIAddr})
	}
	return ports
}

// checkPorts finds out, before anything is started, whether all the ports can be
// had. It holds each until it has seen the last, so that two settings of the
// same port are found as well.
func checkPorts(ctx context.Context, ports []port) error {
	var held closers
	defer func() { held.close() }()
	for i, p := range ports {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.addr)
		if other, shared := samePort(ports[:i], p); shared && errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s (%s) and %s (%s) have the same port: give each its own", other.variable, other.addr, p.variable, p.addr)
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s: port %s is taken; stop what listens there or set %s to another address", p.variable, p.addr, p.variable)
		}
		if err != nil {
			return fmt.Errorf("%s: listen on %s: %w", p.variable, p.addr, err)
		}
		held = append(held, l)
	}
	return nil
}

// samePort finds the one of ports that has the port number of p.
func samePort(ports []port, p port) (other port, found bool) {
	_, number, _ := net.SplitHostPort(p.addr)
	for _, other := range ports {
		if _, taken, _ := net.SplitHostPort(other.addr); taken == number {
			return other, true
		}
	}
	return port{}, false
}

// freePorts picks n ports of the loopback address that nobody listens on.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var held closers
	defer func() { held.close() }()
	ports := make([]int, n)
	for i := range ports {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		held = append(held, l)
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

const loopback = "127.0.0.1"

type closers []io.Closer

func (c closers) close() {
	for _, one := range c {
		_ = one.Close() // a listener that nobody connected to
	}
}
