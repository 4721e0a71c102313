package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

var (
	domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	colours    = []string{"grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"}
)

func (f *File) checkProviders() []bridge.Problem {
	var problems []bridge.Problem
	names, domains := map[string]int{}, map[string]string{}
	for i, p := range f.Providers {
		if p.Opener == nil {
			continue // reported when it was decoded
		}
		path := index("providers", i)
		problems = append(problems, within(path, p.Check())...)
		if first, twice := names[p.Common.Name]; twice {
			problems = append(problems, bridge.Problemf(path+".name", "%q is the name of %s already", p.Common.Name, index("providers", first)))
		} else {
			names[p.Common.Name] = i
		}
		for j, domain := range p.Common.Domains {
			at := index(path+".domains", j)
			if !domainName.MatchString(domain) {
				problems = append(problems, bridge.Problemf(at, "%q is not an e-mail domain in lower case, such as example.com", domain))
			}
			if other, twice := domains[domain]; twice {
				problems = append(problems, bridge.Problemf(at, "%q belongs to provider %q already", domain, other))
			}
			domains[domain] = p.Common.Name
		}
	}
	return problems
}

// checkAccounts checks what people see; package policy checks what is decided on.
func (f *File) checkAccounts() []bridge.Problem {
	var problems []bridge.Problem
	for i, a := range f.Accounts {
		if a.Colour != "" && !slices.Contains(colours, a.Colour) {
			problems = append(problems, bridge.Problemf(index("accounts", i)+".colour", "%q: write one of %s", a.Colour, strings.Join(colours, ", ")))
		}
		if a.SAMLEncryption != nil {
			problems = append(problems, within(index("accounts", i)+".saml_encryption", a.SAMLEncryption.check())...)
		}
	}
	return problems
}
