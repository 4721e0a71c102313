package idptest

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// originOf is scheme, host and port (RFC 6454 §4), written as in Origin.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	port := u.Port()
	if port == defaultPort(u.Scheme) {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// siteOf is scheme and registrable domain (HTML §7.1.1.1, schemeful); an address or a single label is a site by itself.
func siteOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if net.ParseIP(host) == nil {
		if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
			host = domain
		}
	}
	return u.Scheme + "://" + host
}

func sameSite(a, b *url.URL) bool { return siteOf(a) == siteOf(b) }

// trustworthy is Secure Contexts §3.1: https, and this machine.
func trustworthy(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	ip := net.ParseIP(host)
	return u.Scheme == "https" || isLocalhost(host) || (ip != nil && ip.IsLoopback())
}

// lastPolicy picks the last known word of Referrer-Policy headers (Referrer Policy §8.1).
func lastPolicy(headers []string) (policy string) {
	known := []string{
		"no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
		"origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
	}
	for _, word := range strings.Split(strings.Join(headers, ","), ",") {
		if word = strings.ToLower(strings.TrimSpace(word)); slices.Contains(known, word) {
			policy = word
		}
	}
	return policy
}

// refererFor is Referrer Policy §8.3: what is told to an address about where the browser comes from; nil is nothing. The
// default is strict-origin-when-cross-origin.
func refererFor(policy string, from, to *url.URL) *url.URL {
	if from == nil {
		return nil
	}
	whole := *from
	whole.User, whole.Fragment = nil, ""
	origin := &url.URL{Scheme: from.Scheme, Host: from.Host, Path: "/"}
	same := originOf(from) == originOf(to)
	downgrade := from.Scheme == "https" && !trustworthy(to)
	pick := func(ok bool, told *url.URL) *url.URL {
		if ok {
			return told
		}
		return nil
	}
	switch policy {
	case "no-referrer":
		return nil
	case "unsafe-url":
		return &whole
	case "origin":
		return origin
	case "same-origin":
		return pick(same, &whole)
	case "strict-origin":
		return pick(!downgrade, origin)
	case "no-referrer-when-downgrade":
		return pick(!downgrade, &whole)
	case "origin-when-cross-origin":
		if same {
			return &whole
		}
		return origin
	}
	if same {
		return &whole
	}
	return pick(!downgrade, origin)
}

// formActionAllows is CSP 3 §6.4.2 for the sources that pages of this project use: 'self', 'none', schemes, hosts with
// or without scheme, port and a leading "*.". Every policy of the page must allow.
func formActionAllows(page *Page, to *url.URL) bool {
	for _, header := range page.Header.Values("Content-Security-Policy") {
		for policy := range strings.SplitSeq(header, ",") {
			for directive := range strings.SplitSeq(policy, ";") {
				words := strings.Fields(directive)
				if len(words) == 0 || !strings.EqualFold(words[0], "form-action") {
					continue
				}
				if !slices.ContainsFunc(words[1:], func(source string) bool { return sourceMatches(source, page.URL, to) }) {
					return false
				}
				break // the first directive of a name counts
			}
		}
	}
	return true
}

func sourceMatches(source string, self, to *url.URL) bool {
	source = strings.ToLower(source)
	switch {
	case source == "'none'":
		return false
	case source == "'self'":
		return originOf(self) == originOf(to)
	case source == "*":
		return true
	case strings.HasSuffix(source, ":"):
		return source == to.Scheme+":"
	}
	scheme, rest, ok := strings.Cut(source, "://")
	if !ok {
		scheme, rest = self.Scheme, source
	}
	rest, path, hasPath := strings.Cut(rest, "/")
	host, port, _ := strings.Cut(rest, ":")
	if port == "" {
		port = defaultPort(scheme)
	}
	toPort := to.Port()
	if toPort == "" {
		toPort = defaultPort(to.Scheme)
	}
	toHost := strings.ToLower(to.Hostname())
	hostOK := host == toHost || (strings.HasPrefix(host, "*.") && strings.HasSuffix(toHost, host[1:]))
	pathOK := !hasPath || path == "" || strings.HasPrefix(to.Path, "/"+path)
	return hostOK && pathOK && (port == toPort || port == "*") &&
		(scheme == to.Scheme || (scheme == "http" && to.Scheme == "https"))
}
