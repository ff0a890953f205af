package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves the Temporal Web UI; it ends the process itself when it can't.
func (s *standalone) startUI(ctx context.Context) (part, error) {
	at, err := netip.ParseAddrPort(s.own.UIAddr)
	if err != nil {
		return part{}, fmt.Errorf("read its address: %w", err)
	}
	host := at.Addr().String()
	if at.Addr().Is6() {
		host = "[" + host + "]"
	}
	ui := server.NewServer(server_options.WithConfigProvider(&config.Config{
		TemporalGRPCAddress: s.cfg.TemporalAddress,
		DefaultNamespace:    s.cfg.TemporalNamespace,
		Host:                host,
		Port:                int(at.Port()),
		EnableUI:            true,
		DisableNewsFetch:    true, // the page would ask the internet
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true}, // it is served over plain http
	}))
	died := make(chan error, 1)
	go func() { died <- ui.Start() }()
	stop := func(ctx context.Context) error { return within(ctx, func() error { ui.Stop(); return nil }) }
	if err := until(ctx, func(ctx context.Context) error {
		return answers(ctx, "http://"+reachable(s.own.UIAddr)+"/healthz")
	}); err != nil {
		ui.Stop()
		return part{}, err
	}
	return part{stop: stop, died: died}, nil
}

// answers asks url for a 200.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}

// startTimeout bounds the wait for a part that was started to be of use.
const startTimeout = time.Minute

// until asks again and again until ready has no error.
func until(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until it is ready: %w (last: %v)", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}
