package trust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Conditions under which providers are made: fedbridge's own, and those of identity providers whose answers are relayed.
const (
	createProviders = "CreateProviders"
	createRelayed   = "CreateRelayedProviders"
)

// variants groups the accounts by what the resource looks like in them.
func (t *template) variants(has func(a AccountPlan) (node, []string, bool)) []variant {
	var out []variant
	for _, a := range t.accounts {
		n, notes, ok := has(a)
		if !ok {
			continue
		}
		i := slices.IndexFunc(out, func(v variant) bool { return v.resource.pretty() == n.pretty() })
		if i < 0 {
			out = append(out, variant{resource: n, notes: notes})
			i = len(out) - 1
		}
		out[i].accounts = append(out[i].accounts, a.Account.ID)
	}
	return out
}

// providers declares each OIDC and SAML provider, unless the accounts have them already. Those of others they mostly have.
func (t *template) providers() {
	type provider struct {
		kind, name string
		relayed    bool
	}
	var all []provider
	for _, a := range t.accounts {
		for _, p := range a.OIDC {
			all = append(all, provider{"OIDC", p.URL, p.Relayed})
		}
		for _, p := range a.SAML {
			all = append(all, provider{"SAML", p.Name, p.Relayed})
		}
	}
	slices.SortFunc(all, func(a, b provider) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
	})
	for _, p := range slices.Compact(all) {
		condition := t.creation(p.relayed)
		if p.kind == "OIDC" {
			t.add(p.kind, bareIssuer(p.name), t.variants(func(a AccountPlan) (node, []string, bool) { return oidcResource(a, p.name) }), condition)
		} else {
			t.add(p.kind, p.name, t.variants(func(a AccountPlan) (node, []string, bool) { return t.samlResource(a, p.name) }), condition)
		}
	}
}

// creation declares the parameter that says whether providers are made, and names the condition.
func (t *template) creation(relayed bool) string {
	parameter, condition, fallback := "Providers", createProviders, "create"
	what := "existing: the accounts have fedbridge as an identity provider already"
	if relayed {
		parameter, condition, fallback = "RelayedProviders", createRelayed, "existing"
		what = "create: the accounts don't have the company's own identity providers yet"
	}
	t.parameter(parameter, "String", fallback, what, field{"AllowedValues", words("create", "existing")})
	t.conditions.set(condition, equals(object1("Ref", word(parameter)), "create"))
	return condition
}

func equals(a node, b string) node {
	return object1("Fn::Equals", node{kind: array, items: []node{a, word(b)}})
}

func oidcResource(a AccountPlan, url string) (node, []string, bool) {
	i := slices.IndexFunc(a.OIDC, func(p OIDCPlan) bool { return p.URL == url })
	if i < 0 {
		return node{}, nil, false
	}
	ids := node{kind: array}
	for _, id := range a.OIDC[i].ClientIDs {
		ids.items = append(ids.items, perAccount(id, a))
	}
	var notes []string
	if a.OIDC[i].Relayed {
		notes = append(notes, sharing)
	}
	return resource("AWS::IAM::OIDCProvider", field{"Url", word(url)}, field{"ClientIdList", ids}), notes, true
}

func (t *template) samlResource(a AccountPlan, name string) (node, []string, bool) {
	i := slices.IndexFunc(a.SAML, func(p SAMLPlan) bool { return p.Name == name })
	if i < 0 {
		return node{}, nil, false
	}
	p := a.SAML[i]
	var notes []string
	if p.Relayed {
		notes = append(notes, sharing)
	}
	metadata := word(strings.TrimRight(string(p.Metadata), "\n"))
	if len(p.Metadata) == 0 {
		metadata = t.parameter(t.unique("Metadata", name), "String", "", "SAML metadata of "+p.EntityID+", as one line")
		notes = append(notes, "A parameter has 4,096 characters at most: where the metadata is longer, register this provider by hand and say existing.")
	}
	n := resource("AWS::IAM::SAMLProvider", field{"Name", word(name)}, field{"SamlMetadataDocument", metadata})
	if p.Encrypted {
		key := t.parameter(t.unique("DecryptionKey", name), "String", "", "Private key (PEM) that decrypts what fedbridge sends to "+name, field{"NoEcho", node{kind: boolean, text: "true"}})
		n.get("Properties").set("AssertionEncryptionMode", word("Required"))
		n.get("Properties").set("AddPrivateKey", key)
	}
	return n, notes, true
}

func resource(kind string, properties ...field) node {
	return node{kind: object, fields: []field{{"Type", word(kind)}, {"Properties", node{kind: object, fields: properties}}}}
}

// roles declares each role by name and path.
func (t *template) roles() {
	var names []string
	for _, a := range t.accounts {
		for _, r := range a.Roles {
			names = union(names, []string{r.ARN.Path + r.ARN.Name})
		}
	}
	slices.Sort(names)
	for _, name := range names {
		t.add("Role", name, t.variants(func(a AccountPlan) (node, []string, bool) { return t.roleResource(a, name) }))
	}
}

func (t *template) roleResource(a AccountPlan, name string) (node, []string, bool) {
	i := slices.IndexFunc(a.Roles, func(r RolePlan) bool { return r.ARN.Path+r.ARN.Name == name && r.fits() })
	if i < 0 {
		return node{}, nil, false
	}
	r := a.Roles[i]
	n := resource("AWS::IAM::Role", field{"RoleName", word(r.ARN.Name)})
	properties := n.get("Properties")
	if r.ARN.Path != "/" {
		properties.set("Path", word(r.ARN.Path))
	}
	properties.set("MaxSessionDuration", node{kind: number, text: fmt.Sprint(int(r.MaxSession.Seconds()))})
	properties.set("AssumeRolePolicyDocument", policyPerAccount(r.policy, a))
	properties.set("ManagedPolicyArns", t.permissions(name, r))
	var after []string
	for _, p := range a.OIDC {
		if slices.ContainsFunc(r.asks, func(k ask) bool { return k.principal == p.ARN }) {
			after = append(after, t.of("OIDC", bareIssuer(p.URL), a.Account.ID))
		}
	}
	for _, p := range a.SAML {
		if slices.ContainsFunc(r.asks, func(k ask) bool { return k.principal == p.ARN }) {
			after = append(after, t.of("SAML", p.Name, a.Account.ID))
		}
	}
	if len(after) > 0 {
		n.fields = slices.Insert(n.fields, 1, field{"DependsOn", node{kind: array, items: words(append(after, "")...).items[:len(after)]}})
	}
	return n, r.Notes, true
}

// permissions is the parameter with the ARNs of the role's own policies.
func (t *template) permissions(name string, r RolePlan) node {
	parameter := t.unique("Permissions", name)
	list := t.parameter(parameter, "CommaDelimitedList", "", "ARNs of the policies that "+r.ARN.Name+" gets")
	joined := object1("Fn::Join", node{kind: array, items: []node{word(""), list}})
	t.conditions.set("Has"+parameter, object1("Fn::Not", node{kind: array, items: []node{equals(joined, "")}}))
	return object1("Fn::If", node{kind: array, items: []node{word("Has" + parameter), list, object1("Ref", word("AWS::NoValue"))}})
}

// perAccount writes the account's own id in a text as the pseudo parameter that stands for it in every account.
func perAccount(s string, a AccountPlan) node {
	if !strings.Contains(s, a.Account.ID) {
		return word(s)
	}
	return object1("Fn::Sub", word(strings.ReplaceAll(strings.ReplaceAll(s, "${", "${!"), a.Account.ID, "${AWS::AccountId}")))
}

// policyPerAccount writes the ARNs of the account's providers, and the audiences that name the account, so that they fit
// in every account. Nothing else is touched: a caller's account stays what it is.
func policyPerAccount(policy node, a AccountPlan) node {
	policy = policy.clone()
	for i := range policy.get("Statement").items {
		s := &policy.get("Statement").items[i]
		if p := s.get("Principal").get(string(Federated)); p != nil {
			*p = providerPerAccount(p.text, a)
		}
		c := s.get("Condition")
		if c == nil || c.get("StringEquals") == nil {
			continue
		}
		tests := c.get("StringEquals")
		for j := range tests.fields {
			if strings.HasSuffix(lower(tests.fields[j].name), ":aud") {
				tests.fields[j].value = eachPerAccount(tests.fields[j].value, a)
			}
		}
	}
	return policy
}

func providerPerAccount(arn string, a AccountPlan) node {
	rest, ok := strings.CutPrefix(arn, "arn:"+a.Partition+":iam::"+a.Account.ID+":")
	if !ok {
		return word(arn) // a built-in provider
	}
	return object1("Fn::Sub", word("arn:${AWS::Partition}:iam::${AWS::AccountId}:"+rest))
}

func eachPerAccount(n node, a AccountPlan) node {
	if n.kind != array {
		return perAccount(n.text, a)
	}
	for i := range n.items {
		n.items[i] = perAccount(n.items[i].text, a)
	}
	return n
}
