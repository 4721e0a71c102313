package policy

import (
	"slices"

	"cel.dev/cel-go/common/types"

	"github.com/fedbridge/fedbridge/bridge"
)

// verdict is what a clause or a rule says. CEL's logic has three values too: false beats failed, failed beats true.
type verdict uint8

const (
	no verdict = iota
	yes
	failed
)

// scratch is the room that one request needs. It is pooled; nothing in it is cleared between requests but by a higher
// generation, so that the work depends on what an identity matches and not on how much is configured.
type scratch struct {
	generation uint32
	atoms      []uint32 // generation in which the atom held
	hits       []int32  // the atoms that hold
	rules      []uint32 // generation in which the rule was decided
	matched    []bool   // and how
	denied     []uint32 // generation in which the role was taken away
	conditions []uint32 // generation in which CEL was asked
	verdicts   []verdict
	errs       map[int32]error // why CEL failed
	granted    []uint64        // role<<32 | rule
	act        activation
}

func (p *Policy) newScratch() *scratch {
	return &scratch{
		atoms: make([]uint32, len(p.atoms)), rules: make([]uint32, len(p.rules)), matched: make([]bool, len(p.rules)),
		denied: make([]uint32, len(p.roles)), conditions: make([]uint32, len(p.conditions)),
		verdicts: make([]verdict, len(p.conditions)),
	}
}

// begin takes a scratch for one identity.
func (p *Policy) begin(id *bridge.Identity) *scratch {
	s, _ := p.scratches.Get().(*scratch)
	if s == nil {
		s = p.newScratch()
	}
	p.ready(s, id)
	return s
}

// ready finds the atoms that hold.
func (p *Policy) ready(s *scratch, id *bridge.Identity) {
	s.generation++
	if s.generation == 0 { // after 2³² requests, old marks would look new
		clear(s.atoms)
		clear(s.rules)
		clear(s.denied)
		clear(s.conditions)
		s.generation = 1
	}
	s.hits, s.granted = s.hits[:0], s.granted[:0]
	s.act.set(id)
	p.look(s, id)
}

// end gives the scratch back, without the person.
func (p *Policy) end(s *scratch) {
	s.act.clear()
	s.errs = nil
	p.scratches.Put(s)
}

// look asks the index for every value of the identity that some rule names the source of.
func (p *Policy) look(s *scratch, id *bridge.Identity) {
	for _, at := range p.fieldLookups {
		l := &p.lookups[at]
		if values, many := l.list(id); many {
			s.hitAll(l, values)
		} else if atom, ok := l.atoms[l.scalar(id)]; ok {
			s.hit(atom)
		}
	}
	// Whichever is shorter: the claims that the person has, or those that rules name.
	if len(p.claimLookups) > len(id.Claims) {
		for name, values := range id.Claims {
			if at, ok := p.claimNamed[name]; ok {
				s.hitAll(&p.lookups[at], values)
			}
		}
		return
	}
	for _, at := range p.claimLookups {
		s.hitAll(&p.lookups[at], id.Claims[p.lookups[at].claim])
	}
}

func (s *scratch) hitAll(l *lookup, values []string) {
	for _, v := range values {
		if atom, ok := l.atoms[v]; ok {
			s.hit(atom)
		}
	}
}

func (s *scratch) hit(atom int32) {
	if s.atoms[atom] != s.generation {
		s.atoms[atom] = s.generation
		s.hits = append(s.hits, atom)
	}
}

// match decides all rules that could match, and leaves in s.granted which rule gave which role, sorted, denied roles
// taken out. Deny wins; no rule looks at what another did, so their order means nothing (threat A4).
func (p *Policy) match(s *scratch, id *bridge.Identity) {
	for _, atom := range s.hits {
		for _, post := range p.postings[p.start[atom]:p.start[atom+1]] {
			p.consider(s, post, id)
		}
	}
	for _, post := range p.always {
		p.consider(s, post, id)
	}
	kept := s.granted[:0]
	for _, g := range s.granted {
		if s.denied[g>>32] != s.generation {
			kept = append(kept, g)
		}
	}
	if len(kept) > 1 {
		slices.Sort(kept)
		kept = slices.Compact(kept)
	}
	s.granted = kept
}

func (p *Policy) consider(s *scratch, post posting, id *bridge.Identity) {
	r := &p.rules[post.rule]
	if s.rules[post.rule] != s.generation {
		s.rules[post.rule] = s.generation
		s.matched[post.rule] = p.decide(s, r)
	} else if post.set == r.set {
		return // seen under another of its atoms; a group pattern's entries differ in their set
	}
	switch {
	case !s.matched[post.rule]:
	case r.deny:
		for _, role := range p.members(post.set) {
			s.denied[role] = s.generation
		}
	case r.asserted:
		for _, role := range p.asserted(id) {
			s.granted = append(s.granted, uint64(role)<<32|uint64(post.rule))
		}
	default:
		for _, role := range p.members(post.set) {
			s.granted = append(s.granted, uint64(role)<<32|uint64(post.rule))
		}
	}
}

// decide tells whether a rule matches that the index led to. A rule that can't be evaluated doesn't match if it gives
// roles, and matches if it takes roles away: unsure means no.
func (p *Policy) decide(s *scratch, r *rule) bool {
	all := yes
	for i := range int(r.count) {
		if i == int(r.indexed) {
			continue // that atom led here
		}
		switch p.holds(s, &p.clauses[int(r.first)+i]) {
		case no:
			return false
		case failed:
			all = failed
		}
	}
	return all == yes || r.deny
}

// holds decides one clause.
func (p *Policy) holds(s *scratch, c *clause) verdict {
	if c.count == 0 {
		return p.ask(s, c.condition)
	}
	for _, atom := range p.atomRefs[c.first : c.first+c.count] {
		if s.atoms[atom] == s.generation {
			return yes
		}
	}
	return no
}

// ask evaluates a condition, once for each request.
func (p *Policy) ask(s *scratch, at int32) verdict {
	if s.conditions[at] == s.generation {
		return s.verdicts[at]
	}
	s.conditions[at] = s.generation
	out, _, err := p.conditions[at].program.Eval(&s.act)
	v := failed
	switch {
	case err != nil:
		if s.errs == nil {
			s.errs = map[int32]error{}
		}
		s.errs[at] = err
	case out == types.True:
		v = yes
	case out == types.False:
		v = no
	}
	s.verdicts[at] = v
	return v
}
