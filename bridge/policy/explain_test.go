package policy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

func TestExplain(t *testing.T) {
	c := compile(t, shop(
		policy.Rule{Name: "platform team", Groups: []string{"aws-platform", "sre"}, Roles: []string{"shop-prod/admin", "shop-*/readonly"}},
		policy.Rule{Name: "developers", Provider: "corp", When: `"dev" in identity.groups && "FTE" in claims["employment.type"] && identity.email.endsWith("@example.com")`, Roles: []string{"readonly"}},
		policy.Rule{Name: "naming", GroupPattern: "aws-{account}-{role}"},
		policy.Rule{Name: "asserted", AssertedRoles: true},
		policy.Rule{Name: "by claim", Claims: map[string][]string{"team": {"red", "blue"}}, Emails: []string{"ann@example.com"}, Roles: []string{"shop-dev/deploy"}},
		policy.Rule{Name: "leavers", When: `claims.status[0] == "leaving"`, Deny: []string{"shop-prod/*"}},
	))
	prodAdmin, devRead, deploy := c.key("shop-prod/admin"), c.key("shop-dev/readonly"), c.key("shop-dev/deploy")

	e := c.policy.Explain(groups("dev"), prodAdmin)
	wantRules(t, e, "platform team no", "naming no", "asserted no", "leavers yes")
	wantText(t, e, "No rule gives you this role, and rule \"leavers\" takes it away.", "you are in none of the groups aws-platform, sre",
		"you are not in group aws-shop-prod-admin", "doesn't assert arn:aws:iam::111122223333:role/team/Admin",
		"can't be decided (there is no such value in the list)", "counts as true when it can't be decided")

	active := claim("status", "active")
	active.Groups = []string{"sre"}
	e = c.policy.Explain(active, prodAdmin)
	wantRules(t, e, "platform team yes", "naming no", "asserted no", "leavers no")
	wantText(t, e, `Rule "platform team" gives you this role.`, "you are in group sre", `not true: claims.status[0] == "leaving"`)

	active.Claims["status"] = []string{"leaving"}
	e = c.policy.Explain(active, prodAdmin)
	wantText(t, e, `Rule "leavers" takes this role away from you, although rule "platform team" gives it.`)

	half := claim("employment.type", "contractor")
	half.Groups, half.Provider = []string{"dev", "aws-shop-dev-readonly"}, "staff"
	e = c.policy.Explain(half, devRead)
	wantRules(t, e, "platform team no", "developers no", "naming yes", "asserted no")
	wantText(t, e, `Rule "naming" gives you this role.`, "you signed in with staff, not with corp",
		`not true: "FTE" in claims["employment.type"]; not true: identity.email.endsWith("@example.com")`)
	if strings.Contains(text(t, e), `not true: "dev" in identity.groups`) {
		t.Error("a part that holds is blamed")
	}

	e = c.policy.Explain(claim("team", "green"), deploy)
	wantText(t, e, "None of the 3 rules that could give you this role matches.", "your claim team has none of the values red, blue",
		"your sign-in brought no verified e-mail address")
	e = c.policy.Explain(email("bob@example.com"), deploy)
	wantText(t, e, "None of the 3 rules that could give you this role matches.", "you have no claim team", "your e-mail address is another: bob@example.com", "claims: {team: [red, blue]}", "emails: [ann@example.com]")
	ann := claim("team", "blue")
	ann.Email = "ann@example.com"
	ann.Claims[bridge.AttributeRole] = []string{"arn:aws:iam::444455556666:role/Deploy,arn:aws:iam::444455556666:saml-provider/Corp"}
	wantText(t, c.policy.Explain(ann, deploy), `Rules "asserted" and "by claim" give you this role.`, "your claim team has the value blue", "asserts arn:aws:iam::444455556666:role/Deploy")
}

func TestExplainWithoutRules(t *testing.T) {
	c := compile(t, shop(policy.Rule{Name: "only", Anyone: true, Roles: []string{"shop-dev/deploy"}}))
	wantText(t, c.policy.Explain(groups(), c.key("shop-prod/admin")), "No rule gives this role to anybody.")
	wantText(t, c.policy.Explain(groups(), c.key("shop-dev/deploy")), `Rule "only" gives you this role.`, "anyone: true")
	c = compile(t, shop(policy.Rule{Name: "only", Groups: []string{"x"}, Roles: []string{"shop-dev/deploy"}}))
	wantText(t, c.policy.Explain(groups(), c.key("shop-dev/deploy")), `The only rule that could give you this role, "only", doesn't match.`)
}

func text(t *testing.T, e bridge.Explanation) string {
	t.Helper()
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var plain strings.Builder
	plain.WriteString(e.Reason + "\n")
	for _, r := range e.Rules {
		for _, c := range r.Clauses {
			plain.WriteString(c.Clause + "\n" + c.Detail + "\n")
		}
	}
	if strings.Contains(string(out), "null") {
		t.Errorf("a list is null in JSON: %s", out)
	}
	return plain.String()
}

func wantText(t *testing.T, e bridge.Explanation, parts ...string) {
	t.Helper()
	have := text(t, e)
	if e.Reason != parts[0] {
		t.Errorf("the reason is %q, want %q", e.Reason, parts[0])
		if !strings.Contains(have, parts[0]) {
			return
		}
	}
	for _, part := range parts {
		if !strings.Contains(have, part) {
			t.Errorf("lacks %q:\n%s", part, have)
		}
	}
}

func wantRules(t *testing.T, e bridge.Explanation, want ...string) {
	t.Helper()
	var have []string
	for _, r := range e.Rules {
		word := " no"
		if r.Matched {
			word = " yes"
		}
		have = append(have, r.Rule+word)
	}
	if !slices.Equal(have, want) {
		t.Errorf("%s: rules are %q, want %q", e.Role, have, want)
	}
}
