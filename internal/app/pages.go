package app

import (
	"net"
	"net/netip"
	"strings"
)

// deliveryPage is the page of a delivery in the web app: below GODWIT_PUBLIC_URL, or
// where this process serves it to this machine alone; empty where neither is known.
func (p *process) deliveryPage(deliveryID string) string {
	base := p.publicURL
	if base == "" && p.api != nil {
		base = onLoopback(p.api.address())
	}
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/deliveries/" + deliveryID
}

// onLoopback is the URL of an address that this machine alone can reach; else "".
func onLoopback(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return ""
	}
	return "http://" + address
}
