package app

import (
	"net"
	"net/netip"
	"strings"
)

// pages is where the web app is found: at GODWIT_PUBLIC_URL, or where this process serves
// it to this machine alone; empty where neither is known.
func (p *process) pages() string {
	if p.publicURL == "" && p.api != nil {
		return onLoopback(p.api.address())
	}
	return p.publicURL
}

// deliveryPage is the page of a delivery in the web app; empty where that is not known.
func (p *process) deliveryPage(deliveryID string) string {
	base := p.pages()
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
