package trust

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Limits of CloudFormation on one template.
const (
	maxParameters = 200
	maxResources  = 500
	maxOr         = 10 // conditions in one Fn::Or
)

// CloudFormation prints one template for one account, as YAML.
func (p *Plan) CloudFormation(account string) (string, error) {
	i := slices.IndexFunc(p.Accounts, func(a AccountPlan) bool { return a.Account.ID == account })
	if i < 0 {
		return "", fmt.Errorf("trust: nothing is asked of account %s", account)
	}
	return p.template("cloudformation", p.Accounts[i:i+1],
		"Deploy it in account "+account+":", "$ aws cloudformation deploy --stack-name fedbridge --capabilities CAPABILITY_NAMED_IAM --template-file FILE")
}

// StackSet prints one template for all accounts of an organisation: what differs from account to account is made under
// a condition on the account's id.
func (p *Plan) StackSet() (string, error) {
	if len(p.Accounts) == 0 {
		return "", fmt.Errorf("trust: nothing is asked of any account")
	}
	return p.template("cloudformation --stackset", p.Accounts,
		"Make a stack set of it, with CAPABILITY_NAMED_IAM, in ONE region (IAM is global), for: "+accountList(p.Accounts)+
			". An account that isn't listed gets what has no condition.")
}

func accountList(accounts []AccountPlan) string {
	out := make([]string, len(accounts))
	for i, a := range accounts {
		out[i] = strings.TrimSpace(a.Account.ID + " " + a.Account.Name)
	}
	return strings.Join(out, ", ")
}

// template is a CloudFormation template while it is put together.
type template struct {
	accounts   []AccountPlan
	parameters node
	conditions node
	resources  node
	notes      map[string][]string  // comments before a resource, by its logical id
	ids        map[string]string    // logical ids, by what they stand for
	made       map[string][]variant // by kind and name
	sets       map[string]string    // names of conditions, by the accounts that they hold in
}

func (p *Plan) template(format string, accounts []AccountPlan, how ...string) (string, error) {
	t := &template{
		accounts: accounts, parameters: node{kind: object}, conditions: node{kind: object}, resources: node{kind: object},
		notes: map[string][]string{}, ids: map[string]string{}, made: map[string][]variant{}, sets: map[string]string{},
	}
	t.providers()
	t.roles()
	switch {
	case len(t.resources.fields) > maxResources:
		return "", fmt.Errorf("trust: %d resources; a template has %d at most: name some of the roles", len(t.resources.fields), maxResources)
	case len(t.parameters.fields) > maxParameters:
		return "", fmt.Errorf("trust: %d roles; a template has %d parameters at most: name some of the roles", len(t.parameters.fields), maxParameters)
	case len(t.resources.fields) == 0:
		return "", fmt.Errorf("trust: none of these roles fits a template: see `fedbridge trust policy`")
	}
	var b strings.Builder
	b.WriteString(comment("# ", append(append(p.header(format), how...),
		"What a role may do is not here: give the ARNs of its policies in its parameter, or attach them elsewhere.")...))
	fmt.Fprintf(&b, "AWSTemplateFormatVersion: %q\nDescription: %q\n", "2010-09-09", "Roles that fedbridge hands out, and the identity providers that vouch for it")
	for _, section := range []field{{"Parameters", t.parameters}, {"Conditions", t.conditions}, {"Resources", t.resources}} {
		if len(section.value.fields) == 0 {
			continue
		}
		b.WriteString("\n" + section.name + ":\n")
		for _, f := range section.value.fields {
			if section.name == "Resources" {
				b.WriteString(comment("  # ", t.notes[f.name]...))
			}
			b.WriteString("  " + f.name + ":")
			yaml(&b, f.value, "\n    ")
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}

// parameter declares a parameter once and refers to it.
func (t *template) parameter(name, kind, fallback, description string, more ...field) node {
	n := node{kind: object, fields: []field{{"Type", word(kind)}, {"Description", word(description)}, {"Default", word(fallback)}}}
	n.fields = append(n.fields, more...)
	t.parameters.set(name, n)
	return object1("Ref", word(name))
}

// variant is one resource as some of the accounts need it.
type variant struct {
	resource node
	notes    []string
	accounts []string
	id       string
}

// add makes one resource of each variant, under a condition unless there is one for all accounts.
func (t *template) add(kind, name string, variants []variant, conditions ...string) {
	for i := range variants {
		v := &variants[i]
		v.id = t.unique(kind, name)
		if i > 0 {
			v.id = fmt.Sprintf("%sV%d", v.id, i+1)
		}
		all := slices.Clone(conditions)
		if len(v.accounts) < len(t.accounts) {
			all = append(all, t.in(v.accounts))
		}
		n := node{kind: object, fields: []field{v.resource.fields[0]}}
		if c := t.both(all); c != "" {
			n.set("Condition", word(c))
		}
		n.fields = append(n.fields, v.resource.fields[1:]...)
		t.resources.set(v.id, n)
		t.notes[v.id] = v.notes
	}
	t.made[kind+name] = variants
}

// of is the logical id of a resource in one account.
func (t *template) of(kind, name, account string) string {
	for _, v := range t.made[kind+name] {
		if slices.Contains(v.accounts, account) {
			return v.id
		}
	}
	return ""
}

// unique makes a logical id, which has letters and digits alone: the same for the same name, and for no other.
func (t *template) unique(kind, name string) string {
	key := kind + " " + name
	if id, ok := t.ids[key]; ok {
		return id
	}
	base := kind + camel(name)
	id := base
	for n := 2; slices.Contains(slices.Collect(maps.Values(t.ids)), id); n++ {
		id = fmt.Sprintf("%sN%d", base, n)
	}
	t.ids[key] = id
	return id
}

// camel leaves letters and digits, and makes what begins a word large.
func camel(s string) string {
	var b strings.Builder
	start := true
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' && start:
			b.WriteRune(r - 'a' + 'A')
			start = false
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
			start = false
		default:
			start = true
		}
	}
	return b.String()
}

// in names the condition that holds in these accounts alone.
func (t *template) in(accounts []string) string {
	key := strings.Join(accounts, " ")
	if name, ok := t.sets[key]; ok {
		return name
	}
	name := fmt.Sprintf("Accounts%d", len(t.sets)+1)
	if len(accounts) == 1 {
		name = "Account" + accounts[0]
	}
	t.sets[key] = name
	equal := make([]node, len(accounts))
	for i, a := range accounts {
		equal[i] = object1("Fn::Equals", node{kind: array, items: []node{object1("Ref", word("AWS::AccountId")), word(a)}})
	}
	t.conditions.set(name, or(equal))
	return name
}

// or nests, because one Fn::Or takes a few conditions only.
func or(terms []node) node {
	for len(terms) > maxOr {
		var next []node
		for chunk := range slices.Chunk(terms, maxOr) {
			next = append(next, or(slices.Clone(chunk)))
		}
		terms = next
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return object1("Fn::Or", node{kind: array, items: terms})
}

// both names a condition that holds where all of these do.
func (t *template) both(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	name := strings.Join(names, "And")
	if t.conditions.get(name) == nil {
		var terms []node
		for _, n := range names {
			terms = append(terms, object1("Condition", word(n)))
		}
		t.conditions.set(name, object1("Fn::And", node{kind: array, items: terms}))
	}
	return name
}
