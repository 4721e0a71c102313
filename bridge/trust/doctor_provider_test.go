package trust_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// sound is a need, and an account that is as it must be.
func sound(t *testing.T, name string) (trust.Need, trust.Found) {
	t.Helper()
	for _, c := range loopCases() {
		if c.name != name {
			continue
		}
		plan, err := trust.Generate([]trust.Need{c.need}, c.options)
		if err != nil {
			t.Fatal(err)
		}
		return c.need, asPlanned(plan.Accounts[0])
	}
	t.Fatalf("no case %s", name)
	return trust.Need{}, trust.Found{}
}

// TestProviderFindings changes one thing of a sound account: one finding says so, as the table has it.
func TestProviderFindings(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name, from string
		change     func(*trust.Need, *trust.Found)
		want       trust.Code
		severity   trust.Severity
		says       string // part of summary, detail or commands
	}{
		{"not looked at", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.OIDC = trust.FoundOIDC{} },
			trust.CodeProviderUnread, trust.SeverityNote, "oidc-provider/bridge.example.com/aws"},
		{"not readable", "aws-issuer", func(_ *trust.Need, f *trust.Found) {
			f.OIDC = trust.FoundOIDC{Reading: trust.Unreadable, Why: "AccessDenied"}
		}, trust.CodeProviderUnread, trust.SeverityWarning, "AccessDenied"},
		{"no OIDC provider", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.OIDC = trust.FoundOIDC{Reading: trust.Missing} },
			trust.CodeProviderMissing, trust.SeverityError, "aws iam create-open-id-connect-provider --url https://bridge.example.com/aws --client-id-list fedbridge:111122223333"},
		{"no SAML provider", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) { f.SAML = trust.FoundSAML{Reading: trust.Missing} },
			trust.CodeProviderMissing, trust.SeverityError, "aws iam create-saml-provider --name fedbridge"},
		{"a slash too many", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.OIDC.URL += "/" },
			trust.CodeProviderURL, trust.SeverityError, "character by character"},
		{"another case", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.OIDC.URL = strings.ToUpper(f.OIDC.URL) },
			trust.CodeProviderURL, trust.SeverityError, "BRIDGE.EXAMPLE.COM"},
		{"no client id", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.OIDC.ClientIDs = nil },
			trust.CodeClientID, trust.SeverityError, "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::111122223333:oidc-provider/bridge.example.com/aws --client-id fedbridge:111122223333"},
		{"one of two client ids", "aws-web_identity", func(_ *trust.Need, f *trust.Found) { f.OIDC.ClientIDs = []string{"fedbridge", "others"} },
			trust.CodeClientID, trust.SeverityError, "mobile"},
		{"a client id of nobody", "aws-issuer", func(_ *trust.Need, f *trust.Found) {
			f.OIDC.ClientIDs = append(slices.Clone(f.OIDC.ClientIDs), "it's")
		}, trust.CodeClientIDExtra, trust.SeverityNote, `--client-id 'it'\''s'`},
		{"metadata that isn't XML", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) { f.SAML.Metadata = []byte("no") },
			trust.CodeMetadata, trust.SeverityError, "XML"},
		{"metadata of a service provider", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) {
			f.SAML.Metadata = []byte(strings.ReplaceAll(string(f.SAML.Metadata), "IDPSSO", "SPSSO"))
		}, trust.CodeMetadata, trust.SeverityError, "IDPSSODescriptor"},
		{"another issuer's metadata", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) {
			f.SAML.Metadata = []byte(strings.ReplaceAll(string(f.SAML.Metadata), loopEntity, idpEntity))
		}, trust.CodeEntityID, trust.SeverityError, idpEntity},
		{"a new key that signs", "aws-issuer-saml", func(n *trust.Need, _ *trust.Found) {
			n.Certificates = [][]byte{otherKey().Certificate.Raw, bridgeKey().Certificate.Raw}
		}, trust.CodeCertificate, trust.SeverityError, "signs now"},
		{"a new key that will sign", "aws-issuer-saml", func(n *trust.Need, _ *trust.Found) {
			n.Certificates = append(slices.Clone(n.Certificates), otherKey().Certificate.Raw)
		}, trust.CodeCertificateNext, trust.SeverityWarning, "1 of 2"},
		{"another key of the IdP", "aws-saml", func(n *trust.Need, _ *trust.Found) {
			n.Certificates = [][]byte{otherKey().Certificate.Raw, idpKey().Certificate.Raw}
		}, trust.CodeCertificateNext, trust.SeverityWarning, "1 of 2"},
		{"other keys of the IdP alone", "aws-saml", func(n *trust.Need, _ *trust.Found) { n.Certificates = [][]byte{otherKey().Certificate.Raw} },
			trust.CodeCertificate, trust.SeverityError, "update-saml-provider"},
		{"a provider that is over", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) { f.SAML.ValidUntil = now.Add(-time.Second) },
			trust.CodeProviderExpired, trust.SeverityError, "valid until"},
		{"metadata that is over", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) {
			f.SAML.Metadata = []byte(strings.Replace(string(f.SAML.Metadata), "<EntityDescriptor ", `<EntityDescriptor validUntil="2020-01-01T00:00:00Z" `, 1))
		}, trust.CodeProviderExpired, trust.SeverityError, "2020-01-01 00:00 UTC"},
		{"a provider that ends soon", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) { f.SAML.ValidUntil = now.Add(29 * 24 * time.Hour) },
			trust.CodeProviderExpires, trust.SeverityWarning, "days"},
		{"encryption that we don't do", "aws-issuer-saml", func(_ *trust.Need, f *trust.Found) { f.SAML.EncryptionMode, f.SAML.PrivateKeys = "Required", 1 },
			trust.CodeEncryptionRequired, trust.SeverityError, "--assertion-encryption-mode Allowed"},
		{"encryption that the IdP doesn't do", "aws-saml", func(_ *trust.Need, f *trust.Found) { f.SAML.EncryptionMode, f.SAML.PrivateKeys = "Required", 1 },
			trust.CodeEncryptionRequired, trust.SeverityError, "not encrypted"},
		{"encryption without a key", "aws-issuer-saml-encrypted", func(_ *trust.Need, f *trust.Found) { f.SAML.EncryptionMode, f.SAML.PrivateKeys = "", 0 },
			trust.CodeEncryptionKey, trust.SeverityError, "--add-private-key"},
		{"another provider's id", "aws-issuer-saml-encrypted", func(_ *trust.Need, f *trust.Found) { f.SAML.UUID = "SAMLSPANOTHERONE" },
			trust.CodeEncryptionID, trust.SeverityError, "SAMLSPANOTHERONE"},

		{"no role", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.Role = trust.FoundRole{Reading: trust.Missing} },
			trust.CodeRoleMissing, trust.SeverityError, "aws iam create-role --role-name ReadOnly --path /team/ --assume-role-policy-document file://ReadOnly.json --max-session-duration 3600"},
		{"a role that can't be read", "aws-issuer", func(_ *trust.Need, f *trust.Found) {
			f.Role = trust.FoundRole{Reading: trust.Unreadable, Why: "AccessDenied: iam:GetRole"}
		}, trust.CodeRoleUnread, trust.SeverityWarning, "iam:GetRole"},
		{"a role that nobody looked at", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.Role = trust.FoundRole{} },
			trust.CodeRoleUnread, trust.SeverityNote, "not looked at"},
		{"a document that isn't JSON", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.Role.TrustPolicy = []byte("Version: 2012-10-17") },
			trust.CodeNotPolicy, trust.SeverityError, "not a JSON document"},
		{"a resource policy", "aws-issuer", func(_ *trust.Need, f *trust.Found) {
			f.Role.TrustPolicy = []byte(strings.Replace(string(f.Role.TrustPolicy), `"Effect"`, `"Resource": "*", "Effect"`, 1))
		}, trust.CodeNotPolicy, trust.SeverityError, "the role itself is the resource"},
		{"sessions too long", "aws-issuer-12h", func(_ *trust.Need, f *trust.Found) { f.Role.MaxSession = 8 * time.Hour },
			trust.CodeMaxSession, trust.SeverityError, "aws iam update-role --role-name ReadOnly --max-session-duration 43200"},
		{"sessions shorter than they might be", "aws-issuer", func(_ *trust.Need, f *trust.Found) { f.Role.MaxSession = 8 * time.Hour },
			trust.CodeMaxSessionLower, trust.SeverityNote, "--max-session-duration 3600"},
		{"a file that is too long", "aws-issuer", func(_ *trust.Need, f *trust.Found) {
			others := strings.Repeat(`{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"},`, 30)
			f.Role.TrustPolicy, f.Role.MaxSession = []byte(strings.Replace(string(f.Role.TrustPolicy), `"Statement": [`, `"Statement": [`+others, 1)), 0
		}, trust.CodeLength, trust.SeverityWarning, "2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, f := sound(t, c.from)
			c.change(&n, &f)
			got := trust.Diagnose(n, f, now)
			if len(got) != 1 || got[0].Code != c.want || got[0].Severity != c.severity {
				t.Fatalf("got %v, want %s", codesOf(got), c.want)
			}
			if text := fmt.Sprint(got[0]); !strings.Contains(text, c.says) {
				t.Errorf("%q lacks %q", text, c.says)
			}
			if got[0].Account != loopShop || got[0].Role != "readonly" || got[0].Via != n.Via || got[0].ARN != n.Role.ARN.String() {
				t.Errorf("about %+v", got[0])
			}
		})
	}
}

// TestMissingRoleHasItsPolicy: what to create comes with the finding.
func TestMissingRoleHasItsPolicy(t *testing.T) {
	n, f := sound(t, "aws-issuer-everything")
	want := string(f.Role.TrustPolicy)
	for _, role := range []trust.FoundRole{{Reading: trust.Missing}, {Reading: trust.Read, TrustPolicy: []byte("{")}} {
		f.Role = role
		if got := trust.Diagnose(n, f, time.Now()); len(got) != 1 || got[0].Policy != want || got[0].Fix != "" {
			t.Errorf("got %+v", got)
		}
	}
}

// TestMetadataAlone: a file with metadata says nothing about encryption.
func TestMetadataAlone(t *testing.T) {
	n, f := sound(t, "aws-issuer-saml-encrypted")
	f.SAML = trust.FoundSAML{Reading: trust.Read, MetadataOnly: true, Metadata: f.SAML.Metadata}
	if got := trust.Diagnose(n, f, time.Now()); len(got) != 0 {
		t.Errorf("got %v", codesOf(got))
	}
}

// TestNeedsThatKnowLittle: what the configuration doesn't tell is not taken for something else.
func TestNeedsThatKnowLittle(t *testing.T) {
	for name, forget := range map[string]func(*trust.Need){
		"aws-saml":         func(n *trust.Need) { n.EntityID, n.Certificates, n.Recipient = "", nil, nil },
		"aws-web_identity": func(n *trust.Need) { n.ClientIDs = nil },
		"aws-issuer-saml":  func(n *trust.Need) { n.EntityID, n.Certificates = "", nil },
	} {
		n, f := sound(t, name)
		forget(&n)
		for _, got := range trust.Diagnose(n, f, time.Now()) {
			if got.Severity == trust.SeverityError {
				t.Errorf("%s: %s %s %s", name, got.Code, got.Summary, got.Detail)
			}
		}
		if v := trust.Judge(n, f, time.Now()); v.Answer == trust.Deny {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestCallerUnknown: the policy says who could assume the role; who fedbridge is, isn't known.
func TestCallerUnknown(t *testing.T) {
	n, f := sound(t, "aws-assume_role-external-id-everything")
	caller := n.Caller
	n.Caller = ""
	got := trust.Diagnose(n, f, time.Now())
	if len(got) != 1 || got[0].Code != trust.CodeCallerUnknown || !strings.Contains(got[0].Summary, caller) {
		t.Errorf("got %+v", got)
	}
	if v := trust.Judge(n, f, time.Now()); v.Answer != trust.Unknown {
		t.Errorf("verdict %+v", v)
	}
	n.Role.ExternalID = "another"
	if got := trust.Diagnose(n, f, time.Now()); len(got) != 1 || got[0].Code != trust.CodeRefusedPrincipal {
		t.Errorf("got %v", codesOf(got))
	}
}

// TestCallers: how a caller is written in the configuration and in the policy.
func TestCallers(t *testing.T) {
	const role, user = "arn:aws:iam::" + loopHome + ":role/svc/fedbridge", "arn:aws:iam::" + loopHome + ":user/svc/fedbridge"
	session := "arn:aws:sts::" + loopHome + ":assumed-role/fedbridge/i-1"
	for _, c := range []struct {
		caller, policy string
		want           []trust.Code
	}{
		{role, role, nil},
		{user, user, nil},
		{session, role, nil}, // a session doesn't tell its role's path; the policy does
		{session, session, nil},
		{role, loopHome, []trust.Code{trust.CodeWholeAccount}},
		{user, "arn:aws:iam::" + loopHome + ":root", []trust.Code{trust.CodeWholeAccount}},
		{role, "arn:aws:iam::" + loopHome + ":role/fedbridge", []trust.Code{trust.CodeRefusedPrincipal, trust.CodeOtherPrincipal}},
		{session, "arn:aws:iam::" + loopHome + ":role/svc/other", []trust.Code{trust.CodeRefusedPrincipal, trust.CodeOtherPrincipal}},
		{role, "arn:aws:iam::444455556666:role/svc/fedbridge", []trust.Code{trust.CodeRefusedPrincipal, trust.CodeOtherPrincipal}},
		{role, "AROAJQABLZS4A3QDU576Q", []trust.Code{trust.CodeUnknown}}, // a principal that was deleted; may have been ours
		{strings.Replace(role, "arn:aws:", "arn:aws-cn:", 1), role, []trust.Code{trust.CodeRefusedPrincipal, trust.CodeOtherPrincipal}},
	} {
		n, f := sound(t, "aws-assume_role")
		n.Caller = c.caller
		f.Role.TrustPolicy = []byte(statement("Allow", `{"AWS":"`+c.policy+`"}`, `"sts:AssumeRole"`, ""))
		if got := codesOf(trust.Diagnose(n, f, time.Now())); !slices.Equal(got, c.want) {
			t.Errorf("%s by %s: got %v, want %v", c.caller, c.policy, got, c.want)
		}
	}
}

// TestBesides: what another way of the same role needs is neither a stranger's nor too much.
func TestBesides(t *testing.T) {
	var needs []trust.Need
	for _, w := range ways("aws") {
		if w.name == "issuer" || w.name == "assume_role" || w.name == "issuer saml" {
			needs = append(needs, w.need)
		}
	}
	second := needs[0]
	second.Role.Key.Name, second.Role.TagKeys, second.Role.Audience, second.Role.MaxSession = "tagged", []string{"Team"}, "second", 2*time.Hour
	needs = trust.Together(append(needs, second))
	plan, err := trust.Generate(needs, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	role := plan.Accounts[0].Roles[0]
	if !slices.Equal(role.Names, []string{"readonly", "tagged"}) || role.MaxSession != 2*time.Hour {
		t.Errorf("%v %s", role.Names, role.MaxSession)
	}
	for _, n := range needs {
		for _, f := range trust.Diagnose(n, asPlanned(plan.Accounts[0]), time.Now()) {
			t.Errorf("%s via %s: %s %s %s", n.Role.Key, n.Via, f.Code, f.Summary, f.Detail)
		}
		alone := n
		alone.Besides, alone.AccountAudiences = nil, nil
		if got := codesOf(trust.Diagnose(alone, asPlanned(plan.Accounts[0]), time.Now())); !slices.Contains(got, trust.CodeOtherPrincipal) {
			t.Errorf("alone, %s via %s: got %v", n.Role.Key, n.Via, got)
		}
	}
	if n := needs[0]; len(n.Besides) != 3 || !slices.Equal(n.AccountAudiences, []string{"fedbridge:" + loopShop, "second"}) || n.Besides[0].Besides != nil {
		t.Errorf("%d besides, audiences %v", len(n.Besides), n.AccountAudiences)
	}
}

// TestVerdict says as whom we come and go.
func TestVerdict(t *testing.T) {
	n, f := sound(t, "aws-issuer-everything")
	v := trust.Judge(n, f, time.Now())
	want := trust.Verdict{
		Answer: trust.Allow, Principal: "arn:aws:iam::111122223333:oidc-provider/bridge.example.com/aws", Action: "sts:AssumeRoleWithWebIdentity",
		Session: "arn:aws:sts::111122223333:assumed-role/ReadOnly/*", Sid: "Fedbridge", Reason: v.Reason,
	}
	if v != want || v.Reason == "" {
		t.Errorf("got %+v", v)
	}
	f.Role.TrustPolicy = []byte(strings.Replace(string(f.Role.TrustPolicy), `"sts:SetSourceIdentity"`, `"sts:TagSession"`, 1))
	if v := trust.Judge(n, f, time.Now()); v.Answer != trust.Deny || v.Action != "sts:SetSourceIdentity" {
		t.Errorf("got %+v", v)
	}
	n, f = sound(t, "aws-assume_role")
	if v := trust.Judge(n, f, time.Now()); v.Principal != n.Caller {
		t.Errorf("got %+v", v)
	}
	if v := trust.Judge(n, trust.Found{}, time.Now()); v.Answer != trust.Unknown {
		t.Errorf("got %+v", v)
	}
}
