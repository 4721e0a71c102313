package trust

import (
	"maps"
	"slices"
	"strings"
)

// superfluous finds actions that are allowed and never used.
func (e *exam) superfluous() {
	var wild []string
	tags, source := false, false
	d := document{root: e.document.clone()}
	d.eachAllow(func(_ int, s *node) {
		if !e.forUs(s) {
			return
		}
		wild = append(wild, wildActions(s)...)
		tags = tags || len(e.whole.tagKeys) == 0 && coversExactly(s, tagSession)
		source = source || !e.whole.source && coversExactly(s, setSourceIdentity)
	})
	if len(wild) > 0 {
		e.report(Finding{
			Code: CodeActionWide, Summary: "The trust policy allows us more actions than are needed: " + printable(wild[0]) + ".",
			Detail: "Needed are " + strings.Join(append([]string{e.need.action()}, e.whole.extraActions()...), ", ") + ".",
		}, func(d *document) { e.narrow(d) })
	}
	for _, s := range []struct {
		found  bool
		code   Code
		action string
		what   string
	}{
		{tags, CodeExtraTagSession, tagSession, "session tags"},
		{source, CodeExtraSourceIdentity, setSourceIdentity, "a source identity"},
	} {
		if s.found {
			e.report(Finding{
				Code: s.code, Summary: "The trust policy allows " + s.action + ", and fedbridge sends no " + strings.TrimPrefix(s.what, "a ") + " for this role.",
				Detail: "Whoever else can come in this way could set " + s.what + " at will.",
			}, func(d *document) { e.withhold(d, s.action) })
		}
	}
}

// forUs tells whether a statement names us.
func (e *exam) forUs(s *node) bool { return slices.ContainsFunc(principalsOf(s), e.mine) }

// narrow lists the actions that are needed instead of a pattern.
func (e *exam) narrow(d *document) {
	d.eachAllow(func(i int, s *node) {
		if !e.forUs(s) || len(wildActions(s)) == 0 {
			return
		}
		s = d.statement(d.own(i, named{e.whole.kind, e.whole.principal}, e.mine))
		actions := []string{e.need.action()}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(scoped)), func(key string) bool { return hasCondition(s, key) }) {
			actions = append(actions, e.whole.extraActions()...)
		}
		setActions(s, actions...)
	})
}

// withhold takes one exact action away from us.
func (e *exam) withhold(d *document, action string) {
	d.eachAllow(func(i int, s *node) {
		if !e.forUs(s) || !coversExactly(s, action) {
			return
		}
		i = d.own(i, named{e.whole.kind, e.whole.principal}, e.mine)
		if s = d.statement(i); len(s.get("Action").texts()) == 1 {
			d.remove(i)
			return
		}
		dropAction(s, action)
	})
}

// tagsOfAnyKey: tags are data for others' policies, so that which keys may come is limited where it can be.
func (e *exam) tagsOfAnyKey() {
	if !e.need.sendsTags() {
		return
	}
	limits := e.whole.tagConditions(false)
	s := e.fullest()
	r := e.request(tagSession, s, nil)
	if e.policy.Evaluate(r).Effect == Deny {
		return // said already
	}
	for _, strange := range []func(*Request){
		func(r *Request) { r.Context["aws:TagKeys"] = append(slices.Clone(s.tags), "FedbridgeProbe") },
		func(r *Request) { r.Context["sts:TransitiveTagKeys"] = append(slices.Clone(s.tags), "FedbridgeProbe") },
	} {
		r := e.request(tagSession, s, nil)
		strange(&r)
		r.Opaque = append(r.Opaque, "aws:RequestTag/FedbridgeProbe")
		if e.policy.Evaluate(r).Effect == Deny {
			continue
		}
		change := func(d *document) {
			p, err := d.compile()
			if err != nil {
				return
			}
			for _, i := range slices.Backward(openDoors(p, r)) {
				for _, t := range limits {
					require(d.statement(d.own(i, named{e.whole.kind, e.whole.principal}, e.mine)), t)
				}
			}
		}
		if _, fixed := e.fix(change); fixed == "" || characters([]byte(fixed)) > DefaultCharacters {
			continue // there is no room for it
		}
		e.report(Finding{
			Code: CodeTagsAny, Summary: "The trust policy doesn't limit which session tags may come, or which of them go on into further sessions.",
			Detail: "fedbridge sends the configured ones alone; a limit here holds whatever happens to it.",
		}, change)
		return
	}
}
