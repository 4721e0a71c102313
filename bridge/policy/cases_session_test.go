package policy_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/policy"
)

// TestCasesOfSessions: cases hold what sessions would carry against what is expected, all of it.
func TestCasesOfSessions(t *testing.T) {
	src := withRole(policy.Role{Tags: map[string]string{"Team": "tagValue(claims.team)", "Centre": `"4711"`}, SourceIdentity: "identity.email"})
	src.Rules = []policy.Rule{{Name: "all", Groups: []string{"dev"}, Roles: []string{"shop-prod/own"}}}
	c := compile(t, src)
	dev := policy.CaseIdentity{Groups: []string{"dev"}, Email: "ann@example.com", Claims: map[string][]string{"team": {"r&d"}}}
	tags := func(pairs ...string) map[string]string {
		all := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		return all
	}
	type expect = map[string]policy.CaseSession
	for name, test := range map[string]struct {
		who    policy.CaseIdentity
		expect expect
		want   string // "" passes; otherwise path and part of the message
	}{
		"holds":            {dev, expect{"shop-prod/own": {Tags: tags("Team", "r_d", "Centre", "4711"), SourceIdentity: "ann@example.com"}}, ""},
		"one of the two":   {dev, expect{"shop-prod/own": {SourceIdentity: "ann@example.com"}}, ""},
		"another value":    {dev, expect{"shop-prod/own": {Tags: tags("Team", "r&d", "Centre", "4711")}}, `tests[0].expect.shop-prod/own tag Team must be "r&d", and is "r_d"`},
		"one more":         {dev, expect{"shop-prod/own": {Tags: tags("Team", "r_d")}}, `tests[0].expect.shop-prod/own has the tag Centre = "4711", too`},
		"another person":   {dev, expect{"shop-prod/own": {SourceIdentity: "bob@example.com"}}, `tests[0].expect.shop-prod/own source identity must be "bob@example.com"`},
		"not given":        {policy.CaseIdentity{}, expect{"shop-prod/own": {SourceIdentity: "ann@example.com"}}, `tests[0].expect.shop-prod/own must have it. The only rule`},
		"refused":          {policy.CaseIdentity{Groups: []string{"dev"}}, expect{"shop-prod/own": {SourceIdentity: "ann@example.com"}}, `tests[0].expect.shop-prod/own is refused: tag Team: 0 values`},
		"elsewhere, too":   {dev, expect{"own": {SourceIdentity: "ann@example.com"}}, `tests[0].expect.own shop-dev/own: must have it. No rule gives this role`},
		"no such role":     {dev, expect{"shop-prod/own2": {SourceIdentity: "ann@example.com"}}, `tests[0].expect.shop-prod/own2 did you mean "own"?`},
		"no such tag":      {dev, expect{"own": {Tags: tags("team", "x")}}, `tests[0].expect.own.tags.team did you mean "Team"?`},
		"has none":         {dev, expect{"admin": {SourceIdentity: "ann@example.com"}}, `tests[0].expect.admin.source_identity shop-prod/admin has none`},
		"expects nothing":  {dev, expect{"own": {}}, `tests[0].expect.own expects nothing`},
		"a dot in the key": {dev, expect{"own": {Tags: tags("a.b", "x")}}, `tests[0].expect.own.tags[a.b] has no such tag`},
	} {
		t.Run(name, func(t *testing.T) {
			failures := c.policy.RunTests([]policy.Case{{Name: name, Identity: test.who, Expect: test.expect}})
			path, message, _ := strings.Cut(test.want, " ")
			for _, f := range failures {
				if test.want == "" {
					t.Error(f)
				} else if f.Path == path && strings.Contains(f.Message, message) && f.Case == name {
					return
				}
			}
			if test.want != "" {
				t.Errorf("want %s; have %v", test.want, failures)
			}
		})
	}
	// A fault that many accounts share is reported once.
	if problems := c.policy.CheckTests([]policy.Case{{Name: "x", Expect: expect{"own": {Tags: tags("x", "y")}}}}); len(problems) != 1 {
		t.Errorf("%v", problems)
	}
}
