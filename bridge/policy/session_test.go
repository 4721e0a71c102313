package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// own grants the role at roles[3] to everybody.
func own(t *testing.T, r policy.Role) func(bridge.Identity) (bridge.Grant, error) {
	t.Helper()
	src := withRole(r)
	src.Rules = []policy.Rule{{Name: "all", Anyone: true, Roles: []string{"shop-prod/own"}}}
	c := compile(t, src)
	return func(id bridge.Identity) (bridge.Grant, error) {
		return c.policy.Grant(id, bridge.RoleKey{Account: prod, Name: "own"})
	}
}

func TestGrantFillsInTheSession(t *testing.T) {
	grant := own(t, policy.Role{
		Tags:           map[string]string{"Team": "claims.team[0]", "CostCentre": `"4711"`, "Dept": "claims.dept", "Who": `identity.provider + ":" + identity.subject`, "Nothing": `""`},
		SourceIdentity: "identity.email",
	})
	id := email("ann@example.com")
	id.Claims = bridge.Claims{"team": {"Röd grün 7", "blue"}, "dept": {"eng/platform"}, "https://aws.amazon.com/tags": {"Team=root"},
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:Team": {"root"}} // the IdP's own tags are ignored (threat A9)
	got, err := grant(id)
	if err != nil {
		t.Fatal(err)
	}
	want := []bridge.Tag{{Key: "CostCentre", Value: "4711"}, {Key: "Dept", Value: "eng/platform"}, {Key: "Nothing"}, {Key: "Team", Value: "Röd grün 7"}, {Key: "Who", Value: "corp:u-1"}}
	if !slices.Equal(got.Tags, want) || got.SourceIdentity != "ann@example.com" || got.Role.Key.Name != "own" || got.Entitlement.Role != got.Role.Key {
		t.Errorf("have %+v", got)
	}
}

func TestTagNeedsOneValue(t *testing.T) {
	for name, c := range map[string]struct {
		expression string
		values     []string
		want       string // "" refuses
	}{
		"one":            {"claims.team", []string{"red"}, "red"},
		"first of two":   {"claims.team[0]", []string{"red", "blue"}, "red"},
		"longest":        {"claims.team", []string{strings.Repeat("ü", 256)}, strings.Repeat("ü", 256)},
		"alphabet":       {"claims.team", []string{"aZ0 _.:/=+-@ÄЖ文"}, "aZ0 _.:/=+-@ÄЖ文"},
		"filtered":       {`claims.team.filter(t, t.startsWith("b"))`, []string{"red", "blue"}, "blue"},
		"two":            {"claims.team", []string{"red", "blue"}, ""},
		"twice the same": {"claims.team", []string{"red", "red"}, ""},
		"none":           {"claims.team", nil, ""},
		"none at 0":      {"claims.team[0]", nil, ""},
		"none at 1":      {"claims.team[1]", []string{"red"}, ""},
		"other claim":    {"claims.teams", []string{"red"}, ""},
		"empty":          {"claims.team", []string{""}, ""},
		"filtered out":   {`claims.team.filter(t, t == "x")`, []string{"red"}, ""},
		"too long":       {"claims.team", []string{strings.Repeat("x", 257)}, ""},
		"comma":          {"claims.team", []string{"red,blue"}, ""},
		"quote":          {"claims.team", []string{`red"`}, ""},
		"newline":        {"claims.team", []string{"red\nblue"}, ""},
		"NUL":            {"claims.team", []string{"red\x00"}, ""},
		"markup":         {"claims.team", []string{"<b>"}, ""},
		"brace":          {"claims.team", []string{"${aws:username}"}, ""},
		"star":           {"claims.team", []string{"*"}, ""},
		"not UTF-8":      {"claims.team", []string{"red\xff"}, ""},
		"bidi":           {"claims.team", []string{"red\u202e"}, ""},
		"emoji":          {"claims.team", []string{"🔥"}, ""},
		"not a number":   {"string(int(claims.team[0]))", []string{"secret-word"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			grant := own(t, policy.Role{Tags: map[string]string{"Team": c.expression}})
			got, err := grant(claim("team", c.values...))
			if c.want != "" {
				if err != nil || !slices.Equal(got.Tags, []bridge.Tag{{Key: "Team", Value: c.want}}) {
					t.Errorf("%v, %v", got.Tags, err)
				}
				return
			}
			code, _, detail := bridge.Explain(err)
			if code != bridge.CodeTagValue || !strings.Contains(detail, "Team (claims.team") {
				t.Errorf("%s %q", code, detail)
			}
			if got.Role.Key != (bridge.RoleKey{}) {
				t.Errorf("a refused grant holds %+v", got)
			}
			for _, v := range c.values {
				if len(v) > 3 && strings.Contains(err.Error(), v) {
					t.Errorf("the claim's value is in the log: %v", err)
				}
			}
		})
	}
}

func TestSourceIdentityNeedsOneValue(t *testing.T) {
	for value, ok := range map[string]bool{
		"ann@example.com": true, "a+b=c,d.e-f_": true, "42": true, strings.Repeat("a", 64): true,
		"": false, "a": false, strings.Repeat("a", 65): false, "ann b": false, "ann/b": false, "ann:b": false, "aws:ann": false, "änn": false,
		"ann\n": false, "ann*": false, "{ann}": false, `ann"`: false,
	} {
		t.Run(fmt.Sprintf("%.20q", value), func(t *testing.T) {
			got, err := own(t, policy.Role{SourceIdentity: "identity.email"})(email(value))
			if ok && (err != nil || got.SourceIdentity != value) {
				t.Errorf("%+v, %v", got, err)
			}
			if code, _, detail := bridge.Explain(err); !ok && (code != bridge.CodeSourceIdentity || !strings.Contains(detail, "identity.email")) {
				t.Errorf("%s %q", code, detail)
			}
		})
	}
	for _, values := range [][]string{nil, {"ann", "bob"}} {
		_, err := own(t, policy.Role{SourceIdentity: "claims.uid"})(claim("uid", values...))
		if bridge.CodeOf(err) != bridge.CodeSourceIdentity {
			t.Errorf("%q: %v", values, err)
		}
	}
}

func TestSessionFaults(t *testing.T) {
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = `"v"`
	}
	tags := func(key, expression string) policy.Role { return policy.Role{Tags: map[string]string{key: expression}} }
	for name, c := range map[string]struct {
		role       policy.Role
		path, text string
	}{
		"too many":          {policy.Role{Tags: many}, "tags", "50 at most"},
		"aws":               {tags("aws:Team", `"x"`), "tags.aws:Team", "AWS's own"},
		"AWS":               {tags("AWS:x", `"x"`), "tags.AWS:x", "AWS's own"},
		"empty key":         {tags("", `"x"`), "tags[]", "1 to 128"},
		"long key":          {tags(strings.Repeat("k", 129), `"x"`), "tags." + strings.Repeat("k", 129), "1 to 128"},
		"key":               {tags("a*b", `"x"`), "tags.a*b", "1 to 128"},
		"key with a dot":    {tags("a.b", `1`), "tags[a.b]", "gives a number"},
		"one key twice":     {policy.Role{Tags: map[string]string{"Team": `"a"`, "team": `"b"`}}, "tags.team", "ignores case"},
		"no string":         {tags("Team", `1 + 1`), "tags.Team", "gives a number"},
		"a bool":            {tags("Team", `"x" in claims.team`), "tags.Team", "gives true or false"},
		"no quotes":         {tags("Team", `4711`), "tags.Team", "gives a number"},
		"misspelt":          {tags("Team", `claim.team`), "tags.Team", `did you mean "claims"?`},
		"blank":             {tags("Team", ` `), "tags.Team", "is empty"},
		"static, two":       {tags("Team", `["a", "b"]`), "tags.Team", "2 values"},
		"static, none":      {tags("Team", `["a"][1]`), "tags.Team", "no such value"},
		"static, alphabet":  {tags("Team", `"a;b"`), "tags.Team", "doesn't fit"},
		"static, length":    {tags("Team", `"`+strings.Repeat("x", 257)+`"`), "tags.Team", "doesn't fit"},
		"transitive":        {policy.Role{Tags: map[string]string{"Team": `"a"`}, TransitiveTags: []string{"team"}}, "transitive_tags[0]", `did you mean "Team"?`},
		"transitive, alone": {policy.Role{TransitiveTags: []string{"Team"}}, "transitive_tags[0]", "not among tags"},
		"transitive, twice": {policy.Role{Tags: map[string]string{"Team": `"a"`}, TransitiveTags: []string{"Team", "Team"}}, "transitive_tags[1]", "twice"},
		"source, type":      {policy.Role{SourceIdentity: "identity.auth_time"}, "source_identity", "gives a time"},
		"source, static":    {policy.Role{SourceIdentity: `"x"`}, "source_identity", "2 to 64"},
		"source, field":     {policy.Role{SourceIdentity: "identity.mail"}, "source_identity", `did you mean "email"?`},
	} {
		t.Run(name, func(t *testing.T) { wantProblem(t, withRole(c.role), "roles[3]."+c.path, c.text) })
	}
}

// Threat A10: the policy is data; no claim gets into it.
func TestSessionPolicyIsData(t *testing.T) {
	const document = `{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::{claims.team}/${aws:username}"}]}`
	grant := own(t, policy.Role{SessionPolicy: document})
	for _, hostile := range []string{"red", `"}]}`, `","Resource":"*`, "*", "${", "\\", "{account}"} {
		id := claim("team", hostile)
		id.Claims["claims.team"] = []string{hostile}
		got, err := grant(id)
		if err != nil || got.Role.SessionPolicy != document {
			t.Errorf("%q: %s, %v", hostile, got.Role.SessionPolicy, err)
		}
	}
}

// Grants of one policy share nothing that one person's grant could change for another.
func TestGrantsAreSeparate(t *testing.T) {
	grant := own(t, policy.Role{Tags: map[string]string{"Team": "claims.team"}, SourceIdentity: "identity.email"})
	people := map[string]bridge.Identity{}
	for _, team := range []string{"red", "blue", "green"} {
		id := claim("team", team)
		id.Email = team + "@example.com"
		people[team] = id
	}
	done := make(chan error)
	for range 4 {
		go func() {
			for range 200 {
				for team, id := range maps.All(people) {
					g, err := grant(id)
					if err != nil || g.Tags[0].Value != team || g.SourceIdentity != team+"@example.com" {
						done <- fmt.Errorf("%s got %+v, %v", team, g, err)
						return
					}
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
