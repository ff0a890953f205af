package app

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"godwit/internal/config"
	"godwit/internal/hook"
)

// standardPorts are those of the URLs that settings hold.
var standardPorts = map[string]string{"postgres": "5432", "postgresql": "5432", "smtp": "587", "smtps": "465", "http": "80", "https": "443"}

// services lists what the settings say of the installation's own services, as
// host:port: nothing is ever delivered to them.
func services(cfg config.Config) []string {
	all := []string{cfg.TemporalAddress}
	if cfg.EgressProxy != nil {
		all = append(all, service((*url.URL)(cfg.EgressProxy)))
	}
	for _, raw := range []string{cfg.DatabaseURL, cfg.SMTPURL, cfg.TemporalUIURL} {
		if u, err := url.Parse(raw); err == nil && raw != "" {
			all = append(all, service(u))
		}
	}
	return all
}

// playHere is the path of the process's own play receiver where deliveries may go to
// it; "" = they may not.
func playHere(cfg config.Config, opts Options) string {
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || !cfg.Play || !opts.Development {
		return ""
	}
	return strings.TrimSuffix(public.Path, "/") + hook.PlayPath
}

// service is where u leads to. The URL of a database may say so in its query.
func service(u *url.URL) string {
	q := u.Query()
	return net.JoinHostPort(cmp.Or(q.Get("host"), u.Hostname()), cmp.Or(q.Get("port"), u.Port(), standardPorts[u.Scheme]))
}
