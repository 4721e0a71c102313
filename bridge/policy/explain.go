package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// Explain implements bridge.Authorizer. It asks the same clauses as match, only of every rule that names the role.
func (p *Policy) Explain(id bridge.Identity, key bridge.RoleKey) bridge.Explanation {
	at, ok := p.byKey[key]
	if !ok {
		return bridge.Explanation{Role: key, Reason: "This role is not configured.", Rules: []bridge.RuleReasoning{}}
	}
	s := p.begin(&id)
	defer p.end(s)
	return p.explain(s, &id, at)
}

func (p *Policy) explain(s *scratch, id *bridge.Identity, role int32) bridge.Explanation {
	e := bridge.Explanation{Role: p.roles[role].Key, Rules: []bridge.RuleReasoning{}}
	within := make([]bool, len(p.sets))
	for i, set := range p.sets {
		_, within[i] = slices.BinarySearch(set, role)
	}
	for i := range p.rules {
		r := &p.rules[i]
		if r.set == noSet || r.set == ^role || r.set >= 0 && within[r.set] {
			e.Rules = append(e.Rules, p.reason(s, id, int32(i), role))
		}
	}
	gives, denies := matching(e)
	e.Allowed = len(gives) > 0 && len(denies) == 0
	e.Reason = sentence(e, gives, denies)
	return e
}

// matching lists the names of the rules that give the role, and of those that take it away.
func matching(e bridge.Explanation) (gives, denies []string) {
	for _, r := range e.Rules {
		switch {
		case !r.Matched:
		case r.Deny:
			denies = append(denies, r.Rule)
		default:
			gives = append(gives, r.Rule)
		}
	}
	return gives, denies
}

func sentence(e bridge.Explanation, gives, denies []string) string {
	var could []string
	for _, r := range e.Rules {
		if !r.Deny {
			could = append(could, r.Rule)
		}
	}
	switch {
	case len(gives) > 0 && len(denies) > 0:
		return fmt.Sprintf("%s this role away from you, although %s it.", rulesThat(denies, "takes", "take"), lowerFirst(rulesThat(gives, "gives", "give")))
	case len(gives) > 0:
		return rulesThat(gives, "gives", "give") + " you this role."
	case len(denies) > 0:
		return fmt.Sprintf("No rule gives you this role, and %s it away.", lowerFirst(rulesThat(denies, "takes", "take")))
	case len(could) == 0:
		return "No rule gives this role to anybody."
	case len(could) == 1:
		return fmt.Sprintf("The only rule that could give you this role, %q, doesn't match.", could[0])
	}
	return fmt.Sprintf("None of the %d rules that could give you this role matches.", len(could))
}

// rulesThat writes: Rule "a" gives. Rules "a" and "b" give. Rules "a", "b" and 3 more give.
func rulesThat(names []string, one, many string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	switch {
	case len(names) == 1:
		return "Rule " + quoted[0] + " " + one
	case len(names) > 3:
		return fmt.Sprintf("Rules %s and %d more %s", strings.Join(quoted[:2], ", "), len(names)-2, many)
	}
	last := len(quoted) - 1
	return fmt.Sprintf("Rules %s and %s %s", strings.Join(quoted[:last], ", "), quoted[last], many)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// reason is what one rule says about one role.
func (p *Policy) reason(s *scratch, id *bridge.Identity, at, role int32) bridge.RuleReasoning {
	r := &p.rules[at]
	out := bridge.RuleReasoning{Rule: r.name, Deny: r.deny, Clauses: []bridge.ClauseReasoning{}}
	all := yes
	add := func(c bridge.ClauseReasoning, v verdict) {
		c.Held = v == yes
		out.Clauses = append(out.Clauses, c)
		all = worse(all, v)
	}
	clauses := p.clauses[r.first : int(r.first)+int(r.count)]
	for i := range clauses {
		if c := &clauses[i]; !c.when {
			v := p.holds(s, c)
			add(p.describeAtoms(s, id, c, v), v)
		}
	}
	if text, ok := p.whens[at]; ok {
		add(p.describeWhen(s, text, clauses, r.deny))
	}
	if r.anyone {
		add(bridge.ClauseReasoning{Clause: "anyone: true", Detail: "everybody who can sign in is meant"}, yes)
	}
	if pattern, ok := p.patterns[at]; ok {
		group, held := inPattern(pattern, p.roles[role], id.Groups)
		add(bridge.ClauseReasoning{Clause: "group_pattern: " + pattern, Detail: groupDetail([]string{group}, held)}, verdictOf(held))
	}
	if r.asserted {
		held := slices.Contains(p.asserted(id), role)
		add(bridge.ClauseReasoning{Clause: "asserted_roles: true", Detail: p.assertedDetail(role, held)}, verdictOf(held))
	}
	out.Matched = all == yes || all == failed && r.deny
	return out
}

func verdictOf(held bool) verdict {
	if held {
		return yes
	}
	return no
}

// worse joins two verdicts as && does: false beats failed, failed beats true.
func worse(a, b verdict) verdict {
	switch {
	case a == no || b == no:
		return no
	case a == failed || b == failed:
		return failed
	}
	return yes
}
