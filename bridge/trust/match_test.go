package trust_test

import (
	"fmt"
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
