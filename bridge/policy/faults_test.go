package policy_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

func TestRuleFaults(t *testing.T) {
	admin := []string{"shop-prod/admin"}
	ops := []string{"ops"}
	for name, c := range map[string]struct {
		rule       policy.Rule
		path, text string
	}{
		"no name":            {policy.Rule{Groups: ops, Roles: admin}, "rules[0].name", "missing"},
		"blank name":         {policy.Rule{Name: " ", Groups: ops, Roles: admin}, "rules[0].name", "missing"},
		"hostile name":       {policy.Rule{Name: "a\x1b[31m", Groups: ops, Roles: admin}, "rules[0].name", "printed"},
		"no clause":          {policy.Rule{Name: "r", Roles: admin}, "rules[0]", "anyone: true"},
		"deny no clause":     {policy.Rule{Name: "r", Deny: admin}, "rules[0]", "anyone: true"},
		"anyone and more":    {policy.Rule{Name: "r", Anyone: true, Groups: ops, Roles: admin}, "rules[0].anyone", "contradicts"},
		"no role":            {policy.Rule{Name: "r", Groups: ops}, "rules[0]", "names no role"},
		"empty roles":        {policy.Rule{Name: "r", Groups: ops, Roles: []string{}}, "rules[0].roles", "names no role"},
		"empty deny":         {policy.Rule{Name: "r", Groups: ops, Deny: []string{}}, "rules[0].deny", "names no role"},
		"two ways":           {policy.Rule{Name: "r", Groups: ops, Roles: admin, Deny: admin}, "rules[0].deny", "two rules"},
		"pattern and roles":  {policy.Rule{Name: "r", Roles: admin, GroupPattern: "a-{account}-{role}"}, "rules[0].group_pattern", "two rules"},
		"pattern and deny":   {policy.Rule{Name: "r", Deny: admin, GroupPattern: "a-{account}-{role}"}, "rules[0].deny", "two rules"},
		"asserted and roles": {policy.Rule{Name: "r", Roles: admin, AssertedRoles: true}, "rules[0].asserted_roles", "two rules"},
		"everything":         {policy.Rule{Name: "r", Groups: ops, Roles: []string{"*"}}, "rules[0].roles[0]", "deny only"},
		"everything twice":   {policy.Rule{Name: "r", Groups: ops, Roles: []string{"*/*"}}, "rules[0].roles[0]", "deny only"},
		"everything hidden":  {policy.Rule{Name: "r", Groups: ops, Roles: []string{"shop-prod/admin", "?*/**?"}}, "rules[0].roles[1]", "deny only"},
		"empty pattern":      {policy.Rule{Name: "r", Groups: ops, Roles: []string{""}}, "rules[0].roles[0]", "names no role"},
		"half pattern":       {policy.Rule{Name: "r", Groups: ops, Roles: []string{"/admin"}}, "rules[0].roles[0]", "names no role"},
		"other half":         {policy.Rule{Name: "r", Groups: ops, Deny: []string{"shop-prod/"}}, "rules[0].deny[0]", "names no role"},
		"three parts":        {policy.Rule{Name: "r", Groups: ops, Roles: []string{"a/b/c"}}, "rules[0].roles[0]", "no account"},
		"unknown role":       {policy.Rule{Name: "r", Groups: ops, Roles: []string{"admni"}}, "rules[0].roles[0]", `did you mean "admin"?`},
		"unknown account":    {policy.Rule{Name: "r", Groups: ops, Roles: []string{"shop-prd/admin"}}, "rules[0].roles[0]", `did you mean "shop-prod"?`},
		"role elsewhere":     {policy.Rule{Name: "r", Groups: ops, Roles: []string{"shop-dev/admin"}}, "rules[0].roles[0]", `not configured for account "shop-dev"`},
		"role of no account": {policy.Rule{Name: "r", Groups: ops, Roles: []string{"gov/readonly"}}, "rules[0].roles[0]", "not configured for account"},
		"glob of nothing":    {policy.Rule{Name: "r", Groups: ops, Roles: []string{"shop-*/x*"}}, "rules[0].roles[0]", "matches no configured role"},
		"deny of nothing":    {policy.Rule{Name: "r", Groups: ops, Deny: []string{"amdin"}}, "rules[0].deny[0]", `did you mean "admin"?`},
		"regex":              {policy.Rule{Name: "r", Groups: ops, Roles: []string{"shop-(prod|dev)/admin"}}, "rules[0].roles[0]", "no account"},
		"unknown provider":   {policy.Rule{Name: "r", Provider: "crop", Roles: admin}, "rules[0].provider", `did you mean "corp"?`},
		"empty group":        {policy.Rule{Name: "r", Groups: []string{"ops", ""}, Roles: admin}, "rules[0].groups[1]", "is empty"},
		"blank group":        {policy.Rule{Name: "r", Groups: []string{"\t"}, Roles: admin}, "rules[0].groups[0]", "is empty"},
		"no groups":          {policy.Rule{Name: "r", Groups: []string{}, Provider: "corp", Roles: admin}, "rules[0].groups", "match nobody"},
		"empty value":        {policy.Rule{Name: "r", Claims: map[string][]string{"team": {""}}, Roles: admin}, "rules[0].claims.team[0]", "is empty"},
		"no values":          {policy.Rule{Name: "r", Claims: map[string][]string{"team": nil}, Provider: "corp", Roles: admin}, "rules[0].claims.team", "match nobody"},
		"no claims":          {policy.Rule{Name: "r", Claims: map[string][]string{}, Provider: "corp", Roles: admin}, "rules[0].claims", "is empty"},
		"nameless claim":     {policy.Rule{Name: "r", Claims: map[string][]string{"": {"x"}}, Roles: admin}, "rules[0].claims[]", "without a name"},
		"odd claim":          {policy.Rule{Name: "r", Claims: map[string][]string{"urn:a.b": {""}}, Roles: admin}, "rules[0].claims[urn:a.b][0]", "is empty"},
		"no e-mails":         {policy.Rule{Name: "r", Emails: []string{}, Provider: "corp", Roles: admin}, "rules[0].emails", "match nobody"},
		"empty e-mail":       {policy.Rule{Name: "r", Emails: []string{""}, Roles: admin}, "rules[0].emails[0]", "not an e-mail"},
		"domain":             {policy.Rule{Name: "r", Emails: []string{"@example.com"}, Roles: admin}, "rules[0].emails[0]", "not an e-mail"},
		"e-mail glob":        {policy.Rule{Name: "r", Emails: []string{"*@example.com"}, Roles: admin}, "rules[0].emails[0]", "without wildcards"},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, shop(c.rule), c.path, c.text) })
	}
	ok := policy.Rule{Name: "twice", Groups: ops, Roles: admin}
	wantProblem(t, shop(ok, ok), "rules[1].name", "is the name of rules[0] already")
}

// Every fault is reported at once, and a faulty source makes no policy.
func TestAllFaultsAtOnce(t *testing.T) {
	src := shop(
		policy.Rule{Name: "a", When: `identity.nope == "x"`, Roles: []string{"amdin"}, Groups: []string{""}},
		policy.Rule{Name: "a", Roles: []string{"*"}},
	)
	src.Accounts[0].ID = "42"
	src.Roles[0].Via, src.Roles[0].MaxSession = policy.ViaList{"issuer"}, 5e9
	src.Roles[2].ARN = "arn:aws:iam::{account}:user/x"
	p, problems := policy.Compile(src)
	if p != nil {
		t.Error("there is a policy")
	}
	var paths []string
	for _, problem := range problems {
		paths = append(paths, problem.Path)
	}
	want := "accounts[0].id roles[0].max_session roles[0].via roles[2].arn rules[0].groups[0] rules[0].when " +
		"rules[0].roles[0] rules[1].name rules[1] rules[1].roles[0]"
	for _, path := range strings.Fields(want) {
		if !strings.Contains(" "+strings.Join(paths, " ")+" ", " "+path+" ") {
			t.Errorf("nothing is reported at %s; have\n%s", path, lines(problems))
		}
	}
}

// An account's fault isn't found again in its roles.
func TestAccountFaultsDoNotCascade(t *testing.T) {
	for path, change := range map[string]func(*bridge.Account){
		"accounts[0].id":        func(a *bridge.Account) { a.ID = "" },
		"accounts[0].partition": func(a *bridge.Account) { a.Partition = "aws-moon" },
	} {
		src := shop(policy.Rule{Name: "a", Groups: []string{"x"}, Roles: []string{"shop-prod/admin"}})
		change(&src.Accounts[0])
		if _, problems := policy.Compile(src); len(problems) != 1 || problems[0].Path != path {
			t.Errorf("have\n%s", lines(problems))
		}
	}
}

// What rules say about roles isn't blamed on the rules when the roles are at fault.
func TestFaultsDoNotCascade(t *testing.T) {
	src := shop(policy.Rule{Name: "a", Groups: []string{"x"}, Roles: []string{"shop-prod/admin", "readonly"}})
	src.Roles[1].Accounts = []string{"shop-prd"}
	_, problems := policy.Compile(src)
	if len(problems) != 1 || problems[0].Path != "roles[1].accounts[0]" || !strings.Contains(problems[0].Message, `did you mean "shop-prod"?`) {
		t.Errorf("have\n%s", lines(problems))
	}
}

func TestAccountFaults(t *testing.T) {
	for path, change := range map[string]func([]bridge.Account){
		"accounts[0].id":        func(a []bridge.Account) { a[0].ID = "11112222333" },
		"accounts[1].id":        func(a []bridge.Account) { a[1].ID = prod },
		"accounts[2].name":      func(a []bridge.Account) { a[2].Name = "shop-prod" },
		"accounts[1].name":      func(a []bridge.Account) { a[1].Name = "444455556667" },
		"accounts[0].name":      func(a []bridge.Account) { a[0].Name = "shop/prod" },
		"accounts[2].partition": func(a []bridge.Account) { a[2].Partition = "aws-moon" },
	} {
		t.Run(path, func(t *testing.T) {
			src := shop()
			change(src.Accounts)
			wantProblem(t, src, path, "")
		})
	}
}

// Check reports the faults of rules and of the tests of them in one go, and blames nothing for what couldn't be read.
func TestCheckBothAtOnce(t *testing.T) {
	src := shop(policy.Rule{Name: "a", Provider: "crop", Groups: []string{"x"}, Roles: []string{"amdin"}})
	cases := []policy.Case{
		{Name: "same", Identity: policy.CaseIdentity{Provider: "crop"}, Allow: []string{"amdin"}},
		{Name: "same", Deny: []string{"*"}},
	}
	if have := lines(policy.Check(src, cases)); strings.Count(have, "\n")+1 != 5 || !strings.Contains(have, `tests[1].name: "same" is the name of tests[0] already`) {
		t.Errorf("have\n%s", have)
	}
	src.Unread = policy.Unread{Roles: true, Providers: true}
	if have := policy.Check(src, cases); len(have) != 1 || have[0].Path != "tests[1].name" {
		t.Errorf("have\n%s", lines(have))
	}
	src = shop(policy.Rule{Name: "a", Groups: []string{"x"}, Roles: []string{"shop-prd/admin"}})
	src.Roles[0].Accounts = []string{"shop-prd"}
	src.Unread = policy.Unread{Accounts: true}
	if have := policy.Check(src, nil); len(have) != 0 {
		t.Errorf("have\n%s", lines(have))
	}
}

// Names stand in URL paths: one that a browser, a proxy or a reader takes for something else is refused.
func TestOddNames(t *testing.T) {
	for _, name := range []string{".", "..", "...", ".git", "a/b", "a b", "a%2e", "ä", "a\n", "", strings.Repeat("a", 65)} {
		src := shop()
		src.Roles[0].Name = name
		wantProblem(t, src, "roles[0].name", "a role's name has 1 to 64")
		src = shop()
		src.Accounts[0].Name = name
		wantProblem(t, src, "accounts[0].name", "an account's name has 1 to 64")
	}
}
