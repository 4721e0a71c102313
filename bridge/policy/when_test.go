package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// whenRules makes one rule that gives and one that takes away on the same condition.
func whenRules(when string) policy.Source {
	return shop(
		policy.Rule{Name: "gives", When: when, Roles: []string{"shop-prod/admin"}},
		policy.Rule{Name: "base", Anyone: true, Roles: []string{"shop-dev/deploy"}},
		policy.Rule{Name: "takes", When: when, Deny: []string{"shop-dev/deploy"}},
	)
}

type outcome string

const (
	isTrue  outcome = "true"
	isFalse outcome = "false"
	fails   outcome = "fails" // gives nothing, takes away
)

// DESIGN §4: claims is map(string, list(string)), a missing claim is an empty list, and a rule that fails to evaluate in
// any other way doesn't match if it allows, and matches if it denies.
func TestWhen(t *testing.T) {
	ann := bridge.Identity{
		Provider: "corp", Issuer: "https://idp.example.com", Subject: "u-1", Format: "persistent", Email: "ann@example.com",
		Name: "Ann", Groups: []string{"dev", "ops"}, ACR: "mfa", AMR: []string{"pwd", "otp"},
		AuthTime: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
		Claims:   bridge.Claims{"team": {"red", "blue"}, "one": {"1"}, "empty": {}, "a b": {"x"}, "word": {"seven"}},
	}
	nobody := bridge.Identity{}
	for _, c := range []struct {
		when string
		id   bridge.Identity
		want outcome
	}{
		{`"red" in claims.team`, ann, isTrue},
		{`"Red" in claims.team`, ann, isFalse},
		{`"re" in claims.team`, ann, isFalse},
		{`"red" in claims["team"]`, ann, isTrue},
		{`"x" in claims["a b"]`, ann, isTrue},
		{`claims.team == ["red", "blue"]`, ann, isTrue},
		{`claims.team.exists(t, t.startsWith("bl"))`, ann, isTrue},
		{`claims.team.all(t, t == "red")`, ann, isFalse},
		{`claims.team.filter(t, t != "red") == ["blue"]`, ann, isTrue},
		{`claims.team.exists(t, identity.groups.exists(g, g == t))`, ann, isFalse},
		{`"dev" in identity.groups && identity.provider == "corp"`, ann, isTrue},
		{`"dev" in identity.groups && identity.provider == "staff"`, ann, isFalse},
		{`identity.provider != "corp"`, ann, isFalse},
		{`identity.email in ["bob@example.com", "ann@example.com"]`, ann, isTrue},
		{`identity.email.endsWith("@example.com")`, ann, isTrue},
		{`identity.email.endsWith("@example.com")`, nobody, isFalse},
		{`identity.acr == "mfa" && "otp" in identity.amr && identity.format == "persistent" && identity.name == "Ann"`, ann, isTrue},
		{`identity.issuer + "|" + identity.subject == "https://idp.example.com|u-1"`, ann, isTrue},
		{`"dev" in identity.groups || "x" in identity.groups`, ann, isTrue},
		{`!("dev" in identity.groups)`, ann, isFalse},
		{`!("dev" in identity.groups)`, nobody, isTrue},
		{`size(identity.groups) == 2 && identity.groups[1] == "ops"`, ann, isTrue},
		{`identity.auth_time > timestamp("2026-06-30T00:00:00Z")`, ann, isTrue},
		{`int(claims.one[0]) + 1 == 2`, ann, isTrue},

		// Missing claims are empty lists, however they are asked for.
		{`claims.none == []`, ann, isTrue},
		{`size(claims.none) == 0`, nobody, isTrue},
		{`"x" in claims.none`, ann, isFalse},
		{`"x" in claims["none"]`, nobody, isFalse},
		{`claims["no" + "ne"] == []`, ann, isTrue},
		{`claims[identity.subject].exists(v, true)`, ann, isFalse},
		{`claims.none.all(v, v == "x")`, ann, isTrue},
		{`has(claims.none)`, ann, isFalse},
		{`has(claims.empty)`, ann, isFalse},
		{`has(claims.team)`, ann, isTrue},
		{`"none" in claims`, ann, isFalse},
		{`"empty" in claims`, ann, isFalse},
		{`claims.exists(name, name == "team") && size(claims) == 4`, ann, isTrue},
		{`claims == {"one": ["1"], "team": ["red", "blue"], "a b": ["x"], "word": ["seven"]}`, ann, isTrue},
		{`has(identity.email) && has(identity.groups) && has(identity.auth_time)`, ann, isTrue},
		{`has(identity.email) || has(identity.groups) || has(identity.auth_time)`, nobody, isFalse},

		// What can't be evaluated gives nothing, and takes away.
		{`claims.none[0] == "x"`, ann, fails},
		{`claims.none[0] != "x"`, ann, fails},
		{`claims.team[2] == "green"`, ann, fails},
		{`int(claims.word[0]) > 3`, ann, fails},
		{`identity.auth_time < timestamp("2030-01-01T00:00:00Z")`, nobody, fails},
		{`timestamp(claims.word[0]) < timestamp("2030-01-01T00:00:00Z")`, ann, fails},
		{`!(claims.none[0] == "x")`, ann, fails},
		// False beats what fails, and so does true within ||; the order doesn't matter.
		{`claims.none[0] == "x" && "x" in identity.groups`, ann, isFalse},
		{`"x" in identity.groups && claims.none[0] == "x"`, ann, isFalse},
		{`claims.none[0] == "x" && "dev" in identity.groups`, ann, fails},
		{`identity.email.endsWith("nowhere") && claims.none[0] == "x"`, ann, isFalse},
		{`claims.none[0] == "x" || "dev" in identity.groups`, ann, isTrue},
		{`claims.none[0] == "x" || "x" in identity.groups`, ann, fails},
	} {
		t.Run(c.when, func(t *testing.T) {
			check := compile(t, whenRules(c.when))
			if c.want == isTrue {
				check.allow(c.id, "shop-prod/admin")
			} else {
				check.deny(c.id, "shop-prod/admin")
			}
			if c.want == isFalse {
				check.allow(c.id, "shop-dev/deploy")
			} else {
				check.deny(c.id, "shop-dev/deploy")
			}
		})
	}
}

// A claim's text is a value to CEL, whatever it looks like (threat A1).
func TestClaimsAreNotCode(t *testing.T) {
	c := compile(t, whenRules(`claims.team[0] == "red" || identity.email == "root@example.com"`))
	for _, text := range []string{`red"`, `" || true || "`, `red" || "a" == "a`, "true", "*", "r?d", "{account}", "claims.team[0]", "red\x00"} {
		id := claim("team", text)
		id.Email = text
		c.deny(id, "shop-prod/admin")
	}
}

// An expression that takes too long is given up, which counts as one that can't be evaluated.
func TestCostLimit(t *testing.T) {
	c := compile(t, whenRules(`identity.groups.all(a, claims.many.all(b, a + b != "x"))`))
	small := claim("many", "1", "2")
	small.Groups = []string{"a", "b"}
	c.allow(small, "shop-prod/admin")
	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprintf("group-%d", i))
	}
	big := claim("many", many...)
	big.Groups = many
	c.deny(big, "shop-prod/admin", "shop-dev/deploy")
	// Twelve hundred groups alone are an honest person's.
	c = compile(t, whenRules(`identity.groups.exists(g, g.startsWith("group-1199")) && identity.groups.all(g, g.contains("group"))`))
	c.allow(groups(many...), "shop-prod/admin")
}

func TestWhenFaults(t *testing.T) {
	for when, text := range map[string]string{
		`identity.provider = "corp"`:                  "1:19: a single = compares nothing: write ==",
		`"a" in claims.b & "c" in claims.d`:           "1:17: a single & joins nothing: write &&",
		`"a" in claims.b and "c" in claims.d`:         "1:17: and is not expected here; write && for and",
		`not ("a" in claims.b)`:                       "1:5: \"not\" is not known here",
		`"a" IN claims.b`:                             "1:5: IN is not expected here; write in, in small letters",
		`"a" in claims.urn:b`:                         `1:18: ":" is not expected here; a claim whose name isn't of letters, digits and _ is claims["NAME"]`,
		`"dev in identity.groups`:                     "1:1: a text has no closing quote",
		`“dev” in identity.groups`:                    "1:1: “ is no quote here",
		`"a" in claims.b ; true`:                      `1:17: ";" has no meaning here`,
		`"a" in claims.b &&`:                          "1:19: the expression ends too early",
		`("a" in claims.b`:                            "1:17: a ) is missing",
		`"dev" in identity.group`:                     `1:18: identity has no "group"; did you mean "groups"?`,
		`"dev" in identity.teams_of_mine`:             "it has acr, amr,",
		`identity["provider"] == "corp"`:              "1:9: [] can't be applied to Identity and a text",
		`"dev" in claim.team`:                         `1:10: "claim" is not known here`,
		`claims.team == "red"`:                        `== can't be applied to a list of texts and a text; claims and groups are lists of texts: write "value" in claims.NAME`,
		`identity.groups.contains("x")`:               "contains can't be applied to a list of texts and a text",
		`!claims.a`:                                   "! can't be applied to a list of texts;",
		`claims.team[0] == 5`:                         "== can't be applied to a text and a number",
		`claims.team`:                                 "gives a list of texts, but must give true or false",
		`"dev"`:                                       "gives a text",
		`identity`:                                    "gives Identity",
		`identity.email.matches("dev@example.com")`:   "matches is not available",
		`dyn(claims.team) == "red"`:                   "dyn",
		`type(claims) == map`:                         "type",
		`[identity.email, 1][0] == "x"`:               "",
		`Identity{provider: "corp"} == identity`:      "can't be made",
		`identity.provider == "crop"`:                 `did you mean "corp"?`,
		`true`:                                        "anyone: true",
		`"a" == "a"`:                                  "anyone: true",
		`now() > identity.auth_time`:                  `1:4: "now" is not known here`,
		`identity.auth_time > timestamp("yesterday")`: "timestamp",
		`has(claims)`:                                 "has() takes",
		`claims.a.all(x, claims.b.all(y, claims.c.all(z, x + y == z)))`:             "nest",
		strings.Repeat("(", 200) + `"a" in claims.b` + strings.Repeat(")", 200):     "",
		`"a" in claims.b && ` + strings.Repeat(`"a" in claims.b && `, 400) + `true`: "",
		"   ": "",
	} {
		t.Run(when[:min(len(when), 40)], func(t *testing.T) {
			wantProblem(t, whenRules(when), "rules[0].when", text)
			wantProblem(t, whenRules(when), "rules[2].when", text)
		})
	}
}

// Equal conditions are one program, and equalities are found inside of expressions, so that they need none.
func TestConditionsAreShared(t *testing.T) {
	var rules []policy.Rule
	for i := range 20 {
		rules = append(rules, policy.Rule{
			Name: fmt.Sprint(i), Roles: []string{"shop-prod/admin"},
			When: fmt.Sprintf(`identity.provider == "corp" && ("g%d" in identity.groups || "h" in claims["t"]) && identity.email.endsWith( "@example.com" )`, i),
		})
	}
	c := compile(t, shop(rules...))
	if got := c.policy.Conditions(); got != 1 {
		t.Errorf("%d programs for one condition", got)
	}
	if got := c.policy.Always(); got != 0 {
		t.Errorf("%d rules without an index", got)
	}
	id := email("ann@example.com")
	id.Groups = []string{"g7"}
	if e := c.policy.Entitlements(id); len(e) != 1 || !slices.Equal(e[0].Rules, []string{"7"}) {
		t.Errorf("have %v", e)
	}
	// These look alike and are not.
	c = compile(t, shop(
		policy.Rule{Name: "text", When: `claims.a[0] + "1" == "11"`, Roles: []string{"shop-prod/admin"}},
		policy.Rule{Name: "number", When: `int(claims.a[0]) + 1 == 11`, Roles: []string{"shop-prod/readonly"}},
		policy.Rule{Name: "escaped", When: `claims.a[0] + "\x31" == "11"`, Roles: []string{"shop-dev/readonly"}},
		policy.Rule{Name: "raw", When: `claims.a[0] + r"\x31" == "11"`, Roles: []string{"shop-dev/deploy"}},
	))
	if got := c.policy.Conditions(); got != 3 {
		t.Errorf("%d programs; text and escaped are the same tree, the others are not", got)
	}
	c.allow(claim("a", "1"), "shop-dev/readonly")
	c.deny(claim("a", "1"), "shop-prod/readonly", "shop-dev/deploy")
}
