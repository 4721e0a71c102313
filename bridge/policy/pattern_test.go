package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

func TestGroupPattern(t *testing.T) {
	c := compile(t, shop(policy.Rule{Name: "naming", GroupPattern: "aws-{account}-{role}"}))
	c.allow(groups("aws-shop-prod-admin"), "shop-prod/admin")
	c.allow(groups("x", "aws-shop-dev-deploy", "aws-shop-dev-readonly"), "shop-dev/deploy")
	c.deny(groups("aws-shop-prod-admin"), "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
	for _, near := range []string{
		"aws-shop-dev-admin", // admin isn't configured there
		"AWS-shop-prod-admin", "aws-shop-prod-Admin", "aws-shop-prod-admin ", "xaws-shop-prod-admin", "aws-shop-prod-admin-x",
		"aws-{account}-{role}", "aws-*-admin", "aws-shop-prod-*", "aws--admin", "aws-shop-prod-", "aws-" + prod + "-admin", "",
	} {
		c.deny(groups(near), "shop-prod/admin", "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
	}
	// Groups only: no other claim is read so.
	c.deny(claim("groups", "aws-shop-prod-admin"), "shop-prod/admin")

	byID := compile(t, shop(policy.Rule{Name: "by id", GroupPattern: "AWS_{account_id}_{role}"}))
	byID.allow(groups("AWS_"+prod+"_admin"), "shop-prod/admin")
	byID.deny(groups("AWS_"+dev+"_admin", "AWS_shop-prod_admin"), "shop-prod/admin")
}

func TestGroupPatternWithOtherClauses(t *testing.T) {
	c := compile(t, shop(
		policy.Rule{Name: "naming", GroupPattern: "aws-{account}-{role}", Provider: "corp", When: `claims.level[0] == "7"`},
		policy.Rule{Name: "leavers", When: `"leaving" in claims.status`, Deny: []string{"admin"}},
	))
	id := claim("level", "7")
	id.Groups = []string{"aws-shop-prod-admin", "aws-shop-prod-readonly"}
	c.allow(id, "shop-prod/admin")
	c.allow(id, "shop-prod/readonly")
	id.Claims["status"] = []string{"leaving"}
	c.deny(id, "shop-prod/admin")
	c.allow(id, "shop-prod/readonly")
	id.Claims["level"] = nil
	c.deny(id, "shop-prod/admin", "shop-prod/readonly")
	id.Claims["level"] = []string{"7"}
	id.Provider = "staff"
	c.deny(id, "shop-prod/admin", "shop-prod/readonly")
}

func TestGroupPatternFaults(t *testing.T) {
	for pattern, text := range map[string]string{
		"aws-{account}":         "lacks {role}",
		"admins":                "lacks {role}",
		"{role}":                "needs text",
		"{account}{role}":       "needs text",
		" {role}":               "needs text",
		"aws-{account}-{rôle}":  "lacks {role}",
		"aws-{role}-{region}":   "{account}, {account_id} and {role} only",
		"aws-{account}-{role}*": "no wildcards",
		"aws-{role}":            "put {account} into the pattern", // readonly is in two accounts
	} {
		t.Run(pattern, func(t *testing.T) {
			wantProblem(t, shop(policy.Rule{Name: "p", GroupPattern: pattern}), "rules[0].group_pattern", text)
		})
	}
	// Two patterns that read one group as different roles.
	src := shop(
		policy.Rule{Name: "a", GroupPattern: "aws-{account}-{role}"},
		policy.Rule{Name: "b", GroupPattern: "aws-{role}-{account}"},
	)
	src.Accounts = append(src.Accounts, bridge.Account{ID: "000000000001", Name: "x"}, bridge.Account{ID: "000000000002", Name: "y"})
	for name, account := range map[string]string{"x": "y", "y": "x"} {
		src.Roles = append(src.Roles, policy.Role{Name: name, Accounts: []string{account}, Via: src.Roles[0].Via, ARN: "arn:aws:iam::{account}:role/R"})
	}
	wantProblem(t, src, "rules[1].group_pattern", `in rules[0]`)
	// Names that run into each other.
	src = shop(policy.Rule{Name: "a", GroupPattern: "aws-{account}-{role}"})
	src.Accounts[2] = bridge.Account{ID: gov, Name: "shop-prod-eu"}
	src.Roles = append(src.Roles, policy.Role{Name: "eu-admin", Accounts: []string{"shop-prod"}, Via: src.Roles[0].Via, ARN: "arn:aws:iam::{account}:role/R"},
		policy.Role{Name: "admin", Accounts: []string{"shop-prod-eu"}, Via: src.Roles[0].Via, ARN: "arn:aws:iam::{account}:role/R"})
	wantProblem(t, src, "rules[0].group_pattern", `"aws-shop-prod-eu-admin"`)
	// Two patterns that read one group as the same role are no fault.
	compile(t, shop(policy.Rule{Name: "a", GroupPattern: "aws-{account}-{role}"}, policy.Rule{Name: "b", GroupPattern: "aws-{account}-{role}", Provider: "corp"}))
}

func asserting(values ...string) bridge.Identity { return claim(bridge.AttributeRole, values...) }

// Threat A1, R6: what the IdP asserts selects a configured role by its whole ARN, or nothing.
func TestAssertedRoles(t *testing.T) {
	const (
		admin = "arn:aws:iam::111122223333:role/team/Admin"
		read  = "arn:aws:iam::111122223333:role/ReadOnly"
		corp  = "arn:aws:iam::111122223333:saml-provider/Corp"
		other = "arn:aws:iam::111122223333:saml-provider/Other"
	)
	src := shop(policy.Rule{Name: "asserted", AssertedRoles: true}, policy.Rule{Name: "leavers", Groups: []string{"leaving"}, Deny: []string{"*"}})
	src.Roles[1].SAMLProvider = "arn:aws:iam::{account}:saml-provider/Corp"
	c := compile(t, src)
	c.allow(asserting(admin+","+corp), "shop-prod/admin")
	c.allow(asserting(corp+","+admin), "shop-prod/admin")
	c.allow(asserting("x", " "+admin+" ,\n"+corp+"\t"), "shop-prod/admin")
	c.allow(asserting(read+","+other), "shop-prod/readonly") // it asks for no provider of its own
	c.deny(asserting(admin+","+corp), "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
	for _, value := range []string{
		admin, corp, admin + "," + other, admin + "," + admin, corp + "," + corp, "", ",", admin + ";" + corp,
		"arn:aws:iam::111122223333:role/Admin," + corp,                                           // the path is part of the name
		"arn:aws:iam::111122223333:role/team/admin," + corp,                                      // so is case
		"arn:aws:iam::444455556666:role/team/Admin,arn:aws:iam::444455556666:saml-provider/Corp", // not configured there
		"arn:aws-cn:iam::111122223333:role/team/Admin,arn:aws-cn:iam::111122223333:saml-provider/Corp",
		"arn:aws:iam::*:role/team/Admin," + corp, "arn:aws:iam::111122223333:role/*," + corp,
		"arn:aws:iam::{account}:role/team/Admin," + corp, admin + "," + corp + "," + other,
		"arn:aws:iam::111122223333:role/team/Admin,arn:aws:iam::444455556666:saml-provider/Corp",
		strings.ToUpper(admin) + "," + corp, strings.Repeat(",", 5000) + admin + "," + corp,
	} {
		c.deny(asserting(value), "shop-prod/admin", "shop-prod/readonly", "shop-dev/readonly", "shop-dev/deploy")
	}
	// Another provider may send an attribute of that name; it isn't AWS's.
	staff := asserting(admin + "," + corp)
	staff.Provider = "staff"
	c.deny(staff, "shop-prod/admin")
	leaving := asserting(admin + "," + corp)
	leaving.Groups = []string{"leaving"}
	c.deny(leaving, "shop-prod/admin")
}

// A hostile attribute costs little: the bound is far above any real one.
func TestAssertedRolesAreBounded(t *testing.T) {
	c := compile(t, shop(policy.Rule{Name: "asserted", AssertedRoles: true}))
	var values []string
	for i := range 250 {
		values = append(values, fmt.Sprintf("arn:aws:iam::%012d:role/%s", i, strings.Repeat(",", 950)))
	}
	began := time.Now()
	values = append(values, strings.Repeat(",", 1<<20), strings.Repeat(",arn:", 200), strings.Repeat(" ", 1000))
	c.deny(asserting(values...), "shop-prod/admin")
	t.Logf("three decisions in %s", time.Since(began))
}

func TestAssertedRolesFaults(t *testing.T) {
	src := shop(policy.Rule{Name: "a", AssertedRoles: true, Provider: "staff"})
	wantProblem(t, src, "rules[0].provider", "asserted_roles reads the answer of a SAML provider")
	src = shop(policy.Rule{Name: "a", AssertedRoles: true})
	src.Providers = src.Providers[1:]
	wantProblem(t, src, "rules[0].asserted_roles", "none is configured")
	src = shop(policy.Rule{Name: "a", AssertedRoles: true})
	src.Providers = append(src.Providers, policy.Provider{Name: "partner", Kind: "saml"})
	wantProblem(t, src, "rules[0].provider", "several SAML providers")
	src.Rules[0].Provider = "partner"
	c := compile(t, src)
	id := asserting("arn:aws:iam::111122223333:role/ReadOnly,arn:aws:iam::111122223333:saml-provider/Corp")
	c.deny(id, "shop-prod/readonly")
	id.Provider = "partner"
	c.allow(id, "shop-prod/readonly")
}
