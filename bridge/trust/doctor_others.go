package trust

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// eachAllow goes through the statements that allow something.
func (d *document) eachAllow(do func(i int, s *node)) {
	for i := len(d.list().items) - 1; i >= 0; i-- { // from the end, so that a statement can be removed on the way
		if s := d.statement(i); s.get("Effect").text == string(Allow) {
			do(i, s)
		}
	}
}

// others looks at whom the policy names besides us.
func (e *exam) others() {
	e.everyone()
	e.patterns()
	e.wholeAccount()
	var list []string
	for _, p := range e.everybody() {
		if text := string(p.kind) + " " + printable(p.text); p.text != "*" && !strings.ContainsAny(p.text, "*?") && !e.known(p) && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return
	}
	e.report(Finding{
		Code: CodeOtherPrincipal, Summary: "The trust policy also names others: " + strings.Join(shorten(list), ", ") + ".",
		Detail: "They come in without fedbridge, so that its rules don't bind them. (What reads like AROA… or AIDA… was deleted.)",
	}, nil)
}

// shorten makes values printable, and leaves out what is too much to read.
func shorten(list []string) []string {
	out := make([]string, 0, shownValues+1)
	for i, v := range list {
		if i == shownValues {
			return append(out, "more")
		}
		out = append(out, printable(v))
	}
	return out
}

// known tells whether a principal is ours, or that of another way in which this role is asked for.
func (e *exam) known(p named) bool {
	if e.mine(p) {
		return true
	}
	for _, n := range e.need.Besides {
		if n.Via == bridge.ViaAssumeRole && n.Caller == "" && p.kind == AWS {
			return true // for all that is known here
		}
		other := &exam{need: n, document: e.document, whole: n.whole()}
		if other.identify(); other.principal.ID != "" && other.mine(p) {
			return true
		}
	}
	return false
}

// everyone: no condition makes up for a principal that is anybody; one that is forgotten lets the whole world in.
func (e *exam) everyone() {
	open := func(s *node) bool {
		return s.get("NotPrincipal") != nil ||
			slices.ContainsFunc(principalsOf(s), func(p named) bool { return p.text == "*" && (p.kind == "" || p.kind == AWS) })
	}
	found := false
	d := document{root: e.document.clone()}
	d.eachAllow(func(_ int, s *node) { found = found || open(s) })
	if !found {
		return
	}
	e.report(Finding{
		Code: CodeAnyone, Summary: "A statement that allows something names everybody as its principal.",
		Detail: "Whoever has an AWS account can try it; only its conditions keep them out. Name the principals.",
	}, func(d *document) {
		d.eachAllow(func(i int, s *node) {
			if open(s) {
				e.replacePrincipal(d, i, func(p named) bool { return p.text == "*" })
			}
		})
	})
}

// patterns: IAM takes no wildcard in a part of a principal, and what looks like one that it does take is a mistake.
func (e *exam) patterns() {
	pattern := func(p named) bool {
		return len(p.text) > 1 && strings.ContainsAny(p.text, "*?") || p.kind != AWS && p.kind != "" && p.text == "*"
	}
	var found []string
	for _, p := range e.everybody() {
		if pattern(p) && !slices.Contains(found, p.text) {
			found = append(found, p.text)
		}
	}
	if len(found) == 0 {
		return
	}
	e.report(Finding{
		Code: CodePrincipalPattern, Summary: "The trust policy names a principal with a wildcard: " + printable(found[0]) + ".",
		Detail: "IAM takes no wildcard in a part of a principal. Name the principals, or test aws:PrincipalArn besides them.",
	}, func(d *document) {
		d.eachAllow(func(i int, s *node) {
			if slices.ContainsFunc(principalsOf(s), pattern) {
				e.replacePrincipal(d, i, pattern)
			}
		})
	})
}

// replacePrincipal takes principals out of a statement. Where nobody is left and the statement was for our call, it is
// ours from then on; where it wasn't, it goes.
func (e *exam) replacePrincipal(d *document, i int, gone func(named) bool) {
	s := d.statement(i)
	left := slices.DeleteFunc(principalsOf(s), gone)
	switch {
	case len(left) > 0:
		setPrincipals(s, left...)
	case e.whole.principal != "" && e.aboutUs(s):
		setPrincipals(s, named{e.whole.kind, e.whole.principal})
	default:
		d.remove(i)
		if len(d.list().items) == 0 && e.whole.principal != "" {
			d.add(e.whole.statements(apart, e.whole.sid())...)
		}
	}
}

// aboutUs tells whether a statement is about one of the actions that we need.
func (e *exam) aboutUs(s *node) bool {
	for _, action := range append([]string{e.need.action()}, e.whole.extraActions()...) {
		if coversExactly(s, action) || len(wildActions(s)) > 0 {
			return true
		}
	}
	return false
}

func coversExactly(s *node, action string) bool {
	return slices.ContainsFunc(s.get("Action").texts(), func(a string) bool { return strings.EqualFold(a, action) })
}

// wildActions are the actions of a statement that are patterns; NotAction counts as one.
func wildActions(s *node) []string {
	if n := s.get("NotAction"); n != nil {
		return []string{"NotAction"}
	}
	return slices.DeleteFunc(s.get("Action").texts(), func(a string) bool { return !strings.ContainsAny(a, "*?") })
}

// wholeAccount: an account as principal is everybody in it whom the account's own policies let.
func (e *exam) wholeAccount() {
	if e.need.Via != bridge.ViaAssumeRole || e.need.Caller == "" {
		return
	}
	account := func(p named) bool { return p.kind == AWS && newPrincipal(AWS, p.text).account != "" && e.mine(p) }
	if !slices.ContainsFunc(e.everybody(), account) {
		return
	}
	e.report(Finding{
		Code: CodeWholeAccount, Summary: "The trust policy names the whole account that fedbridge runs in.",
		Detail: "Everybody there whose own policies allow it can assume the role. Name fedbridge's own role or user.",
	}, func(d *document) {
		d.eachAllow(func(_ int, s *node) {
			list := principalsOf(s)
			for i := range list {
				if account(list[i]) {
					list[i] = named{AWS, e.whole.principal}
				}
			}
			setPrincipals(s, dedupe(list)...)
		})
	})
}

func dedupe(list []named) []named {
	var out []named
	for _, p := range list {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
