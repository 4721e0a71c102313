package policy_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

func sourceOf(rules []written) policy.Source {
	src := shop()
	for _, r := range rules {
		src.Rules = append(src.Rules, r.Rule)
	}
	return src
}

// decisions is what a policy gives: role -> rules.
func decisions(c checker, id bridge.Identity) map[string][]string {
	out := map[string][]string{}
	for _, e := range c.policy.Entitlements(id) {
		role, _ := c.policy.Role(e.Role)
		out[role.Account.Name+"/"+e.Role.Name] = e.Rules
	}
	return out
}

func equal(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal) }

// Threat A4, over 10,000 random rule sets: the index says what the linear reference says, and so do explanations and
// grants; shuffling rules changes nothing; adding a deny never adds a role, and takes away what it names.
func TestProperties(t *testing.T) {
	sets := 10_000
	if testing.Short() {
		sets = 1_000
	}
	gave := 0
	for seed := range sets {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 7))}
		rules := make([]written, 1+d.IntN(5))
		for i := range rules {
			rules[i] = d.rule(fmt.Sprint("r", i), d.oneIn(4))
		}
		people := []bridge.Identity{d.identity(), d.identity(), d.identity()}
		c := compile(t, sourceOf(rules))
		shuffled := slices.Clone(rules)
		d.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other := compile(t, sourceOf(shuffled))
		extra := d.rule("extra", true)
		stricter := compile(t, sourceOf(append(slices.Clone(rules), extra)))
		for _, id := range people {
			want, have := reference(rules, id), decisions(c, id)
			gave += len(have)
			if !equal(want, have) {
				t.Fatalf("seed %d: %s: have %v, want %v, rules %+v", seed, who(id), have, want, sourceOf(rules).Rules)
			}
			if again := decisions(other, id); !equal(have, again) {
				t.Fatalf("seed %d: %s: shuffling changes %v to %v", seed, who(id), have, again)
			}
			for role := range decisions(stricter, id) {
				if _, had := have[role]; !had || extra.verdict(id) != triNo && names(extra.Deny, role) {
					t.Fatalf("seed %d: %s has %s with a further deny: %+v", seed, who(id), role, extra)
				}
			}
			agree(t, c, id, have)
		}
		if t.Failed() {
			t.Fatalf("seed %d: rules %+v", seed, sourceOf(rules).Rules)
		}
	}
	if gave < sets {
		t.Errorf("only %d roles were given in %d sets: the dice test nothing", gave, sets)
	}
}

// agree: explanation and grant say what the entitlements say.
func agree(t *testing.T, c checker, id bridge.Identity, have map[string][]string) {
	t.Helper()
	for name := range roleARNs {
		key := c.key(name)
		rules, entitled := have[name]
		e := c.policy.Explain(id, key)
		if e.Allowed != entitled {
			t.Errorf("%s: %s: entitled %t, explained %t", who(id), name, entitled, e.Allowed)
		}
		grant, err := c.policy.Grant(id, key)
		if entitled != (err == nil) || entitled && !slices.Equal(grant.Rules, rules) {
			t.Errorf("%s: %s: entitled %t, granted %v, %v", who(id), name, entitled, grant.Rules, err)
		}
		var gave []string
		for _, r := range e.Rules {
			if r.Matched && !r.Deny {
				gave = append(gave, r.Rule)
			}
		}
		slices.Sort(gave)
		if entitled && !slices.Equal(gave, rules) {
			t.Errorf("%s: %s: rules %v, explained %v", who(id), name, rules, gave)
		}
	}
}

// The matching core asks for no memory where the index can answer.
func TestIndexNeedsNoMemory(t *testing.T) {
	match := mustCompile(t, benchSource(1000, indexOnly)).Matcher()
	id := benchIdentity(25)
	if n := testing.AllocsPerRun(100, func() { match(&id) }); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}
