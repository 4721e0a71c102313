package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// The reference: every rule, one after the other, as DESIGN §4 says it, without index and without CEL. Its conditions
// are trees that it can evaluate itself and write as CEL.

// tri is CEL's logic of three values.
type tri int

const (
	triNo tri = iota
	triFails
	triYes
)

func triOf(b bool) tri {
	if b {
		return triYes
	}
	return triNo
}

// tree is a condition.
type tree struct {
	op   string
	a, b *tree
	name string
	text string
}

func (t *tree) cel() string {
	switch t.op {
	case "and":
		return "(" + t.a.cel() + ") && (" + t.b.cel() + ")"
	case "or":
		return "(" + t.a.cel() + ") || (" + t.b.cel() + ")"
	case "not":
		return "!(" + t.a.cel() + ")"
	case "group":
		return fmt.Sprintf("%q in identity.groups", t.text)
	case "claim":
		return fmt.Sprintf("%q in claims.%s", t.text, t.name)
	case "first":
		return fmt.Sprintf("claims[%q][0] == %q", t.name, t.text)
	case "has":
		return fmt.Sprintf("has(claims.%s)", t.name)
	case "exists":
		return fmt.Sprintf("claims.%s.exists(x, x != %q)", t.name, t.text)
	case "provider":
		return fmt.Sprintf("%q == identity.provider", t.text)
	case "emails":
		return fmt.Sprintf("identity.email in [%q, %q]", t.text, t.name)
	}
	return fmt.Sprintf("identity.email.endsWith(%q)", t.text)
}

func (t *tree) eval(id bridge.Identity) tri {
	switch t.op {
	case "and":
		return min(t.a.eval(id), t.b.eval(id))
	case "or":
		return max(t.a.eval(id), t.b.eval(id))
	case "not":
		return triYes - t.a.eval(id)
	case "group":
		return triOf(slices.Contains(id.Groups, t.text))
	case "claim":
		return triOf(slices.Contains(id.Claims[t.name], t.text))
	case "first":
		if len(id.Claims[t.name]) == 0 {
			return triFails
		}
		return triOf(id.Claims[t.name][0] == t.text)
	case "has":
		return triOf(len(id.Claims[t.name]) > 0)
	case "exists":
		return triOf(slices.ContainsFunc(id.Claims[t.name], func(v string) bool { return v != t.text }))
	case "provider":
		return triOf(id.Provider == t.text)
	case "emails":
		return triOf(id.Email == t.text || id.Email == t.name)
	}
	return triOf(strings.HasSuffix(id.Email, t.text))
}

// written is a rule and, where it has a `when`, its tree.
type written struct {
	policy.Rule
	tree *tree
}

// patternRoles says in words what each pattern of the random rules means in shop.
var patternRoles = map[string][]string{
	"shop-prod/admin": {"shop-prod/admin"},
	"readonly":        {"shop-dev/readonly", "shop-prod/readonly"},
	"shop-*/readonly": {"shop-dev/readonly", "shop-prod/readonly"},
	"shop-prod/*":     {"shop-prod/admin", "shop-prod/readonly"},
	"*/deploy":        {"shop-dev/deploy"},
	"*":               {"shop-dev/deploy", "shop-dev/readonly", "shop-prod/admin", "shop-prod/readonly"},
}

var roleARNs = map[string]string{
	"shop-dev/deploy":    "arn:aws:iam::444455556666:role/Deploy",
	"shop-dev/readonly":  "arn:aws:iam::444455556666:role/ReadOnly",
	"shop-prod/admin":    "arn:aws:iam::111122223333:role/team/Admin",
	"shop-prod/readonly": "arn:aws:iam::111122223333:role/ReadOnly",
}

// reference gives the roles of an identity, and the rules that gave each, sorted.
func reference(rules []written, id bridge.Identity) map[string][]string {
	given, taken := map[string][]string{}, map[string]bool{}
	for _, r := range rules {
		verdict := r.verdict(id)
		for role := range roleARNs {
			switch {
			case len(r.Deny) > 0 && verdict != triNo && names(r.Deny, role):
				taken[role] = true
			case len(r.Deny) == 0 && verdict == triYes && r.gives(id, role):
				given[role] = append(given[role], r.Name)
			}
		}
	}
	for role := range given {
		slices.Sort(given[role])
		if taken[role] {
			delete(given, role)
		}
	}
	return given
}

func names(patterns []string, role string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return slices.Contains(patternRoles[p], role) })
}

func (r written) gives(id bridge.Identity, role string) bool {
	account, name, _ := strings.Cut(role, "/")
	switch {
	case r.GroupPattern != "":
		return slices.Contains(id.Groups, "aws-"+account+"-"+name)
	case r.AssertedRoles:
		return slices.ContainsFunc(id.Claims[bridge.AttributeRole], func(v string) bool {
			arn, _, pair := strings.Cut(v, ",")
			return pair && arn == roleARNs[role]
		})
	}
	return names(r.Roles, role)
}

func (r written) verdict(id bridge.Identity) tri {
	all := triYes
	and := func(held bool) { all = min(all, triOf(held)) }
	if r.Provider != "" {
		and(id.Provider == r.Provider)
	}
	if r.AssertedRoles {
		and(id.Provider == "corp")
	}
	if r.Groups != nil {
		and(slices.ContainsFunc(r.Groups, func(g string) bool { return slices.Contains(id.Groups, g) }))
	}
	if r.Emails != nil {
		and(slices.Contains(r.Emails, id.Email))
	}
	for name, values := range r.Claims {
		and(slices.ContainsFunc(values, func(v string) bool { return slices.Contains(id.Claims[name], v) }))
	}
	if r.tree != nil {
		all = min(all, r.tree.eval(id))
	}
	return all
}

// dice makes random rules and people out of few words, so that they meet often.
type dice struct{ *rand.Rand }

func (d dice) word(prefix string, n int) string { return fmt.Sprint(prefix, d.IntN(n)) }
func (d dice) oneIn(n int) bool                 { return d.IntN(n) == 0 }

func (d dice) some(prefix string, n int) []string {
	out := make([]string, 1+d.IntN(2))
	for i := range out {
		out[i] = d.word(prefix, n)
	}
	return out
}

func (d dice) provider() string { return []string{"corp", "staff"}[d.IntN(2)] }
func (d dice) email() string    { return d.word("p", 3) + []string{"@a.org", "@b.org"}[d.IntN(2)] }

func (d dice) tree(depth int) *tree {
	if depth > 0 && !d.oneIn(3) {
		op := []string{"and", "and", "or", "not"}[d.IntN(4)]
		t := &tree{op: op, a: d.tree(depth - 1)}
		if op != "not" {
			t.b = d.tree(depth - 1)
		}
		return t
	}
	switch d.IntN(8) {
	case 0, 1:
		return &tree{op: "group", text: d.word("g", 5)}
	case 2:
		return &tree{op: "claim", name: d.word("c", 3), text: d.word("v", 3)}
	case 3:
		return &tree{op: "first", name: d.word("c", 3), text: d.word("v", 3)}
	case 4:
		return &tree{op: "has", name: d.word("c", 3)}
	case 5:
		return &tree{op: "exists", name: d.word("c", 3), text: d.word("v", 3)}
	case 6:
		return &tree{op: "provider", text: d.provider()}
	}
	if d.oneIn(2) {
		return &tree{op: "emails", text: d.email(), name: d.email()}
	}
	return &tree{op: "suffix", text: "@a.org"}
}

func (d dice) rule(name string, deny bool) written {
	w := written{Rule: policy.Rule{Name: name}}
	if d.oneIn(4) {
		w.Provider = d.provider()
	}
	if d.oneIn(2) {
		w.Groups = d.some("g", 5)
	}
	if d.oneIn(5) {
		w.Claims = map[string][]string{d.word("c", 3): d.some("v", 3)}
	}
	if d.oneIn(6) {
		w.Emails = []string{d.email(), d.email()}
	}
	if d.oneIn(4) {
		w.tree = d.tree(2)
		w.When = w.tree.cel()
	}
	patterns := []string{"shop-prod/admin", "readonly", "shop-*/readonly", "shop-prod/*", "*/deploy"}
	switch {
	case deny:
		w.Deny = []string{append(patterns, "*")[d.IntN(6)]}
	case d.oneIn(8):
		w.GroupPattern = "aws-{account}-{role}"
	case d.oneIn(8):
		w.AssertedRoles, w.Provider = true, "corp"
	default:
		w.Roles = []string{patterns[d.IntN(5)], patterns[d.IntN(5)]}
	}
	clauses := w.Provider != "" || w.Groups != nil || w.Claims != nil || w.Emails != nil || w.When != ""
	w.Anyone = !clauses && w.GroupPattern == "" && !w.AssertedRoles
	return w
}

func (d dice) identity() bridge.Identity {
	id := bridge.Identity{Provider: d.provider(), Claims: bridge.Claims{}}
	for range d.IntN(4) {
		id.Groups = append(id.Groups, d.word("g", 5))
	}
	for role := range roleARNs {
		if d.oneIn(6) {
			id.Groups = append(id.Groups, "aws-"+strings.Replace(role, "/", "-", 1))
		}
		if d.oneIn(6) {
			account := strings.Split(roleARNs[role], ":")[4]
			id.Claims[bridge.AttributeRole] = append(id.Claims[bridge.AttributeRole], roleARNs[role]+",arn:aws:iam::"+account+":saml-provider/Corp")
		}
	}
	for range d.IntN(3) {
		name := d.word("c", 3)
		id.Claims[name] = append(id.Claims[name], d.word("v", 3))
	}
	if !d.oneIn(3) {
		id.Email = d.email()
	}
	return id
}
