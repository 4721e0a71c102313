package handlers

import (
	"net/http"
	"net/netip"
	"strings"
)

// peerOf is the address at the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// clientOf is who made the request: the peer, or, where that is a trusted proxy, the rightmost hop of X-Forwarded-For
// that is none (threats W15, Z4). What stands left of that hop was written by the client itself and isn't read. A hop
// that is no address ends the search at the last one that was.
func clientOf(r *http.Request, peer netip.Addr, trusted []netip.Prefix) netip.Addr {
	client := peer
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, client); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		client = hop
	}
	return client
}

// parseHop takes an address, with a port or without.
func parseHop(s string) (netip.Addr, bool) {
	if with, err := netip.ParseAddrPort(s); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	bare, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return bare.Unmap().WithZone(""), err == nil
}

func contains(trusted []netip.Prefix, addr netip.Addr) bool {
	for _, prefix := range trusted {
		if addr.IsValid() && prefix.Contains(addr) {
			return true
		}
	}
	return false
}
