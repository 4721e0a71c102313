package policy

// The index: atom -> the rules to look at when it holds. A rule stands under each atom of one of its clauses, the one
// whose atoms the fewest rules ask for; without that clause it can't match, since atoms can't fail. Rules without any
// such clause are looked at always.

// posting is a rule to look at, and the roles that are at stake.
type posting struct {
	rule int32
	set  int32
}

// rawPosting is a posting and its atom, before they are sorted.
type rawPosting struct {
	atom int32
	posting
}

// indexRule remembers that the rule wants an index entry; which one is chosen when all rules are known.
func (w *ruleReader) indexRule() { w.wanting = append(w.wanting, w.at) }

// finish builds the index and freezes what was collected.
func (c *compiler) finish() {
	p := c.p
	for _, at := range c.wanting {
		c.post(at)
	}
	p.lookups, p.atoms = c.atoms.lookups, c.atoms.atoms
	p.start = make([]uint32, len(p.atoms)+1)
	for _, raw := range c.postings {
		p.start[raw.atom+1]++
	}
	for i := 1; i < len(p.start); i++ {
		p.start[i] += p.start[i-1]
	}
	p.postings = make([]posting, len(c.postings))
	next := append([]uint32(nil), p.start...)
	for _, raw := range c.postings {
		p.postings[next[raw.atom]] = raw.posting
		next[raw.atom]++
	}
	for i, l := range p.lookups {
		if l.kind == fromClaim {
			p.claimNamed[l.claim] = int32(i)
			p.claimLookups = append(p.claimLookups, int32(i))
			continue
		}
		p.fieldLookups = append(p.fieldLookups, int32(i))
	}
	p.trim()
}

// post puts one rule under the atoms of its most selective clause.
func (c *compiler) post(at int32) {
	p, r := c.p, &c.p.rules[at]
	best, fewest := -1, int32(0)
	for i := range int(r.count) {
		cl := p.clauses[int(r.first)+i]
		uses := int32(0)
		for _, atom := range p.atomRefs[cl.first : cl.first+cl.count] {
			uses += c.atoms.uses[atom]
		}
		if cl.count > 0 && (best < 0 || uses < fewest) {
			best, fewest = i, uses
		}
	}
	if best < 0 {
		p.always = append(p.always, posting{at, r.set})
		return
	}
	r.indexed = int16(best)
	cl := p.clauses[int(r.first)+best]
	for _, atom := range p.atomRefs[cl.first : cl.first+cl.count] {
		c.postings = append(c.postings, rawPosting{atom, posting{at, r.set}})
	}
}
