package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

const (
	prod = "111122223333"
	dev  = "444455556666"
	gov  = "777788889999"
)

// shop is a small company: two accounts, four roles in them, one provider of each kind. Rules are the test's.
func shop(rules ...policy.Rule) policy.Source {
	assume := policy.ViaList{bridge.ViaAssumeRole}
	return policy.Source{
		Accounts: []bridge.Account{
			{ID: prod, Name: "shop-prod"}, {ID: dev, Name: "shop-dev"}, {ID: gov, Name: "gov", Partition: "aws-us-gov"},
		},
		Providers: []policy.Provider{
			{Name: "corp", Kind: "saml"}, {Name: "staff", Kind: "oidc", STSAlgorithms: true},
		},
		Roles: []policy.Role{
			{Name: "readonly", Accounts: []string{"shop-*"}, ARN: "arn:aws:iam::{account}:role/ReadOnly", Via: assume},
			{Name: "admin", Accounts: []string{"shop-prod"}, ARN: "arn:aws:iam::{account}:role/team/Admin", Via: assume},
			{Name: "deploy", Accounts: []string{"shop-dev"}, ARN: "arn:aws:iam::{account}:role/Deploy", Via: assume},
		},
		Rules: rules,
	}
}

// checker asks a policy about people.
type checker struct {
	t      *testing.T
	policy *policy.Policy
}

func compile(t *testing.T, src policy.Source) checker {
	t.Helper()
	p, problems := policy.Compile(src)
	if len(problems) > 0 {
		t.Fatalf("doesn't compile:\n%s", lines(problems))
	}
	return checker{t, p}
}

func lines(problems []bridge.Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return strings.Join(out, "\n")
}

// roles lists what a person has, as account/role.
func (c checker) roles(id bridge.Identity) []string {
	var out []string
	for _, e := range c.policy.Entitlements(id) {
		role, ok := c.policy.Role(e.Role)
		if !ok {
			c.t.Fatalf("entitled to %s, which is not configured", e.Role)
		}
		out = append(out, role.Account.Name+"/"+e.Role.Name)
	}
	return out
}

func (c checker) key(name string) bridge.RoleKey {
	c.t.Helper()
	for _, r := range c.policy.Roles() {
		if r.Account.Name+"/"+r.Key.Name == name {
			return r.Key
		}
	}
	c.t.Fatalf("%s is not configured", name)
	return bridge.RoleKey{}
}

// allow: the person has the role, can use it, and is told so.
func (c checker) allow(id bridge.Identity, role string) {
	c.t.Helper()
	key := c.key(role)
	if !slices.Contains(c.roles(id), role) {
		c.t.Errorf("%s should have %s: %s", who(id), role, c.policy.Explain(id, key).Reason)
	}
	if _, err := c.policy.Grant(id, key); err != nil {
		c.t.Errorf("%s should be granted %s: %v", who(id), role, err)
	}
	if e := c.policy.Explain(id, key); !e.Allowed {
		c.t.Errorf("%s has %s, but the explanation says no: %s", who(id), role, e.Reason)
	}
}

// deny: the person hasn't the role, is not granted it, and is told so.
func (c checker) deny(id bridge.Identity, roles ...string) {
	c.t.Helper()
	for _, role := range roles {
		key := c.key(role)
		if slices.Contains(c.roles(id), role) {
			c.t.Errorf("%s must not have %s", who(id), role)
		}
		_, err := c.policy.Grant(id, key)
		if code := bridge.CodeOf(err); code != bridge.CodeNotEntitled && code != bridge.CodeDenied {
			c.t.Errorf("%s was granted %s: %v", who(id), role, err)
		}
		if e := c.policy.Explain(id, key); e.Allowed {
			c.t.Errorf("%s lacks %s, but the explanation says yes: %s", who(id), role, e.Reason)
		}
	}
}

func who(id bridge.Identity) string {
	return fmt.Sprintf("{%s %s groups=%q claims=%q}", id.Provider, id.Email, id.Groups, id.Claims)
}

func groups(names ...string) bridge.Identity {
	return bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "u-1", Groups: names}
}

func claim(name string, values ...string) bridge.Identity {
	id := groups()
	id.Claims = bridge.Claims{name: values}
	return id
}

func email(address string) bridge.Identity {
	id := groups()
	id.Email = address
	return id
}

// wantProblem fails unless a fault is reported under the path with the text in it.
func wantProblem(t *testing.T, src policy.Source, path, text string) {
	t.Helper()
	p, problems := policy.Compile(src)
	if p != nil && len(problems) > 0 {
		t.Errorf("a policy came with faults")
	}
	for _, problem := range problems {
		if problem.Path == path && strings.Contains(problem.String(), text) {
			return
		}
	}
	t.Errorf("want a fault at %s with %q; have\n%s", path, text, lines(problems))
}
