package trust

import (
	"fmt"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// shape is how a policy is written: the first that fits the quota is taken.
type shape uint8

const (
	apart    shape = iota // one statement an action, named
	together              // one statement for all actions where their condition keys allow it
	loose                 // the same, without limits on tag keys
)

// policyOf writes a trust policy for these asks.
func policyOf(as []ask, s shape) node {
	list := node{kind: array}
	used := map[string]int{}
	for _, a := range as {
		sid := a.sid()
		if used[sid]++; used[sid] > 1 { // a Sid is unique
			sid += fmt.Sprint(used[sid])
		}
		list.items = append(list.items, a.statements(s, sid)...)
	}
	return node{kind: object, fields: []field{{"Version", word("2012-10-17")}, {"Statement", list}}}
}

// fitting writes the policy in the first shape that the default quota takes, or in the shortest.
func fitting(as []ask) (node, shape) {
	for s := apart; ; s++ {
		n := policyOf(as, s)
		if s == loose || characters([]byte(n.pretty())) <= DefaultCharacters {
			return n, s
		}
	}
}

// statements that let this ask through.
func (a ask) statements(s shape, sid string) []node {
	base := a.conditions()
	own := a.scopedConditions()
	main := slices.Concat(base, own)
	if s != apart {
		return a.joined(s, base, own)
	}
	out := []node{a.statement(sid, []string{a.action}, main)}
	if len(a.tagKeys) > 0 {
		out = append(out, a.statement(sid+"Tags", []string{tagSession}, slices.Concat(base, a.tagConditions(true))))
	}
	if a.source {
		out = append(out, a.statement(sid+"SourceIdentity", []string{setSourceIdentity}, base))
	}
	return out
}

// sid begins the names of the statements.
func (a ask) sid() string {
	switch a.via {
	case bridge.ViaAssumeRole:
		return "FedbridgeCaller"
	case bridge.ViaSAML:
		return "RelayedSAML"
	case bridge.ViaWebIdentity:
		return "RelayedIDToken"
	}
	if len(a.recipients) > 0 {
		return "FedbridgeSAML"
	}
	return "Fedbridge"
}

// joined writes as few statements as possible. What exists in one action's authorisation alone keeps that action apart.
func (a ask) joined(s shape, base, own []test) []node {
	var limits []test
	if len(a.tagKeys) > 0 && s != loose {
		limits = a.tagConditions(false)
	}
	extra := a.extraActions()
	switch {
	case len(extra) == 0 || len(own) > 0:
		out := []node{a.statement("", []string{a.action}, slices.Concat(base, own))}
		if len(extra) > 0 {
			out = append(out, a.statement("", extra, slices.Concat(base, limits)))
		}
		return out
	}
	return []node{a.statement("", append([]string{a.action}, extra...), slices.Concat(base, limits))}
}

// extraActions are those that what comes with the call needs (aws-facts 1.17, 1.18).
func (a ask) extraActions() []string {
	var out []string
	if len(a.tagKeys) > 0 {
		out = append(out, tagSession)
	}
	if a.source {
		out = append(out, setSourceIdentity)
	}
	return out
}

func (a ask) statement(sid string, actions []string, tests []test) node {
	n := node{kind: object}
	if sid != "" {
		n.set("Sid", word(sid))
	}
	n.set("Effect", word("Allow"))
	n.set("Principal", object1(string(a.kind), word(a.principal)))
	n.set("Action", words(actions...))
	if len(tests) > 0 {
		n.set("Condition", conditionOf(tests))
	}
	return n
}

// test is one condition: an operator, a key and its values.
type test struct {
	operator, key string
	values        []string
}

// conditionOf groups tests by operator, in the order of first appearance.
func conditionOf(tests []test) node {
	n := node{kind: object}
	for _, t := range tests {
		if n.get(t.operator) == nil {
			n.set(t.operator, node{kind: object})
		}
		n.get(t.operator).set(t.key, words(t.values...))
	}
	return n
}

// conditions are those that hold for all actions of the ask (threat A21): exact audience, and a sub that begins with the
// name of this role, which no wildcard stands before.
func (a ask) conditions() []test {
	var out []test
	if len(a.audiences) > 0 {
		out = append(out, test{"StringEquals", a.prefix + "aud", a.audiences})
	}
	if len(a.recipients) > 0 {
		out = append(out, test{"StringEquals", "SAML:aud", a.recipients})
	}
	switch {
	case a.role != "":
		out = append(out, test{"StringLike", a.prefix + "sub", []string{a.role + "/*"}})
	case len(a.subjects) > 0:
		out = append(out, test{"StringEquals", a.prefix + "sub", a.subjects})
	}
	return out
}

// scopedConditions test keys that exist in the authorisation of the assume action alone (aws-facts 3.5, 4.3).
func (a ask) scopedConditions() []test {
	var out []test
	if len(a.externalIDs) > 0 {
		out = append(out, test{"StringEquals", "sts:ExternalId", a.externalIDs})
	}
	if a.required {
		out = append(out, test{"Bool", "sts:RoleAuthorizedByIdp", []string{"true"}})
	}
	return out
}

// tagConditions limit which tags may come, and which of them may be transitive. ForAllValues holds for no tags at all,
// so a statement for TagSession alone demands that there are some.
func (a ask) tagConditions(alone bool) []test {
	out := []test{{"ForAllValues:StringEquals", "aws:TagKeys", a.tagKeys}}
	if len(a.transitive) > 0 {
		out = append(out, test{"ForAllValues:StringEquals", "sts:TransitiveTagKeys", a.transitive})
	}
	if alone {
		out = append(out, test{"Null", "aws:TagKeys", []string{"false"}})
	}
	if len(a.transitive) == 0 {
		out = append(out, test{"Null", "sts:TransitiveTagKeys", []string{"true"}})
	}
	return out
}

// reason says why a policy has the shape it has, and what to do where it doesn't fit; "" where there is nothing to say.
func (s shape) reason(n int) string {
	switch {
	case n > MaxCharacters:
		return fmt.Sprintf("This trust policy has %d characters; IAM takes %d at most, even where the quota was raised.", n, MaxCharacters)
	case n > DefaultCharacters:
		return fmt.Sprintf("This trust policy has %d characters: the account's IAM quota \"Role trust policy length\" must be raised from %d first (%d at most).", n, DefaultCharacters, MaxCharacters)
	case s == together:
		return fmt.Sprintf("One statement for all actions: apart they would have more than %d characters.", DefaultCharacters)
	case s == loose:
		return fmt.Sprintf("The keys of session tags aren't limited here: with their list the policy would have more than %d characters. fedbridge sends the configured keys alone.", DefaultCharacters)
	}
	return ""
}
