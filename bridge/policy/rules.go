package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// rule is a rule as it is evaluated: all of its clauses must hold. Rules are many, so they are small.
type rule struct {
	name     string
	first    int32 // its clauses are Policy.clauses[first:first+count]
	count    uint16
	indexed  int16 // the clause whose atoms index the rule, or -1
	set      int32 // the roles that it gives or takes away; noSet for a group pattern and for asserted roles
	deny     bool
	asserted bool
	anyone   bool
}

// maxClauses bounds one rule.
const maxClauses = 1000

// clause is one condition of a rule: one of its atoms must hold, or CEL must say true.
type clause struct {
	first     int32 // its atoms are Policy.atomRefs[first:first+count]
	count     int32 // 0: condition decides
	condition int32
	when      bool // it is a part of `when`
}

func (c *compiler) readRules(rules []Rule) {
	c.p.rules = make([]rule, 0, len(rules))
	named := make(map[string]int, len(rules))
	for i, r := range rules {
		w := &ruleReader{compiler: c, path: fmt.Sprintf("rules[%d]", i), at: int32(i), r: r}
		if fault := checkRuleName(r.Name); fault != "" {
			w.problem(w.path+".name", "%s", fault)
		} else if first, twice := named[r.Name]; twice {
			w.problem(w.path+".name", "%q is the name of rules[%d] already", r.Name, first)
		} else {
			named[r.Name] = i
		}
		w.read()
	}
}

func checkRuleName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "missing: explanations and the audit log call a rule by its name"
	case len(name) > 200:
		return "is longer than 200 bytes"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Sprintf("%q holds characters that can't be printed", name)
	}
	return ""
}

// ruleReader compiles one rule.
type ruleReader struct {
	*compiler
	path string
	at   int32
	r    Rule
	rule rule
}

func (w *ruleReader) read() {
	w.rule = rule{
		name: w.r.Name, first: int32(len(w.p.clauses)), indexed: -1, set: noSet,
		deny: len(w.r.Deny) > 0, asserted: w.r.AssertedRoles, anyone: w.r.Anyone,
	}
	w.readProvider()
	w.readList("groups", w.r.Groups, source{kind: fromGroups})
	w.readClaims()
	w.readEmails()
	w.readWhen()
	count := len(w.p.clauses) - int(w.rule.first)
	if count > maxClauses {
		w.problem(w.path, "has %d clauses: %d at most", count, maxClauses)
	}
	w.rule.count = uint16(count)
	w.checkAnyone()
	w.readTargets()
	w.p.rules = append(w.p.rules, w.rule)
}

// addAtoms adds a clause that holds when one of the atoms does.
func (w *ruleReader) addAtoms(ids []int32, when bool) {
	w.p.clauses = append(w.p.clauses, clause{first: int32(len(w.p.atomRefs)), count: int32(len(ids)), when: when})
	w.p.atomRefs = append(w.p.atomRefs, ids...)
	for _, id := range ids {
		w.atoms.uses[id]++
	}
}

func (w *ruleReader) readProvider() {
	name := w.r.Provider
	if w.r.AssertedRoles {
		name = w.assertingProvider()
	}
	if name == "" {
		return
	}
	w.checkProvider(w.path+".provider", name)
	w.addAtoms([]int32{w.atoms.intern(source{kind: fromProvider}, name)}, false)
}

func (w *ruleReader) checkProvider(path, name string) {
	if _, ok := w.provider(name); !ok && !w.unread.Providers {
		w.problem(path, "no provider is called %q%s", name, didYouMean(name, w.providerNames()))
	}
}

// assertingProvider: the AWS Role attribute is SAML's. Whatever another provider sends under that name selects nothing.
func (w *ruleReader) assertingProvider() string {
	if w.r.Provider != "" {
		if p, ok := w.provider(w.r.Provider); ok && p.Kind != kindSAML {
			w.problem(w.path+".provider", "%q is of kind %s; asserted_roles reads the answer of a SAML provider", p.Name, p.Kind)
		}
		return w.r.Provider
	}
	name, count := w.onlyProvider(kindSAML)
	switch {
	case w.unread.Providers && count != 1:
	case count == 0:
		w.problem(w.path+".asserted_roles", "reads the answer of a SAML provider, and none is configured")
	case count > 1:
		w.problem(w.path+".provider", "missing: several SAML providers are configured; name the one that asserts roles")
	default:
		return name
	}
	return ""
}

// readList: a value that is empty would match what is empty by mistake (threat A5).
func (w *ruleReader) readList(key string, values []string, from source) {
	if values == nil {
		return
	}
	path := w.path + "." + key
	if len(values) == 0 {
		w.problem(path, "is empty: it would match nobody. Write values, or leave the key out")
	}
	for i, v := range values {
		if strings.TrimSpace(v) == "" {
			w.problem(fmt.Sprintf("%s[%d]", path, i), "is empty")
		}
	}
	w.addAtoms(w.atoms.internAll(from, values), false)
}

func (w *ruleReader) readClaims() {
	if w.r.Claims != nil && len(w.r.Claims) == 0 {
		w.problem(w.path+".claims", "is empty: name claims, or leave the key out")
	}
	for _, name := range slices.Sorted(maps.Keys(w.r.Claims)) {
		key := strings.TrimPrefix(keyPath("claims", name), ".")
		if strings.TrimSpace(name) == "" {
			w.problem(w.path+"."+key, "a claim without a name")
		}
		values := w.r.Claims[name]
		if values == nil {
			values = []string{}
		}
		w.readList(key, values, source{fromClaim, name})
	}
}

func (w *ruleReader) readEmails() {
	for i, email := range w.r.Emails {
		if at := strings.IndexByte(email, '@'); at <= 0 || at == len(email)-1 || isGlob(email) {
			w.problem(fmt.Sprintf("%s.emails[%d]", w.path, i), "%q is not an e-mail address; they are exact, without wildcards", email)
		}
	}
	if w.r.Emails != nil && len(w.r.Emails) == 0 {
		w.problem(w.path+".emails", "is empty: it would match nobody. Write addresses, or leave the key out")
	}
	if len(w.r.Emails) > 0 {
		w.addAtoms(w.atoms.internAll(source{kind: fromEmail}, w.r.Emails), false)
	}
}

// readWhen puts atoms before conditions, so that what is cheap can say no first.
func (w *ruleReader) readWhen() {
	if w.r.When == "" {
		return
	}
	path := w.path + ".when"
	parsed := w.compileWhen(w.r.When)
	if parsed.faults != nil {
		w.celProblems(path, parsed.faults)
		return
	}
	for _, name := range parsed.providers {
		w.checkProvider(path, name)
	}
	w.p.whens[w.at] = w.r.When
	for _, part := range parsed.parts {
		if part.atoms != nil {
			w.addAtoms(part.atoms, true)
		}
	}
	for _, part := range parsed.parts {
		if part.atoms == nil {
			w.p.clauses = append(w.p.clauses, clause{condition: part.condition, when: true})
		}
	}
}

// checkAnyone: leaving clauses out must not widen access; who means everybody says so.
func (w *ruleReader) checkAnyone() {
	clauses := w.rule.count > 0 || w.r.When != "" || w.r.GroupPattern != "" || w.r.AssertedRoles
	switch {
	case !clauses && !w.r.Anyone:
		w.problem(w.path, "says nothing about who it is for: write groups, claims, emails, provider or when, or `anyone: true` "+
			"for everybody who can sign in")
	case clauses && w.r.Anyone:
		w.problem(w.path+".anyone", "contradicts the other clauses: leave it out, or them")
	}
}

// readTargets: a rule gives roles in one way, or takes roles away.
func (w *ruleReader) readTargets() {
	var ways []string
	for _, way := range []struct {
		key string
		set bool
	}{
		{"roles", w.r.Roles != nil}, {"group_pattern", w.r.GroupPattern != ""},
		{"asserted_roles", w.r.AssertedRoles}, {"deny", w.r.Deny != nil},
	} {
		if way.set {
			ways = append(ways, way.key)
		}
	}
	switch {
	case len(ways) == 0:
		w.problem(w.path, "names no role: write roles, group_pattern, asserted_roles or deny")
	case len(ways) > 1:
		w.problem(w.path+"."+ways[1], "can't be combined with %s: write two rules", ways[0])
	case ways[0] == "roles":
		w.readRoleList("roles", w.r.Roles, false)
	case ways[0] == "deny":
		w.readRoleList("deny", w.r.Deny, true)
	case ways[0] == "group_pattern":
		w.readGroupPattern()
	}
	if len(ways) == 1 && ways[0] != "group_pattern" {
		w.indexRule()
	}
}

func (w *ruleReader) readRoleList(key string, patterns []string, deny bool) {
	if len(patterns) == 0 {
		w.problem(w.path+"."+key, "names no role")
		return
	}
	w.rule.deny = deny
	w.rule.set = w.roleSet(w.path+"."+key, patterns, deny)
}
