package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// How rules of a benchmark say whom they are for. Five of them match, whatever their number.
const (
	indexOnly  = "index"    // provider and groups
	sharedCEL  = "leftover" // groups, and a condition that all rules share
	wholeInCEL = "cel"      // all in one expression, each rule its own text
)

const benchRoles = 50

func benchSource(rules int, kind string) policy.Source {
	src := policy.Source{
		Accounts:  []bridge.Account{{ID: "111122223333", Name: "main"}},
		Providers: []policy.Provider{{Name: "corp", Kind: "saml"}},
	}
	for i := range benchRoles {
		src.Roles = append(src.Roles, policy.Role{
			Name: fmt.Sprintf("role-%d", i), Accounts: []string{"main"}, Via: policy.ViaList{bridge.ViaAssumeRole},
			ARN: fmt.Sprintf("arn:aws:iam::{account}:role/Role%d", i),
		})
	}
	for i := range rules {
		r := policy.Rule{Name: fmt.Sprintf("rule %d", i), Roles: []string{fmt.Sprintf("main/role-%d", i%benchRoles)}}
		group := fmt.Sprintf("group-%d", i)
		switch kind {
		case indexOnly:
			r.Provider, r.Groups = "corp", []string{group}
		case sharedCEL:
			r.Provider, r.Groups, r.When = "corp", []string{group}, `identity.email.endsWith("@example.com")`
		case wholeInCEL:
			r.When = fmt.Sprintf(`identity.provider == "corp" && identity.email.endsWith("@example.com") && %q in identity.groups`, group)
		}
		src.Rules = append(src.Rules, r)
	}
	return src
}

func benchIdentity(groups int) bridge.Identity {
	id := bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "u-1", Email: "ann@example.com"}
	for i := range groups {
		if i%(groups/5) == 0 {
			id.Groups = append(id.Groups, fmt.Sprintf("group-%d", i/(groups/5)))
			continue
		}
		id.Groups = append(id.Groups, fmt.Sprintf("some-other-team-%d", i))
	}
	return id
}

func mustCompile(tb testing.TB, src policy.Source) *policy.Policy {
	tb.Helper()
	p, problems := policy.Compile(src)
	if len(problems) > 0 {
		tb.Fatalf("%d problems, first %s", len(problems), problems[0])
	}
	return p
}

// floor is what no engine can beat: a Go map from group to roles, filled in by hand for these rules.
type floor struct {
	roles map[string][]int32
	found []int32
}

func newFloor(rules int) *floor {
	f := &floor{roles: map[string][]int32{}}
	for i := range rules {
		f.roles[fmt.Sprintf("group-%d", i)] = []int32{int32(i % benchRoles)}
	}
	return f
}

func (f *floor) match(id *bridge.Identity) int {
	f.found = f.found[:0]
	for _, g := range id.Groups {
		f.found = append(f.found, f.roles[g]...)
	}
	return len(f.found)
}

// linear is the usual way: a CEL program a rule, one after the other.
type linear struct{ programs []cel.Program }

func newLinear(tb testing.TB, rules int) *linear {
	env, err := cel.NewEnv(cel.Variable("provider", cel.StringType), cel.Variable("email", cel.StringType),
		cel.Variable("groups", cel.ListType(cel.StringType)))
	if err != nil {
		tb.Fatal(err)
	}
	l := &linear{}
	for i := range rules {
		ast, issues := env.Compile(fmt.Sprintf(`provider == "corp" && email.endsWith("@example.com") && "group-%d" in groups`, i))
		if issues.Err() != nil {
			tb.Fatal(issues.Err())
		}
		program, err := env.Program(ast)
		if err != nil {
			tb.Fatal(err)
		}
		l.programs = append(l.programs, program)
	}
	return l
}

func (l *linear) match(id *bridge.Identity) int {
	vars := map[string]any{"provider": id.Provider, "email": id.Email, "groups": id.Groups}
	n := 0
	for _, program := range l.programs {
		if out, _, err := program.Eval(vars); err == nil && out.Value() == true {
			n++
		}
	}
	return n
}

// BenchmarkMatch is the matching core at four sizes, beside a Go map that does the least that must be done, and beside a
// CEL program a rule.
func BenchmarkMatch(b *testing.B) {
	for _, groups := range []int{25, 200} {
		id := benchIdentity(groups)
		for _, rules := range []int{10, 100, 1000, 10_000} {
			name := fmt.Sprintf("groups=%d/rules=%d", groups, rules)
			run := func(engine string, match func(*bridge.Identity) int) {
				b.Run(name+"/engine="+engine, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if n := match(&id); n != 5 {
							b.Fatalf("%d matches", n)
						}
					}
				})
			}
			run("map", newFloor(rules).match)
			for _, kind := range []string{indexOnly, sharedCEL, wholeInCEL} {
				run(kind, mustCompile(b, benchSource(rules, kind)).Match)
			}
			if groups == 25 || rules <= 1000 {
				run("cel-linear", newLinear(b, rules).match)
			}
		}
	}
}

// BenchmarkRatio interleaves the engines in one process and reports medians as multiples of the Go map: figures that
// survive a busy machine.
func BenchmarkRatio(b *testing.B) {
	for _, groups := range []int{25, 200} {
		id := benchIdentity(groups)
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			engines := []func(*bridge.Identity) int{newFloor(10_000).match, newFloor(10).match, newFloor(10_000).match}
			names := []string{"map", "map-10", "map-10000"}
			for _, kind := range []string{indexOnly, sharedCEL, wholeInCEL} {
				for _, rules := range []int{10, 10_000} {
					engines = append(engines, mustCompile(b, benchSource(rules, kind)).Match)
					names = append(names, fmt.Sprintf("%s-%d", kind, rules))
				}
			}
			medians := interleave(engines, &id, max(b.N, 200))
			for i, name := range names {
				if i > 2 {
					b.ReportMetric(medians[i]/medians[0], name+"/map")
				}
			}
			for i := 1; i < len(names); i += 2 {
				b.ReportMetric(medians[i+1]/medians[i], names[i][:len(names[i])-3]+"-growth")
			}
			b.ReportMetric(medians[0], "map-ns")
		})
	}
}

func interleave(engines []func(*bridge.Identity) int, id *bridge.Identity, sweeps int) []float64 {
	const each = 50
	times := make([][]float64, len(engines))
	for range sweeps {
		for i, match := range engines {
			began := time.Now()
			for range each {
				match(id)
			}
			times[i] = append(times[i], float64(time.Since(began).Nanoseconds())/each)
		}
	}
	medians := make([]float64, len(engines))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][len(times[i])/2]
	}
	return medians
}

// BenchmarkCompile is the load of a configuration: time, and what stays of it in memory for each rule.
func BenchmarkCompile(b *testing.B) {
	for _, kind := range []string{indexOnly, sharedCEL, wholeInCEL} {
		for _, rules := range []int{1000, 10_000} {
			src := benchSource(rules, kind)
			b.Run(fmt.Sprintf("kind=%s/rules=%d", kind, rules), func(b *testing.B) {
				mustCompile(b, src) // the CEL environment is made once a process
				for b.Loop() {
					mustCompile(b, src)
				}
				b.StopTimer()
				b.ReportMetric(float64(heapOf(func() any { return mustCompile(b, src) }))/float64(rules), "B/rule")
			})
		}
	}
}

func heapOf(build func() any) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := build()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return max(after.HeapAlloc, before.HeapAlloc) - before.HeapAlloc
}

// BenchmarkEntitlements is what a door calls.
func BenchmarkEntitlements(b *testing.B) {
	id := benchIdentity(25)
	p := mustCompile(b, benchSource(1000, sharedCEL))
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Entitlements(id)) != 5 {
			b.Fatal("not five roles")
		}
	}
}
