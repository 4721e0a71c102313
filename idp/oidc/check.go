package oidc

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

var (
	tenantID   = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,255}$`) // RFC 6749 §3.3
)

// Check reports every fault at once. It is pure.
func (c Config) Check() []bridge.Problem {
	problems := c.Common.Check()
	add := func(path, format string, args ...any) {
		problems = append(problems, bridge.Problemf(path, format, args...))
	}
	problems = append(problems, c.checkIssuer()...)
	if !printable(c.ClientID, 255) {
		add("client_id", "needs 1 to 255 printable characters: the client id that the provider gave to fedbridge")
	}
	if problem := c.ClientSecret.Check(); problem != "" {
		add("client_secret", "%s", problem)
	}
	if len(c.Scopes) > 0 && !slices.Contains(c.Scopes, "openid") {
		add("scopes", "openid is missing: without it the provider sends no ID token")
	}
	for i, scope := range c.Scopes {
		if !scopeToken.MatchString(scope) {
			add(fmt.Sprintf("scopes[%d]", i), "%q is not a scope", scope)
		}
	}
	for i, alg := range c.Algorithms {
		if _, ok := algorithms[alg]; !ok {
			add(fmt.Sprintf("algorithms[%d]", i), "%q is not accepted; choose from %s", alg, strings.Join(slices.Sorted(maps.Keys(algorithms)), ", "))
		}
	}
	switch c.ResponseMode {
	case "", ModeQuery, ModeFormPost:
	default:
		add("response_mode", "%q: choose %s or %s", c.ResponseMode, ModeQuery, ModeFormPost)
	}
	problems = append(problems, c.checkClient()...)
	return append(problems, c.Claims.check()...)
}

// checkIssuer: an issuer at which anybody has an account must be narrowed (threat O9).
func (c Config) checkIssuer() []bridge.Problem {
	var problems []bridge.Problem
	for i, domain := range c.HostedDomains {
		if !domainName.MatchString(domain) {
			problems = append(problems, bridge.Problemf(fmt.Sprintf("hosted_domains[%d]", i), "%q is not a domain name in lower case", domain))
		}
	}
	for i, tenant := range c.Tenants {
		if !tenantID.MatchString(tenant) {
			problems = append(problems, bridge.Problemf(fmt.Sprintf("tenants[%d]", i), "%q is not a tenant id", tenant))
		}
	}
	u, err := parseIssuer(c.Issuer)
	if err != nil {
		return append(problems, bridge.Problemf("issuer", "%s", err))
	}
	if u.google && len(c.HostedDomains) == 0 {
		problems = append(problems, bridge.Problemf("hosted_domains",
			"anybody can have an account at %s: list the Google Workspace domains whose people may come in", c.Issuer))
	}
	if u.template != "" && len(c.Tenants) == 0 {
		problems = append(problems, bridge.Problemf("tenants",
			"%s serves every tenant of Entra: list the tenant ids whose people may come in, or use the issuer of one tenant", c.Issuer))
	}
	return problems
}

func (c Config) checkClient() []bridge.Problem {
	var problems []bridge.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, bridge.Problemf(path, format, args...))
	}
	switch c.TokenEndpointAuth {
	case "":
	case AuthBasic, AuthPost:
		if c.Public() {
			add("token_endpoint_auth_method", "%s needs a client_secret", c.TokenEndpointAuth)
		}
	default:
		add("token_endpoint_auth_method", "%q: choose %s or %s", c.TokenEndpointAuth, AuthBasic, AuthPost)
	}
	lists := map[string][]string{
		"audiences": c.Audiences, "authorized_parties": c.AuthorizedParties, "acr_values": c.ACRValues,
	}
	for _, path := range slices.Sorted(maps.Keys(lists)) {
		for i, value := range lists[path] {
			if !printable(value, 255) || path == "acr_values" && strings.Contains(value, " ") {
				add(fmt.Sprintf("%s[%d]", path, i), "%q: needs 1 to 255 printable characters", value)
			}
		}
	}
	if c.MaxAge < 0 {
		add("max_age", "is negative")
	}
	return problems
}

func (n Names) check() []bridge.Problem {
	var problems []bridge.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, bridge.Problemf(path, format, args...))
	}
	if n.Email != "" && !printable(n.Email, 255) {
		add("claims.email", "%q is not the name of a claim", n.Email)
	}
	if n.Name != "" && !printable(n.Name, 255) {
		add("claims.name", "%q is not the name of a claim", n.Name)
	}
	g := n.Groups
	if g.Claim != "" && len(g.Path) > 0 {
		add("claims.groups", "claim and path exclude each other")
	}
	if len(g.Path) > maxDepth {
		add("claims.groups.path", "is more than %d names deep", maxDepth)
	}
	for _, name := range g.path() {
		if !printable(name, 255) {
			add("claims.groups", "%q is not the name of a claim", name)
		}
	}
	for _, name := range append([]string{n.email(), g.path()[0]}, n.name()...) {
		if slices.Contains(protocolClaims, name) {
			add("claims", "%q is a claim of the protocol itself; it can't be an e-mail, a name or a group", name)
		}
	}
	return problems
}

// printable: 1 to limit bytes without control characters, white space at the ends, or invisible direction marks.
func printable(s string, limit int) bool {
	return s != "" && len(s) <= limit && strings.TrimSpace(s) == s && cleanText(s)
}
