package policy_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/policy"
)

func TestCases(t *testing.T) {
	c := compile(t, shop(
		policy.Rule{Name: "dev", Provider: "corp", Groups: []string{"dev"}, Roles: []string{"readonly"}},
		policy.Rule{Name: "fresh", When: `identity.auth_time > timestamp("2026-01-01T00:00:00Z")`, Groups: []string{"ops"}, Roles: []string{"shop-prod/admin"}},
	))
	developer := policy.CaseIdentity{Provider: "corp", Groups: []string{"dev"}}
	for name, test := range map[string]struct {
		c    policy.Case
		want string // "" passes; otherwise path and part of the message
	}{
		"holds":        {policy.Case{Identity: developer, Allow: []string{"readonly", "shop-prod/readonly"}, Deny: []string{"admin", "shop-dev/deploy"}}, ""},
		"nobody":       {policy.Case{Deny: []string{"*"}}, ""},
		"time":         {policy.Case{Identity: policy.CaseIdentity{Groups: []string{"ops"}, AuthTime: "2026-07-01T00:00:00Z"}, Allow: []string{"admin"}}, ""},
		"no time":      {policy.Case{Identity: policy.CaseIdentity{Groups: []string{"ops"}}, Deny: []string{"admin"}}, ""},
		"must have":    {policy.Case{Identity: developer, Allow: []string{"readonly", "admin"}}, "tests[0].allow[1] must have shop-prod/admin"},
		"all of them":  {policy.Case{Identity: developer, Allow: []string{"shop-dev/*"}}, "tests[0].allow[0] must have shop-dev/deploy"},
		"must not":     {policy.Case{Identity: developer, Deny: []string{"shop-dev/readonly"}}, "tests[0].deny[0] must not have shop-dev/readonly"},
		"none of them": {policy.Case{Identity: developer, Deny: []string{"*"}}, "tests[0].deny[0] must not have shop-prod/readonly"},
		"says why":     {policy.Case{Identity: developer, Deny: []string{"readonly"}}, `tests[0].deny[0] Rule "dev" gives you this role.`},
		"unknown":      {policy.Case{Identity: developer, Deny: []string{"amdin"}}, `tests[0].deny[0] did you mean "admin"?`},
		"unknown too":  {policy.Case{Identity: developer, Allow: []string{"shop-prd/admin"}}, `tests[0].allow[0] did you mean "shop-prod"?`},
		"no pattern":   {policy.Case{Identity: developer, Allow: []string{""}}, "tests[0].allow[0] names no role"},
		"provider":     {policy.Case{Identity: policy.CaseIdentity{Provider: "crop"}, Deny: []string{"*"}}, `tests[0].identity.provider did you mean "corp"?`},
		"tests none":   {policy.Case{Identity: developer}, "tests[0] tests nothing"},
		"bad time":     {policy.Case{Identity: policy.CaseIdentity{AuthTime: "noon"}, Deny: []string{"*"}}, "tests[0].identity.auth_time not a time"},
	} {
		t.Run(name, func(t *testing.T) {
			test.c.Name = name
			failures := c.policy.RunTests([]policy.Case{test.c})
			if test.want == "" {
				for _, f := range failures {
					t.Error(f)
				}
				return
			}
			path, message, _ := strings.Cut(test.want, " ")
			for _, f := range failures {
				if f.Path == path && strings.Contains(f.Message, message) && f.Case == name {
					return
				}
			}
			t.Errorf("want %s; have %v", test.want, failures)
		})
	}
	if problems := c.policy.CheckTests([]policy.Case{{Deny: []string{"*"}}}); len(problems) != 1 || problems[0].Path != "tests[0].name" {
		t.Errorf("a case without a name: %v", problems)
	}
}
