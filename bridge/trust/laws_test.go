package trust_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// policies is how many a law is tried on.
const policies = 2000

// laws runs a property on many made-up policies. A failure names the seed and prints the policy.
func laws(t *testing.T, property func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision)) {
	t.Helper()
	t.Parallel()
	for seed := range uint64(policies) {
		r := rand.New(rand.NewPCG(seed, 1))
		list := policyOf(r)
		property(t, r, list, judge(t, list, world))
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, document(list))
		}
	}
}

func judge(t *testing.T, list []sample, r trust.Request) trust.Decision {
	t.Helper()
	if len(list) == 0 {
		return trust.Decision{Effect: trust.Deny, Statement: -1}
	}
	return evaluate(t, document(list), r)
}

func TestReference(t *testing.T) {
	seen := map[trust.Effect]int{}
	laws(t, func(t *testing.T, _ *rand.Rand, list []sample, d trust.Decision) {
		seen[d.Effect]++
		if want := reference(list); d.Effect != want {
			t.Errorf("got %s (%s), the reference says %s", d.Effect, d.Reason, want)
		}
	})
	for _, effect := range []trust.Effect{trust.Allow, trust.Deny, trust.Unknown} {
		if seen[effect] < policies/20 {
			t.Errorf("%d policies of %d come to %s: the made-up ones try too little", seen[effect], policies, effect)
		}
	}
}

// TestDenyOnlyTakesAway: whatever a further Deny says, it lets nobody in.
func TestDenyOnlyTakesAway(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision) {
		more := makeUp(r)
		more.Effect = "Deny"
		after := judge(t, slices.Insert(slices.Clone(list), r.IntN(len(list)+1), more), world)
		if after.Effect == trust.Allow && d.Effect != trust.Allow {
			t.Errorf("%s becomes Allow by a Deny", d.Effect)
		}
		if d.Explicit && !after.Explicit {
			t.Errorf("an explicit Deny goes away by another")
		}
	})
}

// TestAllowNeverLiftsADeny: a further Allow changes nothing about an explicit Deny, and takes nobody's access.
func TestAllowNeverLiftsADeny(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision) {
		more := makeUp(r)
		more.Effect = "Allow"
		after := judge(t, slices.Insert(slices.Clone(list), r.IntN(len(list)+1), more), world)
		if d.Explicit && !after.Explicit || d.Effect == trust.Allow && after.Effect != trust.Allow {
			t.Errorf("%s (explicit %t) becomes %s by an Allow", d.Effect, d.Explicit, after.Effect)
		}
	})
}

// TestUnknownOperatorNeverAllows: a statement with an operator that nobody knows lets nobody in who isn't let in without
// it, and neither does such a condition in a statement.
func TestUnknownOperatorNeverAllows(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision) {
		strange := map[string][]string{pick(r, fitting("String")): {"ada"}}
		more := makeUp(r)
		more.Condition["StringResembles"] = strange
		if after := judge(t, append(slices.Clone(list), more), world); after.Effect == trust.Allow && d.Effect != trust.Allow {
			t.Errorf("%s becomes Allow by a statement with an unknown operator", d.Effect)
		}
		changed := slices.Clone(list)
		i := r.IntN(len(list))
		changed[i].Condition = maps.Clone(changed[i].Condition)
		changed[i].Condition["StringResembles"] = strange
		after := judge(t, changed, world)
		if after.Effect == trust.Allow && d.Effect != trust.Allow {
			t.Errorf("%s becomes Allow by an unknown operator in statement %d", d.Effect, i)
		}
		if after.Effect == trust.Allow && judge(t, slices.Delete(slices.Clone(list), i, i+1), world).Effect != trust.Allow {
			t.Errorf("a statement with an unknown operator allows")
		}
	})
}

// TestOrderDoesNotMatter: the same statements in another order come to the same, and the one that is named does decide.
func TestOrderDoesNotMatter(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision) {
		shuffled := slices.Clone(list)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		after := judge(t, shuffled, world)
		if after.Effect != d.Effect || after.Explicit != d.Explicit || after.Named != d.Named || (after.Statement < 0) != (d.Statement < 0) {
			t.Errorf("%+v becomes %+v", d, after)
		}
		if d.Statement < 0 {
			return
		}
		alone := []sample{list[d.Statement]}
		if d.Effect == trust.Unknown && alone[0].Effect == "Deny" {
			alone = append(alone, sample{Effect: "Allow", Principal: map[string][]string{"AWS": {"*"}}, Action: []string{"*"}})
		}
		if one := judge(t, alone, world); one.Effect != d.Effect || one.Explicit != d.Explicit || one.Condition != d.Condition {
			t.Errorf("statement %d is named for %+v, and alone it comes to %+v", d.Statement, d, one)
		}
	})
}

// TestLessKnowledge: who knows less about the call gets the same answer or Unknown, never another.
func TestLessKnowledge(t *testing.T) {
	laws(t, func(t *testing.T, r *rand.Rand, list []sample, d trust.Decision) {
		less := world
		less.Context = maps.Clone(world.Context)
		key := pick(r, slices.Sorted(maps.Keys(world.Context)))
		delete(less.Context, key)
		less.Opaque = append(slices.Clone(world.Opaque), key)
		if after := judge(t, list, less); after.Effect != d.Effect && after.Effect != trust.Unknown {
			t.Errorf("%s becomes %s without %s", d.Effect, after.Effect, key)
		}
	})
}

// TestAllIsTheWorst: several actions come to the worst of their answers.
func TestAllIsTheWorst(t *testing.T) {
	rank := map[trust.Effect]int{trust.Deny: 0, trust.Unknown: 1, trust.Allow: 2}
	laws(t, func(t *testing.T, _ *rand.Rand, list []sample, d trust.Decision) {
		p, err := trust.Parse([]byte(document(list)))
		if err != nil {
			t.Fatal(err)
		}
		want := d
		for _, action := range []string{"sts:TagSession", "sts:SetSourceIdentity"} {
			request := world
			request.Action = action
			if next := p.Evaluate(request); rank[next.Effect] < rank[want.Effect] {
				want = next
			}
		}
		got := p.EvaluateAll(world, "sts:TagSession", "sts:SetSourceIdentity")
		if got.Effect != want.Effect || got.Action != want.Action {
			t.Errorf("got %s for %s, want %s for %s", got.Effect, got.Action, want.Effect, want.Action)
		}
	})
}
