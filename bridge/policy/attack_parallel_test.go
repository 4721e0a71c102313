package policy_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// TestAttackParallel: many people ask one policy at once, some of them with claims on which conditions fail. Each gets
// what they get when they ask alone, so nothing of one person is left in the room that the next one is decided in
// (threats A4, A14).
func TestAttackParallel(t *testing.T) {
	const policies, people, rounds = 6, 8, 20
	for seed := range policies {
		d := dice{rand.New(rand.NewPCG(uint64(seed), 11))}
		rules := make([]written, 8)
		for i := range rules {
			rules[i] = d.rule(fmt.Sprint("r", i), d.oneIn(4))
		}
		src := sourceOf(rules)
		src.Rules = append(src.Rules,
			policy.Rule{Name: "first team", When: `claims.team[0] == "red" && claims.team[1] != "blue"`, Roles: []string{"admin"}},
			policy.Rule{Name: "no second team", When: `claims.team[1] == "blue"`, Deny: []string{"deploy"}})
		ids := make([]bridge.Identity, people)
		alone := make([]map[string][]string, people)
		for i := range ids {
			ids[i] = d.identity()
			if ids[i].Claims == nil {
				ids[i].Claims = bridge.Claims{}
			}
			ids[i].Claims["team"] = [][]string{nil, {"red"}, {"red", "green"}, {"red", "blue"}}[i%4]
			alone[i] = decisions(compile(t, src), ids[i]) // a policy that nobody else has asked
		}
		shared := compile(t, src)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				for range rounds {
					if have := decisions(shared, ids[i]); !equal(have, alone[i]) {
						t.Errorf("policy %d: %s: have %v among others, %v alone", seed, who(ids[i]), have, alone[i])
						return
					}
				}
			})
		}
		all.Wait()
	}
}
