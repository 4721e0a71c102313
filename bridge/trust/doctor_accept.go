package trust

import (
	"fmt"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// accepted looks at every call that fedbridge may make. Of each code the first is reported.
func (e *exam) accepted() {
	reported := map[Code]bool{}
	for _, s := range e.need.shots() {
		for _, action := range e.actions(s) {
			a := e.judge(e.policy, action, s)
			if a.Effect == Allow {
				continue
			}
			f, change := e.refusal(a, action, s)
			if !reported[f.Code] {
				reported[f.Code] = true
				e.report(f, change)
			}
			if action == e.need.action() && a.Effect == Deny {
				break // the other actions of this call aren't asked for
			}
		}
	}
}

// refusal says why a call isn't allowed, and what would mend it.
func (e *exam) refusal(a answer, action string, s shot) (Finding, func(*document)) {
	f := Finding{Detail: e.sentence(a, s)}
	switch {
	case a.depends:
		f.Code, f.Summary = CodeDepends, "Whether STS accepts a person depends on who it is."
		if len(a.Wanted) > 0 {
			f.Detail = "The trust policy wants " + a.Condition.Key + " to be " + strings.Join(shorten(a.Wanted), " or ") + " (" + a.Condition.Operator + ")."
		}
		return f, nil
	case a.Effect == Unknown:
		f.Code, f.Summary = CodeUnknown, "Whether STS accepts us can't be told from here."
		return f, nil
	case a.Explicit:
		f.Code, f.Summary = CodeRefusedDeny, "A statement of the trust policy denies what fedbridge does ("+action+")."
		f.Detail += " Somebody wrote it on purpose: ask before you take it away."
		return f, func(d *document) { e.letThrough(d, f.Code) }
	case action == tagSession:
		return e.tagRefusal(f, a)
	case action == setSourceIdentity:
		f.Code, f.Summary = CodeNoSourceIdentity, "fedbridge sends a source identity, and the trust policy doesn't allow sts:SetSourceIdentity."
		f.Detail += " STS refuses the whole call then."
		return f, func(d *document) { e.letThrough(d, f.Code) }
	}
	f.Code, f.Summary = e.refusedBy(a.Decision)
	if newCaller(e.principal).stranger(e.request(action, s, nil)) != "" {
		return f, nil // no policy lets this caller in
	}
	if f.Code == CodeRefusedSubject && e.whole.role != "" {
		f.Detail = "Our subjects begin with " + e.whole.role + "/; the policy wants " + strings.Join(shorten(a.Wanted), " or ") + "."
	}
	if f.Code == CodeRefusedCondition {
		f.Detail += " Before you take it away, ask what it is for."
	}
	return f, func(d *document) { e.letThrough(d, f.Code) }
}

func (e *exam) sentence(a answer, s shot) string {
	text := strings.ToUpper(a.Reason[:1]) + a.Reason[1:] + "."
	switch {
	case len(e.need.audiences()) > 1 && s.audience != "" && e.need.oidc():
		text = "With the audience " + printable(s.audience) + ": " + text
	case len(e.need.Recipient) > 1 && s.recipient != "":
		text = "With the recipient " + printable(s.recipient) + ": " + text
	}
	return text
}

func (e *exam) tagRefusal(f Finding, a answer) (Finding, func(*document)) {
	if aboutTags(lower(a.Condition.Key)) {
		f.Code, f.Summary = CodeTagKeys, "The trust policy doesn't let through the session tags that fedbridge sends."
	} else {
		f.Code, f.Summary = CodeNoTagSession, "fedbridge sends session tags, and the trust policy doesn't allow sts:TagSession."
	}
	f.Detail += " STS refuses the whole call then."
	return f, func(d *document) { e.letThrough(d, f.Code) }
}

func aboutTags(key string) bool {
	return key == "aws:tagkeys" || key == "sts:transitivetagkeys" || strings.HasPrefix(key, "aws:requesttag/")
}

// refusedBy names what a refusal came from.
func (e *exam) refusedBy(d Decision) (Code, string) {
	if d.Statement < 0 {
		return CodeRefusedPrincipal, "The trust policy doesn't name " + e.whoWeAre() + "."
	}
	switch key := lower(d.Condition.Key); {
	case aboutTags(key):
		return CodeTagKeys, "The trust policy doesn't let through the session tags that fedbridge sends."
	case key == "":
		return CodeRefusedAction, "The trust policy names us, and doesn't allow " + e.need.action() + "."
	case key == "saml:aud":
		return CodeRefusedRecipient, "The trust policy wants another recipient (SAML:aud) than our responses are for."
	case key == "sts:externalid":
		return CodeRefusedExternalID, "The trust policy wants another external ID."
	case e.need.oidc() && key == lower(e.whole.prefix+"aud"):
		return CodeRefusedAudience, "The trust policy wants another audience than our tokens have."
	case e.need.oidc() && key == lower(e.whole.prefix+"sub"):
		return CodeRefusedSubject, "The trust policy wants another subject than our tokens have."
	}
	return CodeRefusedCondition, fmt.Sprintf("A condition on %s keeps us out.", d.Condition.Key)
}

func (e *exam) whoWeAre() string {
	if e.need.Via == bridge.ViaAssumeRole {
		return "the principal that fedbridge runs as"
	}
	return "the identity provider that vouches for us"
}

// letThrough changes the document, step by step, until every call is allowed or nothing more can be done. A Deny, or a
// condition that is none of ours, somebody wrote on purpose: it goes only where that is what the finding is about.
func (e *exam) letThrough(d *document, about Code) {
	for range 32 {
		p, err := d.compile()
		if err != nil {
			return
		}
		a, refused := e.firstRefusal(p, about)
		if !refused || !e.step(d, a) {
			return
		}
	}
}

func (e *exam) firstRefusal(p *Policy, about Code) (a answer, refused bool) {
	for _, s := range e.need.shots() {
		for _, action := range e.actions(s) {
			if a := e.judge(p, action, s); a.Effect == Deny && (!e.onPurpose(a) || e.codeOf(a) == about) {
				return a, true
			}
		}
	}
	return answer{}, false
}

// onPurpose tells whether what keeps us out is none of the things that fedbridge asks for.
func (e *exam) onPurpose(a answer) bool {
	if a.Explicit {
		return true
	}
	if a.Statement < 0 || a.Condition.Key == "" {
		return false
	}
	_, ours := e.wanted(&node{}, lower(a.Condition.Key))
	return !ours
}

// codeOf is the code of a refusal.
func (e *exam) codeOf(a answer) Code {
	f, _ := e.refusal(a, a.Action, shot{})
	return f.Code
}

// step takes away one reason for a refusal. It tells whether it did anything.
func (e *exam) step(d *document, a answer) bool {
	switch {
	case a.Explicit:
		d.remove(a.Statement)
		return len(d.list().items) > 0
	case a.Statement < 0 || a.Condition.Key == "":
		return e.append(d, a.Action)
	}
	i := d.own(a.Statement, named{e.whole.kind, e.whole.principal}, e.mine)
	statement := d.statement(i)
	t, ok := e.wanted(statement, lower(a.Condition.Key))
	if !ok {
		forgo(statement, a.Condition)
		return true
	}
	if a.Action != e.need.action() && (t.key == "sts:ExternalId" || e.need.relays()) {
		return e.append(d, a.Action)
	}
	require(statement, t)
	return true
}

// append adds the statement that the generator has for an action.
func (e *exam) append(d *document, action string) bool {
	w := e.whole
	if w.principal == "" {
		return false
	}
	_, s := fitting([]ask{w})
	switch action {
	case tagSession:
		tests := w.conditions()
		if s != loose {
			tests = append(tests, w.tagConditions(true)...)
		}
		d.add(w.statement(w.sid()+"Tags", []string{tagSession}, tests))
	case setSourceIdentity:
		d.add(w.statement(w.sid()+"SourceIdentity", []string{setSourceIdentity}, w.conditions()))
	default:
		d.add(w.statements(s, w.sid())[0])
	}
	return true
}

// wanted is the test that lets our calls through, for a key that we know the value of. What is relayed shares its
// provider with others, so there our values are added to theirs.
func (e *exam) wanted(statement *node, key string) (test, bool) {
	for _, t := range append(e.whole.conditions(), e.whole.scopedConditions()...) {
		if lower(t.key) != key {
			continue
		}
		if e.need.relays() {
			t.values = union(valuesOf(statement, t.key), t.values)
		}
		return t, true
	}
	if len(e.whole.tagKeys) > 0 {
		for _, t := range e.whole.tagConditions(false) {
			if lower(t.key) == key {
				return t, true
			}
		}
	}
	return test{}, false
}

// mine tells whether a value of a Principal element means us.
func (e *exam) mine(p named) bool {
	if p.kind == "" {
		return false
	}
	v := newPrincipal(p.kind, p.text)
	holds, _ := v.names(newCaller(e.principal), Allow)
	return holds != no && !v.anyone
}
