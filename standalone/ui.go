package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"godwit/internal/ops"
)

// startUI serves the Temporal Web UI. It has no check of the header Host, by which
// a page of another site could read and terminate workflows once its name leads
// here; so a proxy that checks it stands before it, and the UI itself is reached
// by TLS with the certificate of the embedded Temporal, which no browser trusts.
// The UI ends the process itself when it can't listen.
func (s *standalone) startUI(ctx context.Context) (part, error) {
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return part{}, err
	}
	if err := logUI(filepath.Join(s.own.DataDir, "temporal-ui.log")); err != nil {
		return part{}, err
	}
	file := s.temporalFile()
	ui := server.NewServer(server_options.WithConfigProvider(&config.Config{
		TemporalGRPCAddress: s.cfg.TemporalAddress,
		TLS:                 config.TLS{CaFile: file, CertFile: file, KeyFile: file, EnableHostVerification: true, ServerName: temporalName},
		UIServerTLS:         config.UIServerTLS{CertFile: file, KeyFile: file},
		DefaultNamespace:    s.cfg.TemporalNamespace,
		Host:                loopback,
		Port:                ports[0],
		EnableUI:            true,
		DisableNewsFetch:    true, // the page would ask the internet
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true}, // it is served over plain http
	}))
	hidden := net.JoinHostPort(loopback, strconv.Itoa(ports[0]))
	front, err := s.uiFront(hidden)
	if err != nil {
		return part{}, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.own.UIAddr)
	if err != nil {
		return part{}, fmt.Errorf("GODWIT_STANDALONE_UI_ADDR: listen on %s: %w", s.own.UIAddr, err)
	}
	s.services = append(s.services, s.own.UIAddr, hidden)
	died := make(chan error, 2)
	go func() { died <- ui.Start() }()
	go func() { died <- front.Serve(listener) }()
	stop := func(ctx context.Context) error {
		return within(ctx, func() error { ui.Stop(); return front.Close() })
	}
	if err := until(ctx, func(ctx context.Context) error {
		return answers(ctx, "http://"+reachable(s.own.UIAddr)+"/healthz")
	}); err != nil {
		return part{}, errors.Join(err, stop(context.WithoutCancel(ctx)))
	}
	return part{stop: stop, died: died}, nil
}

// logUI gives the UI its own log file. The UI writes to the log of the standard
// library, which would come out among the lines of the start; nothing else in this
// process writes there.
func logUI(file string) error {
	sink, err := newCappedFile(file)
	if err != nil {
		return fmt.Errorf("open the log of Temporal's UI: %w", err)
	}
	log.SetOutput(sink)
	return nil
}

// uiFront is the server before the UI, which listens at an address by TLS.
func (s *standalone) uiFront(hidden string) (*http.Server, error) {
	secure, err := s.cfg.TemporalTLS()
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: hidden})
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{TLSClientConfig: secure},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return &http.Server{Handler: ops.CheckHost(proxy, s.cfg.AllowedHosts), ReadHeaderTimeout: 5 * time.Second}, nil
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
