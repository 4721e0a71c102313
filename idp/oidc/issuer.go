package oidc

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// tenantPlace is what Entra's multi-tenant discovery documents print where the tenant's id belongs.
const tenantPlace = "{tenantid}"

// sharedIssuers are issuers at which anybody can get an account, beside Google and multi-tenant Entra.
var sharedIssuers = []string{
	"https://appleid.apple.com", "https://token.actions.githubusercontent.com", "https://gitlab.com",
	"https://www.facebook.com", "https://limited.facebook.com", "https://www.linkedin.com/oauth", "https://id.twitch.tv/oauth2",
	"https://slack.com", "https://login.salesforce.com", "https://access.line.me", "https://kauth.kakao.com",
	"https://api.login.yahoo.com", "https://www.paypal.com", "https://app.terraform.io",
}

// issuerURL is a configured issuer, taken apart.
type issuerURL struct {
	text     string // exactly as configured; compared as text (OpenID Connect Core §3.1.3.7, 2)
	host     string // without the port, lower case
	loopback bool
	google   bool
	shared   bool
	// template is the issuer with {tenantid} where a multi-tenant Entra issuer says common, organizations or consumers.
	template string
}

func parseIssuer(text string) (issuerURL, error) {
	if text == "" {
		return issuerURL{}, fmt.Errorf("is missing: write the issuer as the provider's discovery document prints it")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || len(text) > 2048 || !cleanText(text) {
		return issuerURL{}, fmt.Errorf("%q is not a URL", text)
	}
	// OpenID Connect Core §2, iss: https, host, optionally port and path, and no query or fragment.
	if u.RawQuery != "" || u.ForceQuery || u.User != nil || strings.Contains(text, "#") { // not repeated: it may hold a password
		return issuerURL{}, fmt.Errorf("an issuer has no user, query or fragment: write it as the provider's discovery document prints it")
	}
	i := issuerURL{text: text, host: strings.ToLower(u.Hostname())}
	i.loopback = bridge.IsLoopback(i.host)
	switch {
	case u.Scheme == "https", u.Scheme == "http" && i.loopback:
	default:
		return issuerURL{}, fmt.Errorf("%q: an issuer is https (http only on a loopback host)", text)
	}
	bare := strings.TrimSuffix(text, "/")
	i.google = bare == "https://accounts.google.com"
	i.template = entraTemplate(u)
	i.shared = i.google || i.template != "" || slices.Contains(sharedIssuers, bare)
	return i, nil
}

// entraTemplate gives the issuer's template where its first path segment stands for many tenants; "" otherwise.
func entraTemplate(u *url.URL) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	entra := slices.Contains([]string{
		"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.windows.net", "sts.windows.net",
	}, strings.ToLower(u.Hostname()))
	// On loopback, so that tests and demos can play Entra.
	if !entra && !bridge.IsLoopback(strings.ToLower(u.Hostname())) {
		return ""
	}
	switch strings.ToLower(first) {
	case "common", "organizations", "consumers":
		if !entra && rest != "v2.0" {
			return ""
		}
		return u.Scheme + "://" + u.Host + "/" + tenantPlace + strings.TrimPrefix(u.Path, "/"+first)
	}
	return ""
}

// forTenant is the one issuer that a token of this tenant may name.
func (i issuerURL) forTenant(tenant string) string {
	if i.template == "" {
		return i.text
	}
	return strings.ReplaceAll(i.template, tenantPlace, tenant)
}

// names tells whether text names this issuer: exactly, or for a multi-tenant one as one of the admitted tenants.
func (i issuerURL) names(text string, tenants []string) bool {
	if i.template == "" {
		return text == i.text
	}
	return text == i.template || slices.ContainsFunc(tenants, func(t string) bool { return text == i.forTenant(t) })
}

// endpoint checks a URL that discovery announced (threat O11): https, or http on loopback when the issuer is there too.
func (i issuerURL) endpoint(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(text, "#") {
		return fmt.Errorf("discovery: %s %s is not a URL to use", name, quote(text))
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && bridge.IsLoopback(host) && i.loopback:
	default:
		return fmt.Errorf("discovery: %s %s is not https", name, quote(text))
	}
	if addr, err := netip.ParseAddr(host); err == nil && !i.admits(host, addr) {
		return fmt.Errorf("discovery: %s %s is an internal address that the configuration doesn't name", name, quote(text))
	}
	return nil
}

// admits tells whether we may connect to this address for this host. The host that the configuration names may be
// anywhere (AD FS and Keycloak live in private networks), but a loopback name must mean this machine, because plain http
// is allowed to it; a host that only discovery names must be public.
func (i issuerURL) admits(host string, addr netip.Addr) bool {
	addr = addr.Unmap()
	if strings.EqualFold(host, i.host) {
		return !i.loopback || addr.IsLoopback()
	}
	return public(addr) || addr.IsLoopback() && i.loopback
}

// special are ranges that are not the public Internet, or that hide an address of another range in them (IANA special
// purpose registries; RFC 6052, 3056 and 4380 for NAT64, 6to4 and Teredo).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

func public(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && addr.Zone() == "" &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(addr) })
}
