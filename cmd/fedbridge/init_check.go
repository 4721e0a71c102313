package main

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// said is a text that somebody gave.
type said struct{ flag, text string }

func (f *initFlags) words() []said {
	all := []said{
		{"url", f.URL}, {"public-url", f.PublicURL}, {"idp", f.idp}, {"kind", f.Kind}, {"metadata", f.Metadata}, {"issuer", f.Issuer},
		{"tenant", f.Tenant}, {"client-id", f.ClientID}, {"client-secret", f.ClientSecret}, {"name", f.Name}, {"label", f.Label},
		{"region", f.Region}, {"listen", f.Listen}, {"dir", f.Dir}, {"out", f.out},
	}
	for flag, list := range map[string][]string{
		"hosted-domain": f.HostedDomains, "domain": f.Domains, "group": f.Groups, "email": f.Emails, "role": f.Roles, "proxy": f.Proxies,
	} {
		for _, text := range list {
			all = append(all, said{flag, text})
		}
	}
	slices.SortStableFunc(all, func(a, b said) int { return strings.Compare(a.flag, b.flag) })
	return all
}

// wordFault: what can't be seen has no place in a configuration, or was typed by mistake.
func wordFault(text string) string {
	switch {
	case text != plain(text):
		return "has characters that can't be printed, or spaces too many"
	case len(text) > 1024:
		return "has more than 1024 characters"
	}
	return ""
}

var tenantForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// tenantFault: tokens name the tenant by its id, so that its domain would never fit.
func tenantFault(tenant string) string {
	if tenant == "" || tenantForm.MatchString(tenant) {
		return ""
	}
	return "write the Directory (tenant) ID, such as 0b1c9f5e-6c35-4b0c-8b1e-9d0b1a2f3c4d; tokens don't name its domain"
}

// roleOfARN takes an ARN for the role's name.
func roleOfARN(role string) (name, fault string) {
	if !strings.HasPrefix(role, "arn:") {
		return strings.TrimPrefix(role, "/"), ""
	}
	if _, name, ok := strings.Cut(role, ":role/"); ok {
		return name, ""
	}
	return "", "is not the ARN of a role: write the role's name, such as ReadOnly"
}

// idle refuses what was said and would say nothing: whoever narrows a provider to a domain must not be wrong about it.
func (f *initFlags) idle(p initPlan) error {
	web := p.Kind == "oidc"
	var faults []error
	for _, said := range []struct {
		flag       string
		set, means bool
	}{
		{"metadata", f.Metadata != "", !web},
		{"issuer", f.Issuer != "", web && p.IdP.ID != "google"},
		{"client-id", f.ClientID != "", web},
		{"client-secret", f.ClientSecret != "", web},
		{"tenant", f.Tenant != "", web && p.IdP.Tenant && f.Issuer == ""},
		{"hosted-domain", len(f.HostedDomains) > 0, web && p.IdP.ID == "google"},
	} {
		if said.set && !said.means {
			faults = append(faults, usagef("--%s: means nothing here, with --idp %s --kind %s", said.flag, p.IdP.ID, p.Kind))
		}
	}
	return errors.Join(faults...)
}

// checkGrants: each role has somebody who gets it.
func (f *initFlags) checkGrants(p initPlan) error {
	people, flag := p.Groups, "group"
	if p.ByEmail() {
		people, flag = p.Emails, "email"
		if len(p.Groups) > 0 {
			return usagef("--group: Google tells no groups to an OIDC client; name people with --email, or choose --kind saml")
		}
	} else if len(p.Emails) > 0 {
		return usagef("--email is for --idp google --kind oidc, which tells no groups; name groups with --group")
	}
	if len(people) != len(p.Roles) {
		return usagef("%s and %s: write a --role for each --%s", count(len(people), "--"+flag), count(len(p.Roles), "--role"), flag)
	}
	return nil
}

// faultsOf tells by flag what check would say of the configuration.
func (f *initFlags) faultsOf(p initPlan) error {
	found, err := p.faults()
	if err != nil {
		return err
	}
	var faults []error
	for _, flag := range slices.Sorted(maps.Keys(found)) {
		faults = append(faults, usagef("--%s: %s", flag, found[flag]))
	}
	return errors.Join(faults...)
}
