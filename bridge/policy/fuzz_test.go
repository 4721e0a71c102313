package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// fuzzRules name each role once, so that what is given can be judged from the identity alone.
func fuzzRules() policy.Source {
	src := shop(
		policy.Rule{Name: "group", Groups: []string{"ops"}, Roles: []string{"shop-prod/admin"}},
		policy.Rule{Name: "claim", Provider: "corp", When: `"red" in claims.team && identity.email.endsWith("@example.com")`, Roles: []string{"shop-dev/readonly"}},
		policy.Rule{Name: "pattern", GroupPattern: "aws-{account}-{role}", Claims: map[string][]string{"status": {"active"}}},
		policy.Rule{Name: "asserted", AssertedRoles: true},
		policy.Rule{Name: "leavers", When: `claims.status[0] == "leaving" && "left" in identity.groups`, Deny: []string{"*"}},
	)
	src.Roles[1].Tags = map[string]string{"Team": "claims.team"}
	src.Roles[1].SourceIdentity = "identity.email"
	return src
}

// mapped tells, without the policy, whether some rule names this role for this identity.
func mapped(id bridge.Identity, role bridge.Role) bool {
	name := role.Account.Name + "/" + role.Key.Name
	switch {
	case name == "shop-prod/admin" && slices.Contains(id.Groups, "ops"):
		return true
	case name == "shop-dev/readonly" && id.Provider == "corp" && slices.Contains(id.Claims["team"], "red") && strings.HasSuffix(id.Email, "@example.com"):
		return true
	case slices.Contains(id.Groups, "aws-"+role.Account.Name+"-"+role.Key.Name) && slices.Contains(id.Claims["status"], "active"):
		return true
	}
	return id.Provider == "corp" && slices.ContainsFunc(id.Claims[bridge.AttributeRole], func(v string) bool {
		return strings.Contains(v, role.ARN.String()) && strings.Contains(v, ":saml-provider/")
	})
}

// FuzzPolicy: whatever an identity says, it gets nothing that no mapping names, and nothing that isn't configured; what
// of it goes into a session fits AWS's alphabets.
func FuzzPolicy(f *testing.F) {
	f.Add("corp", "ann@example.com", "ops", "team", "red", "status", "active")
	f.Add("staff", "", "aws-shop-prod-admin\x1fx", "status", "active", "team", "red\x1fblue")
	f.Add("corp", "a@example.com", "left", "status", "leaving", bridge.AttributeRole, "arn:aws:iam::111122223333:role/team/Admin,arn:aws:iam::111122223333:saml-provider/Corp")
	f.Add("", `" || true || "`, "*", "claims", "identity", "", "{account}")
	f.Add("corp", "x", "OPS", "Team", "red", "status", "")
	p := mustCompile(f, fuzzRules())
	f.Fuzz(func(t *testing.T, provider, email, groups, name1, values1, name2, values2 string) {
		id := bridge.Identity{
			Provider: provider, Email: email, Groups: strings.Split(groups, "\x1f"),
			Claims: bridge.Claims{name1: strings.Split(values1, "\x1f"), name2: strings.Split(values2, "\x1f")},
		}
		entitled := map[bridge.RoleKey]bool{}
		for _, e := range p.Entitlements(id) {
			role, ok := p.Role(e.Role)
			if !ok || !mapped(id, role) || len(e.Rules) == 0 {
				t.Errorf("%s has %s by %v", who(id), e.Role, e.Rules)
			}
			entitled[e.Role] = true
		}
		for _, role := range p.Roles() {
			grant, err := p.Grant(id, role.Key)
			if err == nil && !entitled[role.Key] {
				t.Errorf("%s was granted %s", who(id), role.Key)
			}
			if p.Explain(id, role.Key).Allowed != entitled[role.Key] {
				t.Errorf("%s: %s is explained otherwise", who(id), role.Key)
			}
			if err == nil && role.HasSourceIdentity && !bridge.ValidSessionName(grant.SourceIdentity) {
				t.Errorf("source identity %q", grant.SourceIdentity)
			}
			for _, tag := range grant.Tags {
				if tag.Value == "" || len(tag.Value) > 4*256 || strings.ContainsAny(tag.Value, "\"<>*{}$\\\n\x00") {
					t.Errorf("tag %q", tag.Value)
				}
			}
		}
	})
}

// FuzzWhen: whatever an operator writes as a condition, it compiles or is refused; it never panics, at load or later, and
// never gives and fails at once.
func FuzzWhen(f *testing.F) {
	for _, when := range []string{`"a" in claims.b`, `identity.provider == "corp" || claims.x[0] == "y"`, `has(claims.a) && !claims.b.exists(x, x == "1")`,
		`claims.a.map(x, x + x).size() > 2`, `identity.auth_time - timestamp("2026-01-01T00:00:00Z") > duration("1h")`, `"\x00" in claims["\u00e9"]`,
		`int(claims.a[0]) - -1 == 2 ? true : false`, `{"a": [1]}["b"][0] == 1 && "a" in identity.groups`} {
		f.Add(when, "a", "b")
	}
	f.Fuzz(func(t *testing.T, when, group, value string) {
		p, problems := policy.Compile(whenRules(when))
		if len(problems) > 0 {
			return
		}
		id := bridge.Identity{Provider: "corp", Groups: []string{group}, Claims: bridge.Claims{group: {value}, "a": {value}}}
		c := checker{t, p}
		gives, keeps := false, false
		for _, role := range c.roles(id) {
			gives = gives || role == "shop-prod/admin"
			keeps = keeps || role == "shop-dev/deploy"
		}
		if gives && keeps {
			t.Errorf("%s: the same condition gives and doesn't take away", when)
		}
		if e := p.Explain(id, c.key("shop-prod/admin")); e.Allowed != gives {
			t.Errorf("%s: given %t, explained %t", when, gives, e.Allowed)
		}
	})
}
