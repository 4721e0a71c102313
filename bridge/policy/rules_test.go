package policy_test

import (
	"slices"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

func TestNoMatchNoAccess(t *testing.T) {
	for _, c := range []checker{
		compile(t, shop()),
		compile(t, shop(policy.Rule{Name: "ops", Groups: []string{"ops"}, Roles: []string{"shop-prod/admin"}})),
		compile(t, policy.Source{}),
	} {
		for _, id := range []bridge.Identity{{}, groups(), groups("dev"), groups(""), claim("ops", "ops"), email("ops")} {
			if roles := c.roles(id); len(roles) != 0 {
				t.Errorf("%s has %v", who(id), roles)
			}
		}
	}
}

// Threat A3: bytes, and nothing but bytes.
func TestGroupsAreExact(t *testing.T) {
	c := compile(t, shop(policy.Rule{Name: "ops", Groups: []string{"ops", "büro"}, Roles: []string{"shop-prod/admin"}}))
	c.allow(groups("ops"), "shop-prod/admin")
	c.allow(groups("dev", "ops"), "shop-prod/admin")
	c.allow(groups("büro"), "shop-prod/admin")
	for _, near := range []string{
		"Ops", "OPS", "ops ", " ops", "ops\n", "ops\x00", "op", "opss", "not-ops", "ops-x", "o?s", "*", "ops,dev", "ops|dev",
		"оps", "ｏｐｓ", "ops\u200b", "\ufeffops", "bu\u0308ro", "BÜRO", "", "[ops]", `"ops"`,
	} {
		c.deny(groups(near), "shop-prod/admin")
	}
	c.deny(groups("ops"), "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
}

func TestClausesAreJoinedByAnd(t *testing.T) {
	c := compile(t, shop(policy.Rule{
		Name: "all of it", Provider: "corp", Groups: []string{"dev", "ops"}, Emails: []string{"ann@example.com"},
		Claims: map[string][]string{"department": {"eng", "it"}, "status": {"active"}},
		When:   `claims.level.exists(l, l == "7")`, Roles: []string{"readonly"},
	}))
	ann := groups("ops")
	ann.Email = "ann@example.com"
	ann.Claims = bridge.Claims{"department": {"it"}, "status": {"active"}, "level": {"7"}}
	c.allow(ann, "shop-prod/readonly")
	c.allow(ann, "shop-dev/readonly")
	c.deny(ann, "shop-prod/admin", "shop-dev/deploy")
	for name, change := range map[string]func(*bridge.Identity){
		"provider":        func(id *bridge.Identity) { id.Provider = "staff" },
		"no provider":     func(id *bridge.Identity) { id.Provider = "" },
		"group":           func(id *bridge.Identity) { id.Groups = []string{"hr"} },
		"no groups":       func(id *bridge.Identity) { id.Groups = nil },
		"e-mail":          func(id *bridge.Identity) { id.Email = "Ann@example.com" },
		"no e-mail":       func(id *bridge.Identity) { id.Email = "" },
		"department":      func(id *bridge.Identity) { id.Claims["department"] = []string{"hr"} },
		"department case": func(id *bridge.Identity) { id.Claims["department"] = []string{"IT"} },
		"name of a claim": func(id *bridge.Identity) {
			id.Claims = bridge.Claims{"Department": {"it"}, "status": {"active"}, "level": {"7"}}
		},
		"empty claim": func(id *bridge.Identity) { id.Claims["status"] = nil },
		"blank claim": func(id *bridge.Identity) { id.Claims["status"] = []string{""} },
		"when":        func(id *bridge.Identity) { id.Claims["level"] = []string{"6"} },
		"no claims":   func(id *bridge.Identity) { id.Claims = nil },
	} {
		t.Run(name, func(t *testing.T) {
			other := ann
			other.Claims = bridge.Claims{}
			for k, v := range ann.Claims {
				other.Claims[k] = v
			}
			change(&other)
			checker{t, c.policy}.deny(other, "shop-prod/readonly", "shop-dev/readonly")
		})
	}
}

// Threat A4.
func TestDenyWins(t *testing.T) {
	give := policy.Rule{Name: "give", Groups: []string{"ops"}, Roles: []string{"shop-prod/admin", "readonly"}}
	take := policy.Rule{Name: "take", Claims: map[string][]string{"status": {"leaving"}}, Deny: []string{"shop-prod/*"}}
	leaving, staying := claim("status", "leaving"), groups("ops")
	leaving.Groups = []string{"ops"}
	for _, rules := range [][]policy.Rule{{give, take}, {take, give}} {
		c := compile(t, shop(rules...))
		c.deny(leaving, "shop-prod/admin", "shop-prod/readonly", "shop-dev/deploy")
		c.allow(leaving, "shop-dev/readonly")
		c.allow(staying, "shop-prod/admin")

		_, err := c.policy.Grant(leaving, c.key("shop-prod/admin"))
		if code, _, detail := bridge.Explain(err); code != bridge.CodeDenied || detail != "take" {
			t.Errorf("taken away: %s %q", code, detail)
		}
		// Nobody gave this one, so nothing was taken.
		_, err = c.policy.Grant(leaving, c.key("shop-dev/deploy"))
		if code := bridge.CodeOf(err); code != bridge.CodeNotEntitled {
			t.Errorf("never given: %s", code)
		}
	}
	for _, all := range []string{"*", "*/*"} {
		c := compile(t, shop(give, policy.Rule{Name: "everything", Groups: []string{"ops"}, Deny: []string{all}}))
		c.deny(staying, "shop-prod/admin", "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
	}
}

func TestAnyone(t *testing.T) {
	c := compile(t, shop(
		policy.Rule{Name: "all may read", Anyone: true, Roles: []string{"shop-dev/readonly"}},
		policy.Rule{Name: "but interns", Groups: []string{"interns"}, Deny: []string{"readonly"}},
	))
	c.allow(bridge.Identity{}, "shop-dev/readonly")
	c.allow(groups("dev"), "shop-dev/readonly")
	c.deny(groups("interns"), "shop-dev/readonly")
	c.deny(groups("dev"), "shop-prod/readonly", "shop-prod/admin")
}

func TestRolePatterns(t *testing.T) {
	all := []string{"shop-dev/deploy", "shop-dev/readonly", "shop-prod/admin", "shop-prod/readonly"}
	for pattern, want := range map[string][]string{
		"shop-prod/admin": {"shop-prod/admin"},
		prod + "/admin":   {"shop-prod/admin"},
		"readonly":        {"shop-dev/readonly", "shop-prod/readonly"},
		"shop-*/readonly": {"shop-dev/readonly", "shop-prod/readonly"},
		"shop-prod/*":     {"shop-prod/admin", "shop-prod/readonly"},
		"*/admin":         {"shop-prod/admin"},
		"read*":           {"shop-dev/readonly", "shop-prod/readonly"},
		"*n*":             {"shop-dev/readonly", "shop-prod/admin", "shop-prod/readonly"},
		"shop-???/*":      {"shop-dev/deploy", "shop-dev/readonly"},
		"shop-*/?????":    {"shop-prod/admin"},
		"*-*/*-*":         nil,
		"hop-prod/admin":  nil,
		"shop-prod/admi":  nil,
		"shop-prod/dmin":  nil,
		"Admin":           nil,
		"shop-????/":      nil,
	} {
		t.Run(pattern, func(t *testing.T) {
			src := shop(policy.Rule{Name: "r", Groups: []string{"g"}, Roles: []string{pattern}})
			if want == nil {
				if _, problems := policy.Compile(src); len(problems) == 0 {
					t.Errorf("%q names no role, but was accepted", pattern)
				}
				return
			}
			c := compile(t, src)
			for _, role := range all {
				if slices.Contains(want, role) {
					c.allow(groups("g"), role)
				} else {
					c.deny(groups("g"), role)
				}
			}
		})
	}
}

func TestEntitlements(t *testing.T) {
	src := shop(
		policy.Rule{Name: "z", Groups: []string{"ops"}, Roles: []string{"readonly", "shop-prod/admin"}},
		policy.Rule{Name: "a", Groups: []string{"ops", "dev"}, Roles: []string{"shop-prod/*"}},
	)
	src.Roles[1].MaxSession = 4 * 3600e9
	c := compile(t, src)
	got := c.policy.Entitlements(groups("dev", "ops", "ops", "dev"))
	want := []bridge.Entitlement{
		{Role: bridge.RoleKey{Account: dev, Name: "readonly"}, MaxSession: 3600e9, CapReason: bridge.CapRole, Rules: []string{"z"}},
		{Role: bridge.RoleKey{Account: prod, Name: "admin"}, MaxSession: 4 * 3600e9, CapReason: bridge.CapRole, Rules: []string{"a", "z"}},
		{Role: bridge.RoleKey{Account: prod, Name: "readonly"}, MaxSession: 3600e9, CapReason: bridge.CapRole, Rules: []string{"a", "z"}},
	}
	if !slices.EqualFunc(got, want, func(a, b bridge.Entitlement) bool {
		return a.Role == b.Role && a.MaxSession == b.MaxSession && a.CapReason == b.CapReason && slices.Equal(a.Rules, b.Rules)
	}) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
}

// A Policy keeps nothing that its caller can change, in either direction.
func TestPolicyNeverChanges(t *testing.T) {
	src := shop(policy.Rule{Name: "ops", Groups: []string{"ops"}, Roles: []string{"shop-prod/admin"}},
		policy.Rule{Name: "no", Claims: map[string][]string{"s": {"leaving"}}, Deny: []string{"*"}})
	c := compile(t, src)
	src.Rules[0].Groups[0], src.Rules[0].Roles[0] = "everybody", "readonly"
	src.Rules[1].Claims["s"][0] = "never"
	src.Accounts[0].ID, src.Roles[1].ARN, src.Roles[1].Via[0] = "000000000000", "arn:aws:iam::000000000000:role/Root", "saml"
	roles := c.policy.Roles()
	roles[0] = bridge.Role{}
	c.policy.Entitlements(groups("ops"))[0].Rules[0] = "forged"

	c.allow(groups("ops"), "shop-prod/admin")
	c.deny(groups("everybody"), "shop-prod/admin", "shop-prod/readonly")
	leaving := claim("s", "leaving")
	leaving.Groups = []string{"ops"}
	c.deny(leaving, "shop-prod/admin")
	role, _ := c.policy.Role(c.key("shop-prod/admin"))
	if role.ARN.String() != "arn:aws:iam::111122223333:role/team/Admin" || role.Via[0] != bridge.ViaAssumeRole {
		t.Errorf("the role changed: %+v", role)
	}
	if got := c.policy.Entitlements(groups("ops"))[0].Rules[0]; got != "ops" {
		t.Errorf("the rule is called %q now", got)
	}
}

func TestUnknownRole(t *testing.T) {
	c := compile(t, shop(policy.Rule{Name: "all", Anyone: true, Roles: []string{"admin"}}))
	for _, key := range []bridge.RoleKey{{}, {Account: prod, Name: "root"}, {Account: dev, Name: "admin"}, {Account: "*", Name: "admin"},
		{Account: "shop-prod", Name: "admin"}, {Account: prod, Name: "Admin"}, {Account: prod, Name: "*"}} {
		if _, err := c.policy.Grant(groups(), key); bridge.CodeOf(err) != bridge.CodeNotEntitled {
			t.Errorf("%s: %v", key, err)
		}
		if e := c.policy.Explain(groups(), key); e.Allowed || e.Reason == "" {
			t.Errorf("%s: %+v", key, e)
		}
		if _, ok := c.policy.Role(key); ok {
			t.Errorf("%s is a role", key)
		}
	}
}
