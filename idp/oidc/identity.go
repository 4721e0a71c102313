package oidc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// overage refuses groups that the provider left out of the answer (OpenID Connect Core §5.6.2; Entra does so for people in
// more than 200 groups). The place it points to instead is never asked: who signs in would choose where we connect to.
// Rules that deny by group would otherwise not see it. Threat O26.
func overage(claims claimSet, groups string) error {
	fail := func(why string) error {
		return bridge.Fail(bridge.CodeGroupOverage, fmt.Errorf("oidc: %s", why))
	}
	if names, ok := claims.get("_claim_names"); ok {
		if names.kind != kindObject {
			return claimFault("_claim_names", "_claim_names is not an object")
		}
		if _, ok := claimSet(names.members).get(groups); ok {
			return fail("claim " + quote(groups) + " is a distributed claim")
		}
	}
	if _, here := claims.get(groups); groups == "groups" && !here && claims.flag("hasgroups") {
		return fail("hasgroups without groups")
	}
	return nil
}

// identity maps what was verified. E-mail and names are for people to read; who it is, issuer and subject say (R5).
func (p *provider) identity(v *verified) (bridge.Identity, error) {
	email, err := p.email(v.claims)
	if err != nil {
		return bridge.Identity{}, err
	}
	groups, err := p.groups(v.claims)
	if err != nil {
		return bridge.Identity{}, err
	}
	claims, skipped, err := v.claims.flatten()
	if err != nil {
		return bridge.Identity{}, err
	}
	amr, err := v.claims.list("amr")
	if err != nil {
		return bridge.Identity{}, err
	}
	sid, _ := v.claims.get("sid")
	id := bridge.Identity{
		Provider: p.config.Name, Issuer: v.issuer, Subject: v.subject,
		Email: email, Name: p.name(v.claims), Groups: groups, Claims: claims,
		AuthTime: v.authTime, ACR: v.acr, AMR: amr,
		KeyFingerprint: v.key.fingerprint, Skipped: skipped,
	}
	if sid.kind == kindText {
		id.SessionIndex = sid.text
	}
	return id, nil
}

// email gives the address if it counts: verified by the provider, or trusted by configuration where the provider says
// nothing about it (threat O25).
func (p *provider) email(claims claimSet) (string, error) {
	name := p.config.Claims.email()
	email, ok, err := claims.text(name)
	if err != nil || !ok || email == "" {
		return "", err
	}
	_, said := claims.get("email_verified")
	if !claims.flag("email_verified") && (said || !p.config.EmailTrusted) {
		return "", nil
	}
	if len(email) > 320 || !cleanText(email) {
		return "", claimFault(name, "not an address")
	}
	return email, nil
}

// name gives the first name that people can read. A name that can't be shown is passed over, not refused.
func (p *provider) name(claims claimSet) string {
	for _, name := range p.config.Claims.name() {
		if n, ok := claims.get(name); ok && n.kind == kindText && n.text != "" && len(n.text) <= 256 && cleanText(n.text) {
			return n.text
		}
	}
	return ""
}

// groups reads a list of texts, one text (AD FS), a text of many with a separator, or any of them below a path. Everything
// else is refused with the claim's name, because half of the groups could be the half that no deny rule names (threat O27).
func (p *provider) groups(claims claimSet) ([]string, error) {
	config := p.config.Claims.Groups
	path := config.path()
	name := strings.Join(path, ".")
	n, ok, err := claims.at(path)
	if err != nil || !ok {
		return nil, err
	}
	var groups []string
	switch {
	case n.kind == kindText && config.Separator != "":
		groups = strings.Split(n.text, config.Separator)
	case n.kind == kindText:
		groups = []string{n.text}
	case n.kind == kindList && n.texts:
		groups = n.values
	default:
		return nil, claimFault(name, "groups are neither a text nor a list of texts")
	}
	if slices.Contains(groups, "") {
		groups = slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return g == "" })
	}
	for _, g := range groups {
		if !cleanText(g) {
			return nil, claimFault(name, "group %s has characters that can't be seen", quote(g))
		}
	}
	return groups, nil
}
