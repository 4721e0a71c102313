package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

const issuerRoles = `  - {name: good, accounts: [shop], arn: "arn:aws:iam::{account}:role/Good"}
  - {name: tagged, accounts: [shop], arn: "arn:aws:iam::{account}:role/Tagged", tags: {Team: '"web"'}, source_identity: identity.email}
  - {name: lost, accounts: [shop], arn: "arn:aws:iam::{account}:role/Lost"}
  - {name: signed, accounts: [shop], arn: "arn:aws:iam::{account}:role/Signed", via: assume_role, external_id: x-123}
  - {name: relayed, accounts: [data], arn: "arn:aws:iam::{account}:role/Relayed", via: saml, provider: corp, saml_provider: "arn:aws:iam::{account}:saml-provider/Corp"}`

func issuerWorld(t *testing.T) *trustWorld {
	w := newTrustWorld(t, issuerRoles)
	w.role("Good", w.policyFor("Good"), 12*time.Hour)
	w.role("Tagged", w.policyFor("Tagged"), 12*time.Hour)
	w.role("Signed", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+trustHome+`:user/fedbridge"},`+
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x-123"}}}]}`, time.Hour)
	return w
}

func (w *trustWorld) find(r report, role string) examined {
	w.Helper()
	for _, e := range r.Roles {
		if e.Role == role {
			return e
		}
	}
	w.Fatalf("no role %s in the report", role)
	return examined{}
}

// TestTrustLive: what STS says is reported role by role, in words, and recorded as a probe; relays are said to be untried.
func TestTrustLive(t *testing.T) {
	w := issuerWorld(t)
	r := w.check(exitFault, "--live")
	if got := w.find(r, "shop/good").Live; got.Result != liveTaken || got.As != "arn:aws:sts::"+trustShop+":assumed-role/Good/fedbridge-trust-check" {
		t.Errorf("good: %+v", got)
	}
	if got := w.find(r, "shop/signed").Live; got.Result != liveTaken {
		t.Errorf("signed: %+v", got)
	}
	if got := w.find(r, "shop/tagged").Live; got.Result != liveRefused || !got.Bare || got.Code != bridge.CodeSTSRefused ||
		!strings.Contains(got.Said, "403 AccessDenied") || got.Remedy == "" {
		t.Errorf("tagged: %+v", got)
	}
	if got := w.find(r, "shop/lost").Live; got.Result != liveRefused || got.Bare || got.Message == "" {
		t.Errorf("lost: %+v", got)
	}
	if got := w.find(r, "data/relayed").Live; got.Result != liveRelay || !strings.Contains(got.Message, "corp") {
		t.Errorf("relayed: %+v", got)
	}
	if s := r.Summary; s.Taken != 2 || s.Refused != 2 || s.Roles != 5 {
		t.Errorf("summary %+v", s)
	}
	var kinds []string
	for _, e := range w.entries() {
		if e.Kind == bridge.AuditProbe {
			kinds = append(kinds, e.Role+" "+string(e.Result))
		}
	}
	if all := strings.Join(kinds, ", "); len(kinds) != 5 || !strings.Contains(all, "good "+string(audit.Done)) || !strings.Contains(all, "lost "+string(audit.Failed)) {
		t.Errorf("recorded: %s", all)
	}
	for _, call := range w.aws.Captured() {
		if strings.HasPrefix(call.Action, "AssumeRole") && (!strings.Contains(call.Form.Get("Policy"), `"Deny"`) || call.Form.Get("DurationSeconds") != "900") {
			t.Errorf("STS was asked for more than a look: %v", call.Form)
		}
	}
}

// TestTrustLiveText: the same for people, and what is secret nowhere.
func TestTrustLiveText(t *testing.T) {
	w := issuerWorld(t)
	code, out, errs := w.run("check", "--live", "shop/tagged", "shop/good")
	if code != exitFault {
		t.Fatal(code, errs)
	}
	for _, line := range []string{
		"shop/good  via issuer, arn:aws:iam::" + trustShop + ":role/Good", "live     taken", "live     refused  AWS refused this role.",
		"said: sts: ", "without tags and source identity", "2 roles: no findings, 1 taken by STS, 1 refused by STS",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if strings.Contains(out+errs, "\x1b") || strings.Contains(out, "lost") {
		t.Errorf("colours, or roles that weren't named:\n%s", out)
	}
}

// TestTrustLiveUnanswered: an STS that doesn't answer says nothing about the roles.
func TestTrustLiveUnanswered(t *testing.T) {
	w := issuerWorld(t)
	w.aws.Failing(503, 100)
	r := w.check(exitUnavailable, "--live", "good", "lost")
	if got := w.find(r, "shop/lost").Live; got.Result != liveUnknown || got.Code != bridge.CodeSTSDown {
		t.Errorf("lost: %+v", got)
	}
}

// TestTrustIAM: roles are read through the role to read with; one account that can't be entered stops none of the others.
func TestTrustIAM(t *testing.T) {
	w := issuerWorld(t)
	r := w.check(exitFault, "--read-role", "arn:aws:iam::{account}:role/TrustReader")
	if got := w.find(r, "shop/good").Read; got["role"].Result != trust.Read || got["oidc_provider"].Result != trust.Read {
		t.Errorf("good: %+v", got)
	}
	if got := w.find(r, "shop/lost").Read; got["role"].Result != trust.Missing {
		t.Errorf("lost: %+v", got)
	}
	relayed := w.find(r, "data/relayed").Read["role"]
	if relayed.Result != trust.Unreadable || !strings.Contains(relayed.Why, "arn:aws:iam::"+trustData+":role/TrustReader to read with, refused: AccessDenied") {
		t.Errorf("relayed: %+v", relayed)
	}
	if n := w.aws.IAMFaults.Calls("GetOpenIDConnectProvider"); n != 1 {
		t.Errorf("the provider that roles share was read %d times", n)
	}

	// Without any way in, nothing can be asked.
	w.check(exitUnavailable)
	w.check(exitUnavailable, "data/relayed", "--read-role", "arn:aws:iam::{account}:role/TrustReader")
}

func TestTrustUsage(t *testing.T) {
	w := issuerWorld(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check", "--policies", w.dir, "--iam"}, "not from both"},
		{[]string{"check", "--read-role", "TrustReader"}, "--read-role"},
		{[]string{"check", "--profile", "shop"}, "write ACCOUNT=NAME"},
		{[]string{"check", "--profile", "moon=x"}, "accounts are shop, data"},
		{[]string{"check", "--caller", "me"}, "is not the ARN of a user or a role"},
		{[]string{"policy", "signed"}, "shop/signed is reached via assume_role: say whom fedbridge runs as in partition aws, --caller"},
		{[]string{"policy", "signed", "--caller", "arn:aws-cn:iam::999988887777:role/x"}, "--caller"},
		{[]string{"policy", "--caller", "arn:aws:iam::999988887777:role/x", "--caller", "arn:aws:iam::999988887777:role/y"}, "names two for partition aws"},
		{[]string{"cloudformation", "good", "relayed"}, "a template is for one account"},
		{[]string{"check", "shop/none"}, `no role "shop/none" is configured; configured are`},
		{[]string{"check", "--account", "data", "good"}, `no role "good" is configured in data`},
		{[]string{"check", "--account", "moon"}, `no account "moon"`},
	} {
		code, out, errs := w.run(c.args...)
		if code != exitUsage || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%v: exit %d, %s%s", c.args, code, out, errs)
		}
	}
	var out, errs bytes.Buffer
	if code := run([]string{"trust", "chekc"}, nil, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), `did you mean "check"`) {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}

// TestTrustLiveNeedsAudit: what can't be recorded isn't asked.
func TestTrustLiveNeedsAudit(t *testing.T) {
	w := issuerWorld(t)
	text := readFile(t, w.config)
	writeFile(t, w.dir, "fedbridge.yaml", strings.Replace(text, "file:"+w.dir+"/audit.jsonl", "file:/dev/full", 1))
	before := w.aws.Calls("")
	r := w.check(exitUnavailable, "--live", "good")
	if got := w.find(r, "shop/good").Live; got.Result != liveUnknown || got.Code != bridge.CodeAuditDown {
		t.Errorf("%+v", got)
	}
	if n := w.aws.Calls("") - before; n != 0 {
		t.Errorf("STS was asked %d times", n)
	}
	// Nor where nothing can be opened to record in.
	writeFile(t, w.dir, "fedbridge.yaml", strings.Replace(text, "file:"+w.dir+"/audit.jsonl", "file:"+w.dir, 1))
	code, out, errs := w.run("check", "--live", "good")
	if code != exitUnavailable || out != "" || !strings.Contains(errs, "audit: open "+w.dir) {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestTrustSAML: a role for which fedbridge mints SAML, with its own metadata, certificate and recipient.
func TestTrustSAML(t *testing.T) {
	w := newTrustWorld(t, `  - {name: billing, accounts: [shop], arn: "arn:aws:iam::{account}:role/Billing", mint: saml, max_session: 1h, source_identity: identity.email}
  - {name: other, accounts: [data], arn: "arn:aws:iam::{account}:role/Other"}`)
	provider := "arn:aws:iam::" + trustShop + ":saml-provider/fedbridge"
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: provider, Metadata: w.metadata}); err != nil {
		t.Fatal(err)
	}
	code, policy, errs := w.run("policy", "billing")
	if code != exitOK {
		t.Fatal(errs)
	}
	w.role("Billing", policy, time.Hour)
	r := w.check(exitOK, "billing", "--live", "--strict", "--read-role", "arn:aws:iam::{account}:role/TrustReader")
	got := w.find(r, "shop/billing")
	if got.Live.Result != liveTaken || got.Read["saml_provider"].Result != trust.Read {
		t.Errorf("%+v, read %v, findings %v", got.Live, got.Read, got.Findings)
	}

	// Another IdP's metadata under our provider's name: refused, and said why.
	other := strings.Replace(string(w.metadata), w.issuer+"/saml/metadata", "https://other.example.com/saml/metadata", 1)
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: provider, Metadata: []byte(other)}); err != nil {
		t.Fatal(err)
	}
	r = w.check(exitFault, "billing", "--live", "--read-role", "arn:aws:iam::{account}:role/TrustReader")
	got = w.find(r, "shop/billing")
	if got.Live.Result != liveRefused || len(got.Findings) == 0 || got.Findings[0].Severity != trust.SeverityError {
		t.Errorf("%+v, findings %v", got.Live, got.Findings)
	}

	code, out, errs := w.run("terraform", "billing")
	if code != exitOK || !strings.Contains(out, "aws_iam_saml_provider") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
