package policy

import (
	"fmt"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// describeAtoms writes a clause of groups, claims, emails or provider as it was written, and why it holds or not.
func (p *Policy) describeAtoms(s *scratch, id *bridge.Identity, c *clause, v verdict) bridge.ClauseReasoning {
	var values, held []string
	var from source
	for _, at := range p.atomRefs[c.first : c.first+c.count] {
		a := p.atoms[at]
		from = p.lookups[a.lookup].source
		values = append(values, a.value)
		if s.atoms[at] == s.generation {
			held = append(held, a.value)
		}
	}
	all := "[" + strings.Join(values, ", ") + "]"
	about := values // those that the detail speaks of
	if v == yes {
		about = held
	}
	switch from.kind {
	case fromProvider:
		return bridge.ClauseReasoning{Clause: "provider: " + values[0], Detail: providerDetail(id.Provider, values[0], v == yes)}
	case fromGroups:
		return bridge.ClauseReasoning{Clause: "groups: " + all, Detail: groupDetail(about, v == yes)}
	case fromEmail:
		return bridge.ClauseReasoning{Clause: "emails: " + all, Detail: emailDetail(id.Email, v == yes)}
	}
	return bridge.ClauseReasoning{
		Clause: fmt.Sprintf("claims: {%s: %s}", from.claim, all),
		Detail: claimDetail(from.claim, len(id.Claims[from.claim]), about, v == yes),
	}
}

func providerDetail(have, want string, held bool) string {
	switch {
	case held:
		return "you signed in with " + want
	case have == "":
		return "you did not sign in with " + want
	}
	return fmt.Sprintf("you signed in with %s, not with %s", have, want)
}

func groupDetail(groups []string, held bool) string {
	list := strings.Join(groups, ", ")
	switch {
	case held && len(groups) == 1:
		return "you are in group " + list
	case held:
		return "you are in the groups " + list
	case len(groups) == 1:
		return "you are not in group " + list
	}
	return "you are in none of the groups " + list
}

func emailDetail(have string, held bool) string {
	switch {
	case held:
		return "your e-mail address is " + have
	case have == "":
		return "your sign-in brought no verified e-mail address"
	}
	return "your e-mail address is another: " + have
}

func claimDetail(name string, count int, values []string, held bool) string {
	list := strings.Join(values, ", ")
	switch {
	case held:
		return fmt.Sprintf("your claim %s has the value %s", name, list)
	case count == 0:
		return "you have no claim " + name
	case len(values) == 1:
		return fmt.Sprintf("your claim %s doesn't have the value %s", name, list)
	}
	return fmt.Sprintf("your claim %s has none of the values %s", name, list)
}

func (p *Policy) assertedDetail(role int32, held bool) string {
	r := p.roles[role]
	pair := r.ARN.String()
	if provider := assertedProvider(&r); provider != (bridge.SAMLProviderARN{}) {
		pair += "," + provider.String()
	}
	if held {
		return "your identity provider asserts " + pair
	}
	return "your identity provider doesn't assert " + pair
}

// describeWhen names each part of a `when` that doesn't hold. The parts were evaluated one by one.
func (p *Policy) describeWhen(s *scratch, text string, clauses []clause, deny bool) (bridge.ClauseReasoning, verdict) {
	all := yes
	var faults []string
	for i := range clauses {
		c := &clauses[i]
		if !c.when {
			continue
		}
		v := p.holds(s, c)
		all = worse(all, v)
		switch v {
		case no:
			faults = append(faults, "not true: "+p.partText(c))
		case failed:
			why := "it gave no answer"
			if err := s.errs[c.condition]; err != nil {
				why = plainFailure(err)
			}
			faults = append(faults, fmt.Sprintf("can't be decided (%s): %s", why, p.partText(c)))
		}
	}
	detail := strings.Join(faults, "; ")
	if all == failed && deny {
		detail += "; a rule that takes roles away counts as true when it can't be decided"
	}
	return bridge.ClauseReasoning{Clause: "when: " + text, Detail: detail}, all
}

// partText writes one part of a `when` as CEL.
func (p *Policy) partText(c *clause) string {
	if c.count == 0 {
		return p.conditions[c.condition].text
	}
	var tests []string
	for _, at := range p.atomRefs[c.first : c.first+c.count] {
		a := p.atoms[at]
		tests = append(tests, p.lookups[a.lookup].test(a.value))
	}
	return strings.Join(tests, " || ")
}

// test writes an atom as CEL.
func (s source) test(value string) string {
	if s.kind == fromClaim {
		if validName(s.claim) && !strings.ContainsAny(s.claim, ".-") {
			return fmt.Sprintf("%q in claims.%s", value, s.claim)
		}
		return fmt.Sprintf("%q in claims[%q]", value, s.claim)
	}
	for name, kind := range listSources {
		if kind == s.kind {
			return fmt.Sprintf("%q in identity.%s", value, name)
		}
	}
	for name, kind := range scalarSources {
		if kind == s.kind {
			return fmt.Sprintf("identity.%s == %q", name, value)
		}
	}
	return ""
}
