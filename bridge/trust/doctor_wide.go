package trust

import (
	"maps"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// probe is a call that must be refused: ours, changed in one thing.
type probe struct {
	none, wide Code   // the code where no statement tests the key, and where one lets too much through
	key        string // the condition key that must keep it out
	limit      test   // the test that does
	value      string // what the stranger comes with; "" for nothing
	what       string // in words
}

// strangers tries what must not get in.
func (e *exam) strangers() {
	base := e.plainCall()
	var last Code
	for _, p := range e.probes() {
		if p.none == last || e.keptOut(base, p) {
			continue
		}
		last = p.none // one finding for all probes of this key
		e.tooWide(base, p)
	}
}

// plainCall is our call, of nobody in particular. There are hundreds of probes, so that its keys are folded once.
func (e *exam) plainCall() Request {
	r := e.request(e.need.action(), e.need.shots()[0], nil)
	folded := make(map[string][]string, len(r.Context))
	for key, values := range r.Context {
		folded[lower(key)] = values
	}
	r.Context, r.Opaque, r.Absent = folded, foldAll(r.Opaque), foldAll(r.Absent)
	return r
}

// ask changes our call into the stranger's.
func (p probe) ask(base Request) Request {
	r := base
	r.Context = maps.Clone(base.Context)
	delete(r.Context, lower(p.key))
	if p.value != "" {
		r.Context[lower(p.key)] = []string{p.value}
	}
	return r
}

func (e *exam) keptOut(base Request, p probe) bool {
	return e.policy.Evaluate(p.ask(base)).Effect == Deny
}

func (e *exam) tooWide(base Request, p probe) {
	doors := openDoors(e.policy, p.ask(base))
	f := Finding{Code: p.wide, Summary: "The trust policy also lets in " + p.what + "."}
	d := document{root: e.document.clone()}
	if slices.ContainsFunc(doors, func(i int) bool { return !hasCondition(d.statement(i), p.key) }) {
		f.Code = p.none
		f.Summary = "The trust policy doesn't test " + p.limit.key + ": it also lets in " + p.what + "."
	}
	if p.value != "" && p.key != "sts:ExternalId" {
		f.Detail = "Tried with " + p.key + " = " + printable(p.value) + "."
	}
	e.report(f, func(d *document) { e.shut(d, base, p.none) })
}

// openDoors are the statements that alone would allow the request, or may.
func openDoors(p *Policy, r Request) []int {
	var out []int
	for i, s := range p.statements {
		one := &Policy{statements: []statement{s}}
		if s.effect == Allow && one.Evaluate(r).Effect != Deny {
			out = append(out, i)
		}
	}
	return out
}

// shut tightens every statement that lets in what a probe of this kind stands for, until none does.
func (e *exam) shut(d *document, base Request, code Code) {
	for range 32 {
		p, err := d.compile()
		if err != nil {
			return
		}
		done := true
		for _, probe := range e.probes() {
			r := probe.ask(base)
			if probe.none != code || p.Evaluate(r).Effect == Deny {
				continue
			}
			doors := openDoors(p, r)
			for _, i := range slices.Backward(doors) { // what is put behind a statement doesn't move those before it
				e.tighten(d, i, probe.limit)
			}
			if done = len(doors) == 0; !done {
				break
			}
		}
		if done {
			return
		}
	}
}

// tighten makes one statement hold to a limit. A key that only the assume action has would shut out the others, so
// that those get statements of their own.
func (e *exam) tighten(d *document, i int, limit test) {
	i = d.own(i, named{e.whole.kind, e.whole.principal}, e.mine)
	s := d.statement(i)
	if e.need.relays() {
		limit.values = union(valuesOf(s, limit.key), limit.values)
	}
	require(s, limit)
	if scoped[lower(limit.key)] == "" {
		return
	}
	others := !slices.Equal(s.get("Action").texts(), []string{e.need.action()})
	setActions(s, e.need.action())
	if !others {
		return
	}
	p, err := d.compile()
	for _, action := range e.whole.extraActions() {
		if err == nil && len(openDoors(p, e.request(action, e.fullest(), &people[0]))) == 0 {
			e.append(d, action)
		}
	}
}

// fullest is the call with the most that may come with it.
func (e *exam) fullest() shot { return e.need.shots()[0] }

// probes lists the strangers of each kind.
func (e *exam) probes() []probe {
	var out []probe
	add := func(none, wide Code, t test, what string, values ...string) {
		for _, v := range values {
			if !slices.Contains(t.values, v) {
				out = append(out, probe{none: none, wide: wide, key: t.key, limit: t, value: v, what: what})
			}
		}
	}
	for _, t := range append(e.whole.conditions(), e.whole.scopedConditions()...) {
		switch {
		case t.key == "SAML:aud":
			add(CodeNoRecipient, CodeRecipientWide, t, "responses that are for somebody else",
				"https://stranger.example/saml", "https://signin.aws.amazon.com.stranger.example/saml")
		case strings.HasSuffix(t.key, ":aud"):
			add(CodeNoAudience, CodeAudienceWide, t, "tokens that are for somebody else", e.otherAudiences()...)
			add(CodeNoAudience, CodeAudienceWide, t, "tokens that are for somebody else", e.written(t)...)
		case e.need.Via == bridge.ViaIssuer && strings.HasSuffix(t.key, ":sub"):
			add(CodeNoSubject, CodeSubjectWide, t, "tokens that are for other roles", e.otherSubjects()...)
			add(CodeNoSubject, CodeSubjectWide, t, "tokens that are for other roles", e.written(t)...)
		case strings.HasSuffix(t.key, ":sub"):
			add(CodeNoSubject, CodeSubjectWide, t, "other people of the same issuer", neighbours(t.values, "stranger-of-the-same-issuer")...)
		case t.key == "sts:ExternalId":
			add(CodeNoExternalID, CodeExternalIDWide, t, "calls without an external ID", "")
			if len(out) > 0 && e.keptOut(e.plainCall(), out[len(out)-1]) {
				add(CodeNoExternalID, CodeExternalIDWide, t, "calls with another external ID", neighbours(t.values, "0f8f9c2e-5b5e-4c53-9a3c-decoy0decoy0")...)
				add(CodeNoExternalID, CodeExternalIDWide, t, "calls with another external ID", e.written(t)...)
			}
		}
	}
	return out
}

// written are values that the policy itself has for a key and that aren't ours, so that what somebody added is tried, too.
// Who shares an identity provider with others may have reasons for that.
func (e *exam) written(t test) []string {
	if e.need.relays() {
		return nil
	}
	ours := condition{op: operators[strings.TrimPrefix(t.operator, "ForAllValues:")]}
	for _, v := range t.values {
		ours.values = append(ours.values, value{text: v})
		ours.read(&ours.values[len(ours.values)-1], false)
	}
	var out []string
	for _, s := range e.policy.statements {
		for _, c := range s.conditions {
			if s.effect != Allow || c.key != lower(t.key) {
				continue
			}
			for _, v := range c.values {
				for _, filling := range []string{"", "x"} {
					candidate := strings.NewReplacer("*", filling, "?", "x").Replace(v.text)
					if candidate != "" && ours.oneOf(&context{}, candidate) != yes {
						out = append(out, candidate)
					}
				}
			}
		}
	}
	return out
}

// otherAudiences are what tokens for other accounts, and for other clients of the issuer, have.
func (e *exam) otherAudiences() []string {
	var out []string
	for _, a := range e.whole.audiences {
		out = append(out, strings.ReplaceAll(a, e.need.Role.ARN.Account, "999999999999"))
	}
	return append(out, neighbours(e.whole.audiences, "stranger.example.com")...)
}

// otherSubjects are what tokens for other roles have: any whose name is not ours, however near.
func (e *exam) otherSubjects() []string {
	var out []string
	rest := "/" + people[0].subject
	for _, name := range neighbours([]string{e.need.Role.ARN.Name}, "SomeOtherRole") {
		if name != "" && len(name) <= 64 {
			out = append(out, name+rest)
		}
	}
	return out
}

// neighbours are values that differ in one character, which a pattern with ? or * in it would let through, and one that
// has nothing to do with them. Of a long list the first few stand for all.
func neighbours(values []string, far string) []string {
	out := []string{far}
	for _, v := range values[:min(len(values), 5)] {
		r := []rune(v)
		for i := 0; i <= len(r); i++ {
			before, x := string(r[:i]), other(r, i)
			out = append(out, before+x+string(r[i:]))
			if i < len(r) {
				out = append(out, before+x+string(r[i+1:]), before+string(r[i+1:]))
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" || slices.Contains(values, s) })
}

// other is a character that isn't at this place.
func other(r []rune, i int) string {
	if i < len(r) && r[i] == 'x' || i > 0 && r[i-1] == 'x' {
		return "y"
	}
	return "x"
}
