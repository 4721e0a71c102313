package policy

import "github.com/fedbridge/fedbridge/bridge"

// Match runs the matching core alone and counts the (role, rule) pairs it finds: what the benchmarks compare.
func (p *Policy) Match(id *bridge.Identity) int {
	s := p.begin(id)
	p.match(s, id)
	n := len(s.granted)
	p.end(s)
	return n
}

// Matcher is Match in a room of its own, which nobody takes away in between.
func (p *Policy) Matcher() func(*bridge.Identity) int {
	s := p.newScratch()
	return func(id *bridge.Identity) int {
		p.ready(s, id)
		p.match(s, id)
		return len(s.granted)
	}
}

// Conditions counts the CEL programs that the rules share.
func (p *Policy) Conditions() int { return len(p.conditions) }

// Always counts the rules that no atom indexes.
func (p *Policy) Always() int { return len(p.always) }
