package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// SafeKeyLength is how many characters put the bootstrap admin key out of reach
// of guessing, if they are random.
const SafeKeyLength = 16

// fewestDifferent is how many different characters a random key of SafeKeyLength
// has at least: of 30,000 random keys in hexadecimal, one has fewer.
const fewestDifferent = 6

// placeholders are in keys that someone meant to replace.
var placeholders = []string{"changeme", "replaceme", "placeholder"}

// WeakAdminKey says why the bootstrap admin key can be guessed; empty: it can't.
func (c Config) WeakAdminKey() string {
	different := map[rune]bool{}
	for _, r := range c.AdminKey {
		different[r] = true
	}
	plain := strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(c.AdminKey))
	switch {
	case len(c.AdminKey) < SafeKeyLength:
		return "is shorter than 16 characters"
	case len(different) < fewestDifferent:
		return "repeats a few characters"
	}
	for _, word := range placeholders {
		if strings.Contains(plain, word) {
			return "is a placeholder"
		}
	}
	return ""
}

// reachable says whether others than this machine's own users can call the API:
// it listens beyond loopback, or something in front of it gives it an address.
func (c Config) reachable() bool {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return false // the URL itself is reported, and so is the address below
	}
	host, _, err := net.SplitHostPort(c.ListenAddr)
	return c.PublicURL != "" && !loopback(public.Hostname()) || err == nil && !loopback(host)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// adminKeyRules leave a weak key to who tries Godwit out on one machine.
func (c Config) adminKeyRules() []rule {
	weak := ""
	if c.AdminKey != "" {
		weak = c.WeakAdminKey()
	}
	return []rule{{weak != "" && c.reachable(), "GODWIT_ADMIN_KEY",
		weak + ", and the API can be reached from other machines (GODWIT_LISTEN_ADDR, GODWIT_PUBLIC_URL): make one with: openssl rand -hex 24"}}
}
