package trust

import (
	"net/netip"
	"strings"
)

// network is a value of IpAddress: CIDR, or an address alone.
type network struct {
	prefix netip.Prefix
	// doubtful are addresses of the prefix about which the documentation leaves a doubt.
	doubtful bool
	exact    netip.Addr // within a doubtful prefix the one that surely matches; invalid if there is none
}

func parseNetwork(s string) (network, bool) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() {
			return network{}, false
		}
		// 10.0.0.1/8 is not the standard form of 10.0.0.0/8; what IAM makes of it isn't documented.
		return network{prefix: p.Masked(), doubtful: p.Masked() != p}, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Is4In6() || a.Zone() != "" {
		return network{}, false
	}
	if a.Is4() {
		return network{prefix: netip.PrefixFrom(a, 32)}, true
	}
	// "If you specify an IP address without the associated routing prefix, IAM uses the default prefix value of /32":
	// of an IPv6 address that may be meant as it stands.
	return network{prefix: netip.PrefixFrom(a, 32).Masked(), doubtful: true, exact: a}, true
}

func inNetwork(want *value, got string) truth {
	a, err := netip.ParseAddr(got)
	if err != nil || a.Is4In6() || a.Zone() != "" {
		return maybe
	}
	switch n := want.network; {
	case !n.prefix.Contains(a):
		return no
	case n.doubtful && n.exact != a:
		return maybe
	}
	return yes
}
