package policy

import (
	"fmt"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// Entitlements implements bridge.Authorizer.
func (p *Policy) Entitlements(id bridge.Identity) []bridge.Entitlement {
	s := p.begin(&id)
	defer p.end(s)
	p.match(s, &id)
	var out []bridge.Entitlement
	for rest := s.granted; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n]>>32 == rest[0]>>32 {
			n++
		}
		out = append(out, p.entitlement(rest[:n]))
		rest = rest[n:]
	}
	return out
}

// entitlement is one role and the rules that gave it.
func (p *Policy) entitlement(granted []uint64) bridge.Entitlement {
	role := &p.roles[granted[0]>>32]
	e := bridge.Entitlement{Role: role.Key, MaxSession: role.MaxSession, CapReason: bridge.CapRole}
	e.Rules = make([]string, len(granted))
	for i, g := range granted {
		e.Rules[i] = p.rules[uint32(g)].name
	}
	slices.Sort(e.Rules)
	return e
}

// Grant implements bridge.Authorizer. It decides afresh: an entitlement that somebody remembers is worth nothing.
func (p *Policy) Grant(id bridge.Identity, key bridge.RoleKey) (bridge.Grant, error) {
	at, ok := p.byKey[key]
	if !ok {
		return bridge.Grant{}, bridge.Fail(bridge.CodeNotEntitled, fmt.Errorf("policy: role %s is not configured", key))
	}
	s := p.begin(&id)
	defer p.end(s)
	p.match(s, &id)
	var own []uint64
	for _, g := range s.granted {
		if g>>32 == uint64(at) {
			own = append(own, g)
		}
	}
	if len(own) == 0 {
		return bridge.Grant{}, p.refusal(s, &id, at)
	}
	grant := bridge.Grant{Entitlement: p.entitlement(own), Role: p.roles[at]}
	if err := p.plans[at].resolve(s, &grant); err != nil {
		return bridge.Grant{}, err
	}
	return grant, nil
}

// refusal says why a role isn't given: no rule gives it, or one takes it away that another gives.
func (p *Policy) refusal(s *scratch, id *bridge.Identity, at int32) error {
	explained := p.explain(s, id, at)
	gives, denies := matching(explained)
	if len(gives) > 0 && len(denies) > 0 {
		return bridge.FailWith(bridge.CodeDenied, denies[0], fmt.Errorf("policy: %s: denied by rule %q", p.roles[at].Key, denies[0]))
	}
	return bridge.Fail(bridge.CodeNotEntitled, fmt.Errorf("policy: no rule gives %s", p.roles[at].Key))
}
