package trust_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestMutations spoils every policy that the generator prints in every way: the doctor says so, and each of its fixes,
// applied as the diff that it is, mends what it was given for.
func TestMutations(t *testing.T) {
	counts := map[string]int{}
	for _, c := range loopCases() {
		if !worthSpoiling(c) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			found := asPlanned(plan.Accounts[0])
			for _, m := range mutations {
				var p spoiled
				if err := json.Unmarshal(found.Role.TrustPolicy, &p); err != nil {
					t.Fatal(err)
				}
				if !m.change(c.need, p) {
					continue
				}
				raw, _ := json.Marshal(p)
				if before, after := compact(t, found.Role.TrustPolicy), compact(t, raw); before == after {
					continue
				}
				spoilt := found
				spoilt.Role.TrustPolicy = raw
				counts[m.name]++
				checkMutation(t, c, m, spoilt)
			}
		})
	}
	for _, m := range mutations {
		if counts[m.name] == 0 {
			t.Errorf("mutation %q applies to nothing", m.name)
		}
	}
}

// worthSpoiling leaves out what differs from another case in its partition's name, in the length of sessions, or in fewer
// things that are sent.
func worthSpoiling(c loopCase) bool {
	everything := strings.HasSuffix(c.name, "-everything")
	switch n := c.need; {
	case n.Role.ARN.Partition != "aws":
		return everything && n.Role.ARN.Partition == "aws-cn"
	case c.options.RoleAuthorizedByIDP || everything:
		return everything
	}
	plain := len(c.need.Role.TagKeys) == 0 && !c.need.Role.HasSourceIdentity && c.need.Role.MaxSession == time.Hour
	return plain || strings.HasSuffix(c.name, "-optional") || strings.HasSuffix(c.name, "-some-tags")
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func checkMutation(t *testing.T, c loopCase, m mutation, found trust.Found) {
	t.Helper()
	findings := trust.Diagnose(c.need, found, time.Now())
	i := slices.IndexFunc(findings, func(f trust.Finding) bool { return f.Code == m.want })
	if i < 0 {
		// Tags without a limit are only worth a word where there is room for one.
		if m.want != trust.CodeTagsAny || !strings.Contains(c.name, "many-tags") {
			t.Errorf("%s: got %v, want %s\n%s", m.name, codesOf(findings), m.want, found.Role.TrustPolicy)
		}
		return
	}
	for _, f := range findings {
		checkFix(t, c, m.name, found, findings, f)
	}
	mend(t, c, m, found)
}

func codesOf(findings []trust.Finding) []trust.Code {
	var out []trust.Code
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

// checkFix applies one fix: the finding is gone, and no error has come.
func checkFix(t *testing.T, c loopCase, name string, found trust.Found, before []trust.Finding, f trust.Finding) {
	t.Helper()
	if f.Fix == "" {
		if f.Policy != "" && f.Code != trust.CodeNotPolicy {
			t.Errorf("%s: %s: a policy without a diff", name, f.Code)
		}
		return
	}
	printed, err := trust.Pretty(found.Role.TrustPolicy)
	if err != nil {
		t.Fatal(err)
	}
	fixed := patch(t, printed, f.Fix)
	if fixed != f.Policy {
		t.Errorf("%s: %s: the diff doesn't give the policy\n%s", name, f.Code, f.Fix)
	}
	found.Role.TrustPolicy = []byte(fixed)
	for _, now := range trust.Diagnose(c.need, found, time.Now()) {
		if now.Code == f.Code {
			t.Errorf("%s: %s is still there after its fix:\n%s\n%s", name, f.Code, f.Fix, now.Detail)
		}
		if now.Severity == trust.SeverityError && !slices.Contains(codesOf(before), now.Code) && !uncovered(before, now.Code) {
			t.Errorf("%s: the fix of %s brings %s: %s\n%s\n%s", name, f.Code, now.Code, now.Summary, f.Fix, now.Detail)
		}
	}
}

// uncovered tells whether a finding could only be seen once another was mended: until we are let in, and while a document
// isn't one, nothing can be said about what else gets in.
func uncovered(before []trust.Finding, _ trust.Code) bool {
	return slices.ContainsFunc(before, func(f trust.Finding) bool {
		return strings.HasPrefix(string(f.Code), "trust-refused-") || f.Code == trust.CodeOperator || f.Code == trust.CodeNotPolicy ||
			f.Code == trust.CodeAnyone || f.Code == trust.CodePrincipalPattern
	})
}

// mend applies one fix after the other, worst first, until there are none: what is left lets us in, and has no error.
func mend(t *testing.T, c loopCase, m mutation, found trust.Found) {
	t.Helper()
	for range 12 {
		findings := trust.Diagnose(c.need, found, time.Now())
		i := slices.IndexFunc(findings, func(f trust.Finding) bool { return f.Fix != "" })
		if i < 0 {
			for _, f := range findings {
				if f.Severity == trust.SeverityError && f.Code != trust.CodeOperator {
					t.Errorf("%s: nothing mends %s: %s %s\n%s", m.name, f.Code, f.Summary, f.Detail, found.Role.TrustPolicy)
				}
			}
			v := trust.Judge(c.need, found, time.Now())
			open := m.want == trust.CodeUnknown || m.want == trust.CodeDepends || m.want == trust.CodeOperator
			if v.Answer != trust.Allow && !open {
				t.Errorf("%s: mended, and yet %+v", m.name, v)
			}
			return
		}
		found.Role.TrustPolicy = []byte(findings[i].Policy)
	}
	t.Errorf("%s: never mended:\n%s", m.name, found.Role.TrustPolicy)
}

// patch applies a unified diff as patch(1) does, strictly: every line that it names must be there.
func patch(t *testing.T, from, diff string) string {
	t.Helper()
	lines := strings.SplitAfter(from, "\n")
	var out []string
	at := 0
	for _, l := range strings.SplitAfter(diff, "\n") {
		switch {
		case l == "" || strings.HasPrefix(l, "--- ") || strings.HasPrefix(l, "+++ "):
		case strings.HasPrefix(l, "@@ -"):
			start, _, _ := strings.Cut(strings.TrimPrefix(l, "@@ -"), ",")
			n, err := strconv.Atoi(start)
			if err != nil || n-1 < at {
				t.Fatalf("hunk %q", l)
			}
			out = append(out, lines[at:n-1]...)
			at = n - 1
		case l[0] == '+':
			out = append(out, l[1:])
		case at >= len(lines) || lines[at] != l[1:]:
			t.Fatalf("the diff says %q where %d is %q", l, at, lines[min(at, len(lines)-1)])
		default:
			if l[0] == ' ' {
				out = append(out, l[1:])
			}
			at++
		}
	}
	return strings.Join(append(out, lines[at:]...), "")
}
