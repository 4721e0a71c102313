package policy_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// made gives the tag Who and the source identity that a role makes of the e-mail address.
func made(t testing.TB) func(text string) (tag, source string, err error) {
	src := withRole(policy.Role{Tags: map[string]string{"Who": "tagValue(identity.email)"}, SourceIdentity: "sourceIdentity(identity.email)"})
	src.Rules = []policy.Rule{{Name: "all", Anyone: true, Roles: []string{"shop-prod/own"}}}
	p := mustCompile(t, src)
	return func(text string) (string, string, error) {
		grant, err := p.Grant(email(text), bridge.RoleKey{Account: prod, Name: "own"})
		if err != nil {
			return "", "", err
		}
		return grant.Tags[0].Value, grant.SourceIdentity, nil
	}
}

func TestTransforms(t *testing.T) {
	make := made(t)
	for text, want := range map[string]struct{ tag, source string }{
		"ann@example.com":                    {"ann@example.com", `ann@example\.com`},
		"a+b=c,d.e-f_":                       {"a+b=c_d.e-f_", `a\+b=c,d\.e-f_`},
		"Ann Blå":                            {"Ann Blå", "Ann-Bl--[a-z2-7]{16}"},
		"red, blue & <b>":                    {"red_ blue _ _b_", "red,-blue----b--[a-z2-7]{16}"},
		" a\u2003b\u00a0":                    {"a\u2003b", "-a-b--[a-z2-7]{16}"},
		strings.Repeat("a", 255) + " b":      {strings.Repeat("a", 255), "a{47}-[a-z2-7]{16}"},
		"a":                                  {"a", "a-[a-z2-7]{16}"},
		"文":                                  {"文", "--[a-z2-7]{16}"},
		"aws:root":                           {"aws:root", "aws-root-[a-z2-7]{16}"},
		"x\xff\x00\u202e🔥y":                  {"x____y", "x----y-[a-z2-7]{16}"},
		"${aws:username}*":                   {"__aws:username__", "--aws-username---[a-z2-7]{16}"},
		strings.Repeat("a", 64):              {strings.Repeat("a", 64), "a{64}"},
		strings.Repeat("a", 65):              {strings.Repeat("a", 65), "a{47}-[a-z2-7]{16}"},
		strings.Repeat("ü", 300):             {strings.Repeat("ü", 256), "-{47}-[a-z2-7]{16}"},
		"ann-b-aaaaaaaaaaaaaaaa":             {"ann-b-aaaaaaaaaaaaaaaa", "ann-b-aaaaaaaaaaaaaaaa-[a-z2-7]{16}"},
		"ann-b-aaaaaaaaaaaaaaa1":             {"ann-b-aaaaaaaaaaaaaaa1", "ann-b-aaaaaaaaaaaaaaa1"},
		strings.Repeat(",", 300) + "trailer": {strings.Repeat("_", 256), ",{47}-[a-z2-7]{16}"},
	} {
		tag, source, err := make(text)
		if err != nil || tag != want.tag || !regexp.MustCompile("^"+want.source+"$").MatchString(source) {
			t.Errorf("%.40q became %q and %q, %v", text, tag, source, err)
		}
	}
}

// What says nothing is refused, and isn't made into something.
func TestTransformsOfNothing(t *testing.T) {
	make := made(t)
	for _, text := range []string{"", " ", "\t\u00a0"} {
		tag, source, err := make(text)
		if code := bridge.CodeOf(err); code != bridge.CodeSourceIdentity && code != bridge.CodeTagValue {
			t.Errorf("%q: %q, %q, %v", text, tag, source, err)
		}
	}
}

// Whoever may choose his own name can't choose it so that he becomes another.
func TestNobodyBecomesAnother(t *testing.T) {
	make := made(t)
	_, victim, err := make("ann b@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, attacker, err := make(victim); err != nil || attacker == victim {
		t.Errorf("%q stays %q, %v", victim, attacker, err)
	}
}

// A transform takes one text, or a list of one.
func TestTransformsOfLists(t *testing.T) {
	for name, c := range map[string]struct {
		expression string
		values     []string
		want       string
	}{
		"one":        {"tagValue(claims.team)", []string{"a,b"}, "a_b"},
		"a member":   {"tagValue(claims.team[1])", []string{"a", "b,c"}, "b_c"},
		"joined":     {`tagValue(claims.team[0] + "&" + claims.team[1])`, []string{"a", "b"}, "a_b"},
		"inside":     {`"x:" + tagValue(claims.team)`, []string{"<"}, "x:_"},
		"two":        {"tagValue(claims.team)", []string{"a", "b"}, ""},
		"none":       {"tagValue(claims.team)", nil, ""},
		"not enough": {"tagValue(claims.team[1])", []string{"a"}, ""},
		"afterwards": {`tagValue(claims.team) + ";"`, []string{"a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			grant, err := own(t, policy.Role{Tags: map[string]string{"Team": c.expression}})(claim("team", c.values...))
			if c.want != "" {
				if err != nil || grant.Tags[0].Value != c.want {
					t.Errorf("%v, %v", grant.Tags, err)
				}
				return
			}
			code, _, detail := bridge.Explain(err)
			if code != bridge.CodeTagValue || detail != "Team (claims.team)" {
				t.Errorf("%s %q", code, detail)
			}
			if n := len(c.values); name == "two" || name == "none" {
				if !strings.Contains(err.Error(), fmt.Sprintf("%d values, but exactly one is needed", n)) {
					t.Error(err)
				}
			}
		})
	}
}

// FuzzTransforms: whatever a provider says, what is made of it fits, and two texts never become one source identity.
func FuzzTransforms(f *testing.F) {
	for _, text := range []string{"", " ", "a", "ann@example.com", "ann b", "aws:x", "x-aaaaaaaaaaaaaaaa", strings.Repeat("ü", 300), "\xff", "<b>"} {
		f.Add(text, "ann@example.com")
		f.Add(text, text+" ")
		f.Add(text, "x-"+text)
	}
	make := made(f)
	f.Fuzz(func(t *testing.T, one, other string) {
		tag, source, err := make(one)
		if err != nil {
			if strings.TrimSpace(one) != "" {
				t.Errorf("%q is refused: %v", one, err)
			}
			return
		}
		if !bridge.ValidSessionName(source) || utf8.RuneCountInString(tag) > 256 || !utf8.ValidString(tag) || strings.TrimSpace(tag) != tag || strings.ContainsAny(tag, "\"<>*{}$\\\n\x00,;") {
			t.Errorf("%q became %q and %q", one, tag, source)
		}
		if n := utf8.RuneCountInString(strings.TrimSpace(one)); n <= 256 && utf8.RuneCountInString(tag) != n {
			t.Errorf("%q became the tag %q, which has another length", one, tag)
		}
		for _, second := range []string{other, source} {
			if _, again, err := make(second); err == nil && again == source && second != one {
				t.Errorf("%q and %q both became %q", one, second, source)
			}
		}
	})
}
