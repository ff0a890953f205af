//go:build !client

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"godwit/internal/app"
	"godwit/internal/config"
)

func serveCommand() *cobra.Command {
	role := string(app.RoleAll)
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the API, the worker, or both",
		Long:  "Runs the API, the worker, or both, until it receives SIGTERM or SIGINT.\n\nSettings are environment variables; NAME=value shows a default:\n\n" + config.Help(config.Settings()),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c, app.Role(role))
		},
	}
	c.Flags().StringVar(&role, "role", role, "what to run: all, api or worker")
	return c
}

func serve(c *cobra.Command, role app.Role) error {
	if role != app.RoleAll && role != app.RoleAPI && role != app.RoleWorker {
		return fmt.Errorf("--role must be all, api or worker")
	}
	cfg, err := config.Parse(os.Environ())
	if err := config.Join(err, app.Require(cfg, role)); err != nil {
		return err
	}
	log, err := app.NewLogger(cfg)
	if err != nil {
		return err
	}
	defer log.Sync() //nolint:errcheck // standard error can't be synced everywhere
	return app.Run(c.Context(), cfg, log, app.Options{
		Role: role, Version: version,
		StopTimeout: config.MaxDeliveryTimeout, // no attempt takes longer, so none is cut off
		Ready: func(a app.Addresses) {
			log.Info("ready", zap.String("role", string(role)), zap.String("api", a.API), zap.String("ops", a.Ops))
		},
	})
}

// healthcheckCommand is for containers, which have no other client.
func healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit 0 when the process on GODWIT_OPS_ADDR is ready",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Parse(os.Environ())
			if err != nil {
				return err
			}
			return healthcheck(cfg.OpsAddr)
		},
	}
}

// healthcheck asks the process on address for its readiness. One that listens
// on every address is asked on loopback.
func healthcheck(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("GODWIT_OPS_ADDR must be host:port")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: /readyz answered %d", resp.StatusCode)
	}
	return nil
}
