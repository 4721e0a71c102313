package trust_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "a/b", true}, {"a*c", "abbbc", true}, {"a*b*c", "aXbYbZc", true},
		{"?", "é", true}, {"a?c", "abc", true}, {"**x", "x", true}, {"*@example.com", "ada@example.com", true},
		{"", "a", false}, {"a", "", false}, {"?", "", false}, {"a", "A", false}, {"a*c", "ab", false}, {"a?c", "ac", false},
		{"*@example.com", "ada@example.com.evil", false}, {"*@example.com", "ada@exampleXcom", false}, {"a", "aa", false},
		{"[a]", "a", false}, {"a.c", "abc", false}, {`\*`, "*", false},
	} {
		if got := trust.Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %t", c.pattern, c.s, got)
		}
	}
}

// TestMatchExhaustively compares all short patterns and texts with a matcher that tries everything, character by character.
func TestMatchExhaustively(t *testing.T) {
	patterns, texts := words([]rune("*?a中"), 5), words([]rune("a中é"), 4)
	for _, pattern := range patterns {
		for _, s := range texts {
			if got, want := trust.Match(string(pattern), string(s)), tried(pattern, s); got != want {
				t.Fatalf("Match(%q, %q) = %t", string(pattern), string(s), got)
			}
		}
	}
}

// words are all texts of up to n of these characters.
func words(alphabet []rune, n int) [][]rune {
	out, last := [][]rune{nil}, [][]rune{nil}
	for range n {
		var next [][]rune
		for _, w := range last {
			for _, r := range alphabet {
				next = append(next, append(slices.Clone(w), r))
			}
		}
		out, last = append(out, next...), next
	}
	return out
}

func tried(pattern, s []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(s) == 0
	case pattern[0] == '*':
		return tried(pattern[1:], s) || len(s) > 0 && tried(pattern, s[1:])
	}
	return len(s) > 0 && (pattern[0] == '?' || pattern[0] == s[0]) && tried(pattern[1:], s[1:])
}

// TestMatchIsBounded: a policy as long as IAM takes, made of what costs a matcher most, still comes to an end.
func TestMatchIsBounded(t *testing.T) {
	var values []string
	for range 18 {
		values = append(values, `"`+strings.Repeat("*a", 100)+`b"`)
	}
	policy := statement("Allow", `{"AWS":"111122223333"}`, `"sts:*"`, fmt.Sprintf(`{"ForAllValues:StringNotLike":{"k:v":[%s]}}`, strings.Join(values, ",")))
	done := make(chan trust.Decision, 1)
	go func() {
		done <- evaluate(t, policy, trust.Request{Principal: user, Action: "sts:AssumeRole", Context: map[string][]string{
			"k:v": {strings.Repeat("a", 8<<10), strings.Repeat("ba", 4<<10) + "c"},
		}})
	}()
	select {
	case d := <-done:
		if d.Effect != trust.Allow {
			t.Errorf("got %s (%s)", d.Effect, d.Reason)
		}
	case <-time.After(time.Minute):
		t.Error("still at it after a minute")
	}
}
