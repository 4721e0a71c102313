package bridge

import (
	"net/netip"
	"strings"
)

// IsLoopback tells whether a host name or address, without port or brackets, means this machine and no other. Plain http
// is for such hosts only.
func IsLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 §6.3
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
