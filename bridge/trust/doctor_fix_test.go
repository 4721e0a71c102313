package trust_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// spoil changes the policy of a sound account.
func spoil(t *testing.T, f trust.Found, change func(spoiled)) trust.Found {
	t.Helper()
	var p spoiled
	if err := json.Unmarshal(f.Role.TrustPolicy, &p); err != nil {
		t.Fatal(err)
	}
	change(p)
	f.Role.TrustPolicy, _ = json.Marshal(p)
	return f
}

func find(t *testing.T, findings []trust.Finding, code trust.Code) trust.Finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f trust.Finding) bool { return f.Code == code })
	if i < 0 {
		t.Fatalf("no %s among %v", code, codesOf(findings))
	}
	return findings[i]
}

// TestFixesKeepWhatIsMeant: a Deny, or a condition that is none of ours, goes only with the finding that is about it.
func TestFixesKeepWhatIsMeant(t *testing.T) {
	n, f := sound(t, "aws-issuer-everything")
	f = spoil(t, f, func(p spoiled) {
		withoutAction("sts:SetSourceIdentity")(n, p)
		p.add(object{"Sid": "Guard", "Effect": "Deny", "Principal": "*", "Action": "sts:TagSession"})
	})
	findings := trust.Diagnose(n, f, time.Now())
	if fix := find(t, findings, trust.CodeNoSourceIdentity).Policy; !strings.Contains(fix, "Guard") {
		t.Errorf("the Deny goes with something else:\n%s", fix)
	}
	if fix := find(t, findings, trust.CodeRefusedDeny); strings.Contains(fix.Policy, "Guard") || !strings.Contains(fix.Detail, "on purpose") {
		t.Errorf("got %+v", fix)
	}

	f = spoil(t, f, func(p spoiled) {
		p["Statement"] = p["Statement"].([]any)[:2]
		replaced(":aud", "StringEquals", constant("sts.amazonaws.com"))(n, p)
		demand("Bool", "aws:SecureTransport", "false")(n, p)
	})
	findings = trust.Diagnose(n, f, time.Now())
	for _, code := range []trust.Code{trust.CodeRefusedAudience, trust.CodeRefusedCondition} {
		if !slices.Contains(codesOf(findings), code) {
			continue
		}
		fix := find(t, findings, code)
		if kept := strings.Contains(fix.Policy, "aws:SecureTransport"); kept != (code == trust.CodeRefusedAudience) {
			t.Errorf("%s: the condition is kept: %t", code, kept)
		}
	}
}

// TestFixesKeepOthers: who else is named in our statement keeps what he had.
func TestFixesKeepOthers(t *testing.T) {
	n, f := sound(t, "aws-issuer-tags")
	const other = "arn:aws:iam::111122223333:oidc-provider/ci.example.com"
	f = spoil(t, f, func(p spoiled) {
		for _, s := range p.statements() {
			s["Principal"].(object)["Federated"] = []any{other, n.ProviderARN()}
		}
		dropped(":sub")(n, p)
	})
	fix := find(t, trust.Diagnose(n, f, time.Now()), trust.CodeNoSubject)
	before, err := trust.Parse(f.Role.TrustPolicy)
	if err != nil {
		t.Fatal(err)
	}
	after, err := trust.Parse([]byte(fix.Policy))
	if err != nil {
		t.Fatal(err)
	}
	r := trust.Request{
		Principal: trust.Principal{Kind: trust.Federated, ID: other}, Action: "sts:AssumeRoleWithWebIdentity", Resource: n.Role.ARN.String(),
		Context: map[string][]string{"ci.example.com:sub": {"job-1"}, "bridge.example.com/aws:aud": {n.Role.Audience}},
	}
	if b, a := before.Evaluate(r).Effect, after.Evaluate(r).Effect; b != a {
		t.Errorf("the other provider: %s before, %s after\n%s", b, a, fix.Fix)
	}
	if strings.Count(fix.Policy, "ReadOnly/*") != 1 {
		t.Errorf("more than the call itself is changed:\n%s", fix.Fix)
	}
}

// TestFixesOfManyStatements: however many statements are too wide, one fix mends them all.
func TestFixesOfManyStatements(t *testing.T) {
	n, f := sound(t, "aws-issuer")
	var list []string
	for i := range 10 {
		list = append(list, fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Principal":{"Federated":%q},"Action":"sts:AssumeRoleWithWebIdentity",
			"Condition":{"StringEquals":{"bridge.example.com/aws:aud":%q},"StringLike":{"bridge.example.com/aws:sub":"*%d"}}}`, i, n.ProviderARN(), n.Role.Audience, i))
	}
	f.Role.TrustPolicy = []byte(`{"Statement":[` + strings.Join(list, ",") + `]}`)
	fix := find(t, trust.Diagnose(n, f, time.Now()), trust.CodeSubjectWide)
	f.Role.TrustPolicy = []byte(fix.Policy)
	if got := trust.Diagnose(n, f, time.Now()); len(got) != 0 {
		t.Errorf("got %v\n%s", codesOf(got), fix.Policy)
	}
}
