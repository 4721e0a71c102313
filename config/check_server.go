package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

func (s Server) check() []bridge.Problem {
	var problems []bridge.Problem
	add := func(path, fault string) {
		if fault != "" {
			problems = append(problems, bridge.Problemf(path, "%s", fault))
		}
	}
	add("url", s.checkURL())
	add("listen", checkListen(s.Listen))
	if s.OpsListen != "" {
		add("ops_listen", checkListen(s.OpsListen))
		if s.OpsListen == s.Listen && !strings.HasSuffix(s.Listen, ":0") {
			add("ops_listen", "is the address of listen already: write another port")
		}
	}
	for i, network := range s.TrustedProxies {
		add(index("trusted_proxies", i), checkNetwork(network))
	}
	if s.TLS != nil {
		add("tls.cert", checkPEM(s.TLS.Certificate))
		add("tls.key", checkPEM(s.TLS.Key))
	} else if host, _, err := net.SplitHostPort(s.Listen); err == nil && !bridge.IsLoopback(host) && len(s.TrustedProxies) == 0 {
		// Threat W24: no plaintext but on loopback.
		add("listen", "would speak plain http to the network: configure tls, listen on 127.0.0.1, or name the proxies that speak TLS in trusted_proxies")
	}
	switch s.Log {
	case "", "json", "text":
	default:
		problems = append(problems, bridge.Problemf("log", "%q: write json or text", s.Log))
	}
	return problems
}

// checkURL: links, cookies, redirect URIs and the check of a request's origin are made from this text, and browsers write
// origins in one way only (RFC 6454 §6.1): lower case, without the port that the scheme has by itself.
func (s Server) checkURL() string {
	const form = "write scheme and host as browsers do, without path, query or user: https://bridge.example.com"
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery ||
		strings.ContainsAny(s.URL, "#%") || strings.Trim(u.Path, "/") != "" {
		return "is not the address of a site: " + form // not repeated: it may hold a password
	}
	host, port := u.Hostname(), u.Port()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !bridge.IsLoopback(host)):
		return strconv.Quote(s.URL) + ": write https; http is for loopback only"
	case u.Scheme == "http" && s.TLS != nil:
		return strconv.Quote(s.URL) + ": write https, since tls is configured"
	case u.Path != "":
		return strconv.Quote(s.URL) + ": leave out the slash at the end"
	case s.URL != strings.ToLower(s.URL):
		return strconv.Quote(s.URL) + ": browsers write hosts in lower case: write " + strings.ToLower(s.URL)
	case !asciiHost(host):
		return strconv.Quote(s.URL) + ": write the host as in DNS: letters, digits, hyphens and dots; other letters in their xn-- form"
	case strings.HasSuffix(u.Host, ":"), port == "443" && u.Scheme == "https", port == "80" && u.Scheme == "http":
		return strconv.Quote(s.URL) + ": leave out the port, as browsers do: write " + strings.TrimSuffix(s.URL, ":"+port)
	case port != "" && !validPort(port, 1):
		return strconv.Quote(s.URL) + ": a port is a number from 1 to 65535"
	}
	return ""
}

// asciiHost takes a name of DNS, or an address.
func asciiHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func validPort(port string, least int) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= least && n <= 65535 && strconv.Itoa(n) == port
}

// checkListen takes :PORT, an address or a name of this machine with a port. Port 0 lets the system choose.
// Host is the host name in url, which the certificate must be for.
func (s Server) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil { // checked at load
		return ""
	}
	return u.Hostname()
}

func checkListen(address string) string {
	host, port, err := net.SplitHostPort(address)
	_, notAddress := netip.ParseAddr(host)
	if err != nil || !validPort(port, 0) || host != "" && notAddress != nil && !asciiHost(strings.ToLower(host)) {
		return strconv.Quote(address) + ` is not an address with a port: write ":8443" or "127.0.0.1:8080"`
	}
	return ""
}

// checkNetwork: whoever is in it may say who a client is.
func checkNetwork(network string) string {
	prefix, err := netip.ParsePrefix(network)
	switch {
	case err != nil:
		return strconv.Quote(network) + " is not a network: write 10.0.0.0/8, or 192.0.2.7/32 for one address"
	case prefix.Addr().Is4In6():
		return strconv.Quote(network) + " hides an IPv4 network in an IPv6 one: write the IPv4 network"
	case prefix.Bits() == 0:
		return strconv.Quote(network) + " is the whole internet, and would let everybody say who they are: write the networks of your proxies"
	case prefix != prefix.Masked():
		return strconv.Quote(network) + " has bits beyond its length: write " + prefix.Masked().String()
	}
	return ""
}

// checkPEM doesn't repeat what it refuses: it may be the key itself.
func checkPEM(ref string) string {
	if name, ok := strings.CutPrefix(ref, "file:"); !ok || name == "" {
		return "write file:PATH of a PEM file"
	}
	return ""
}
