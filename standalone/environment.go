package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"godwit/internal/config"
)

// environment is what this process was told, completed with the standalone's own
// defaults.
type environment struct {
	cfg config.Config
	own config.Standalone
	// runPostgres and runTemporal say which servers are this process's to run.
	runPostgres, runTemporal bool
	adminKey                 adminKey
	warnings                 []string
}

// readEnvironment reads and checks the settings; it touches no file. The keys
// that the data dir holds are added by keepKeys.
func readEnvironment(environ []string) (*environment, error) {
	own, rest, errOwn := config.ParseStandalone(environ)
	var errTemporal, errUI error
	own.TemporalAddr, errTemporal = ipPort("GODWIT_STANDALONE_TEMPORAL_ADDR", own.TemporalAddr)
	own.UIAddr, errUI = ipPort("GODWIT_STANDALONE_UI_ADDR", own.UIAddr)
	given, err := config.Parse(rest)
	if err := config.Join(errOwn, errTemporal, errUI, err); err != nil {
		return nil, err
	}
	if own.DataDir, err = filepath.Abs(own.DataDir); err != nil {
		return nil, fmt.Errorf("find GODWIT_DATA_DIR: %w", err)
	}
	e := &environment{own: own, runPostgres: given.DatabaseURL == "", runTemporal: !isSet(environ, "GODWIT_TEMPORAL_ADDRESS")}
	if e.runTemporal && given.TemporalSecured() {
		return nil, &config.VariableError{Name: "GODWIT_TEMPORAL_ADDRESS", Problem: "must be set where GODWIT_TEMPORAL_TLS_* or GODWIT_TEMPORAL_API_KEY is: the embedded Temporal has a certificate that is made for it"}
	}
	e.cfg, err = config.Parse(e.withDefaults(rest, given))
	e.adminKey.given = e.cfg.AdminKey != ""
	return e, err
}

// withDefaults adds the variables that have another default here than in
// `godwit serve`.
func (e *environment) withDefaults(environ []string, given config.Config) []string {
	all := slices.Clone(environ)
	if e.runTemporal {
		all = append(all, "GODWIT_TEMPORAL_ADDRESS="+reachable(e.own.TemporalAddr))
		if given.TemporalUIURL == "" {
			all = append(all, "GODWIT_TEMPORAL_UI_URL=http://"+reachable(e.own.UIAddr))
		}
	}
	if !onLoopback(given.ListenAddr) {
		return all
	}
	if !isSet(environ, "GODWIT_EGRESS_ALLOW") {
		all = append(all, "GODWIT_EGRESS_ALLOW=127.0.0.0/8,::1/128")
		e.warnings = append(e.warnings, "webhooks may point to this machine (127.0.0.0/8, ::1/128) because the API listens on loopback; set GODWIT_EGRESS_ALLOW to change that")
	}
	if !isSet(environ, "GODWIT_ALLOW_HTTP") {
		all = append(all, "GODWIT_ALLOW_HTTP=true")
	}
	if !isSet(environ, "GODWIT_PLAY") {
		all = append(all, "GODWIT_PLAY=true")
	}
	return all
}

// isSet says whether a variable is in the environment, be it empty.
func isSet(environ []string, name string) bool {
	for _, entry := range environ {
		if strings.HasPrefix(entry, name+"=") {
			return true
		}
	}
	return false
}

// ipPort checks an address that has to be given as an IP address and a port, and
// gives a name for loopback its number.
func ipPort(variable, addr string) (string, error) {
	if port, found := strings.CutPrefix(addr, "localhost:"); found {
		addr = "127.0.0.1:" + port
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil || at.Port() == 0 {
		return "", &config.VariableError{Name: variable, Problem: "must be an IP address and a port, such as 127.0.0.1:7233"}
	}
	return at.String(), nil
}

// reachable is the address to connect to for one that is listened on: that of
// all interfaces is no address to connect to.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// development says whether only the person at this machine opens the API: it listens
// on loopback, or people open it there, as when a container's port is published.
func development(cfg config.Config) bool {
	public, err := url.Parse(cfg.PublicURL)
	return onLoopback(cfg.ListenAddr) || err == nil && onLoopback(net.JoinHostPort(public.Hostname(), public.Port()))
}

func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}
