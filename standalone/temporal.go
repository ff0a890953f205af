package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"

	"godwit/workflows"
)

// historyShards is how many parts workflows are divided into, fixed forever at
// the first start. A shard has one write under way at a time, so one shard is too
// few; each beyond what the machine can use costs CPU. Measured on two cores, in
// ms of CPU for a workflow, Postgres included: 1 shard 10.5, 4 shards 7.6, 8
// shards 8.5, 16 shards 9.9.
const historyShards = 4

// startTemporal runs the Temporal server in this process, with its state in the
// databases temporal and temporal_visibility beside the product's own.
func (s *standalone) startTemporal(ctx context.Context) (part, error) {
	died := make(chan error, 1)
	log, err := openTemporalLog(filepath.Join(s.own.DataDir, "temporal.log"), died)
	if err != nil {
		return part{}, err
	}
	postgres, err := url.Parse(s.cfg.DatabaseURL)
	if err != nil {
		return part{}, errors.New("GODWIT_DATABASE_URL is not a URL") // err shows it, with the password
	}
	persistence, err := stores{server: *postgres, slim: s.runPostgres, log: log}.prepare(ctx)
	if err != nil {
		return part{}, err
	}
	unlink, err := s.secureTemporal()
	if err != nil {
		return part{}, err
	}
	cfg, hosts, err := s.temporalConfig(ctx, persistence)
	if err != nil {
		return part{}, err
	}
	server, err := launch(died,
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(newSettings()),
		temporal.WithLogger(log))
	if err != nil {
		return part{}, err
	}
	stop := func(ctx context.Context) error {
		unlink()
		return within(ctx, server.Stop)
	}
	if err := s.openForBusiness(ctx); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBy("temporal"))
		defer cancel()
		return part{}, errors.Join(err, stop(stopping))
	}
	return part{stop: stop, died: died}, nil
}

// launch builds and starts the server in its own goroutine, for that is
// what ends when the server finds something fatal.
func launch(died <-chan error, options ...temporal.ServerOption) (temporal.Server, error) {
	type outcome struct {
		server temporal.Server
		err    error
	}
	started := make(chan outcome, 1)
	go func() {
		server, err := temporal.NewServer(options...)
		if err == nil {
			err = server.Start()
		}
		started <- outcome{server, err}
	}()
	select {
	case o := <-started:
		return o.server, o.err
	case err := <-died:
		return nil, err
	}
}

// openForBusiness waits until the frontend answers and has the namespace with
// its search attributes, so that the product need not wait for them.
func (s *standalone) openForBusiness(ctx context.Context) error {
	secure, err := s.cfg.TemporalTLS()
	if err != nil {
		return err
	}
	c, err := client.NewLazyClient(client.Options{HostPort: s.cfg.TemporalAddress, ConnectionOptions: client.ConnectionOptions{TLS: secure}, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return err
	}
	defer c.Close()
	return until(ctx, func(ctx context.Context) error { return workflows.EnsureNamespace(ctx, c, s.cfg.TemporalNamespace) })
}

// temporalConfig lays out one process with all four services. Each listens on
// loopback, but the frontend, which listens where it is told to; they find one
// another by a fixed list, so there is no gossip and no other port.
func (s *standalone) temporalConfig(ctx context.Context, persistence config.Persistence) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	frontend, err := netip.ParseAddrPort(s.own.TemporalAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("read the frontend's address: %w", err)
	}
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return nil, nil, err
	}
	s.services = append(s.services, s.own.TemporalAddr)
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	serve := func(name primitives.ServiceName, ip string, port int, reach string) {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: ip}}
		hosts[name] = static.SingleLocalHost(reach)
	}
	serve(primitives.FrontendService, frontend.Addr().String(), int(frontend.Port()), s.cfg.TemporalAddress)
	for i, name := range []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService} {
		reach := net.JoinHostPort(loopback, strconv.Itoa(ports[i]))
		serve(name, loopback, ports[i], reach)
		s.services = append(s.services, reach)
	}
	const here = "active" // the name that Temporal gives the one cluster of an installation
	return &config.Config{
		Persistence: persistence,
		Services:    services,
		Global:      config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second}, TLS: s.temporalTLS()},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        here,
			CurrentClusterName:       here,
			ClusterInformation: map[string]cluster.ClusterInformation{
				here: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: s.cfg.TemporalAddress},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: s.cfg.TemporalAddress},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}, hosts, nil
}
