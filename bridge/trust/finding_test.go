package trust_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestCatalogueOfFindings: each code is described, once, and some test demands it.
func TestCatalogueOfFindings(t *testing.T) {
	shape := regexp.MustCompile(`^trust-[a-z]+(-[a-z]+)*$`)
	var seen []trust.Code
	for _, d := range trust.Codes() {
		if !shape.MatchString(string(d.Code)) || slices.Contains(seen, d.Code) {
			t.Errorf("code %q", d.Code)
		}
		seen = append(seen, d.Code)
		if !slices.Contains([]trust.Severity{trust.SeverityError, trust.SeverityWarning, trust.SeverityNote}, d.Severity) {
			t.Errorf("%s: severity %q", d.Code, d.Severity)
		}
		for _, text := range []string{d.Meaning, d.Remedy} {
			if !strings.HasSuffix(text, ".") || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %q is no sentence for a table", d.Code, text)
			}
		}
	}
	constants := regexp.MustCompile(`(?m)^\t(Code\w+) +Code += "(trust-[a-z-]+)"$`)
	source, err := os.ReadFile("finding_codes.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := testSources(t)
	found := constants.FindAllStringSubmatch(string(source), -1)
	if len(found) != len(seen) {
		t.Errorf("%d constants, %d descriptions", len(found), len(seen))
	}
	for i, c := range found {
		if i < len(seen) && seen[i] != trust.Code(c[2]) {
			t.Errorf("%s is described in another place than %s", c[2], seen[i])
		}
		if !regexp.MustCompile(`trust\.` + c[1] + `\b`).MatchString(tests) {
			t.Errorf("no test demands %s", c[1])
		}
	}
}

func testSources(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"doctor_mutations_list_test.go", "doctor_provider_test.go"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(raw)
	}
	return b.String()
}

// TestFindingsAsJSON: names are those of README.
func TestFindingsAsJSON(t *testing.T) {
	n, f := sound(t, "aws-issuer-tags")
	f.Role.TrustPolicy = []byte(strings.Replace(string(f.Role.TrustPolicy), "sts:TagSession", "sts:GetFederationToken", 1))
	raw, err := json.Marshal(trust.Diagnose(n, f, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(raw, &got); err != nil || len(got) != 1 {
		t.Fatalf("%v: %s", err, raw)
	}
	for name, want := range map[string]string{
		"code": "trust-no-tag-session", "severity": "error", "account": loopShop, "role": "readonly", "via": "issuer",
		"arn": "arn:aws:iam::111122223333:role/team/ReadOnly",
	} {
		if got[0][name] != want {
			t.Errorf("%s: %v", name, got[0][name])
		}
	}
	for _, name := range []string{"summary", "detail", "fix", "policy"} {
		if s, _ := got[0][name].(string); s == "" {
			t.Errorf("no %s", name)
		}
	}
	golden(t, "finding.diff", got[0]["fix"].(string))
}

// TestFindingsKeepSecrets: an external ID is not shown to whoever reads findings.
func TestFindingsKeepSecrets(t *testing.T) {
	n, f := sound(t, "aws-assume_role-external-id")
	f.Role.TrustPolicy = []byte(strings.Replace(string(f.Role.TrustPolicy), externalID, "secret-of-another-customer", 1))
	for _, got := range trust.Diagnose(n, f, time.Now()) {
		if text := got.Summary + got.Detail; strings.Contains(text, externalID) || strings.Contains(text, "secret-of") {
			t.Errorf("%s shows an external ID: %s", got.Code, text)
		}
	}
}
