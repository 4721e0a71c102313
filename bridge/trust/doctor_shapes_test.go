package trust_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestShapes: policies as people write them by hand. Each is mended to one that the doctor has nothing to say about.
func TestShapes(t *testing.T) {
	const provider = `{"Federated":"arn:aws:iam::111122223333:oidc-provider/bridge.example.com/aws"}`
	const caller = `{"AWS":"arn:aws:iam::` + loopHome + `:role/svc/fedbridge"}`
	const aud = `"StringEquals":{"bridge.example.com/aws:aud":"fedbridge:111122223333"}`
	const sub = `"StringLike":{"bridge.example.com/aws:sub":"ReadOnly/*"}`
	for _, c := range []struct {
		name, from, policy string
		want               []trust.Code
		left               []trust.Code // what no fix is for
	}{
		{"one statement that is no list", "aws-issuer",
			`{"Statement":{"Effect":"Allow","Principal":` + provider + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + aud + `}}}`,
			[]trust.Code{trust.CodeNoSubject}, nil},
		{"all actions in one, and no external ID", "aws-assume_role-external-id-everything",
			`{"Statement":[{"Effect":"Allow","Principal":` + caller + `,"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`,
			[]trust.Code{trust.CodeNoExternalID, trust.CodeTagsAny}, nil},
		{"every action, and no external ID", "aws-assume_role-external-id-everything",
			`{"Statement":[{"Effect":"Allow","Principal":` + caller + `,"Action":"sts:*"}]}`,
			[]trust.Code{trust.CodeNoExternalID, trust.CodeActionWide, trust.CodeTagsAny}, nil},
		{"everybody in a statement of its own", "aws-issuer",
			`{"Statement":[{"Effect":"Allow","Principal":` + provider + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + aud + `,` + sub + `}},
			 {"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`,
			[]trust.Code{trust.CodeAnyone}, nil},
		{"everybody and nothing else", "aws-issuer",
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`,
			[]trust.Code{trust.CodeAnyone, trust.CodeRefusedAction}, nil},
		{"two operators, one with a slip", "aws-issuer",
			`{"Statement":[{"Effect":"Allow","Principal":` + provider + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + aud + `,` + sub + `,
			 "StringLikes":{"aws:RequestedRegion":"*"}}}]}`,
			[]trust.Code{trust.CodeOperator}, []trust.Code{trust.CodeUnknown}},
		{"a Deny as the limit", "aws-issuer",
			`{"Statement":[{"Effect":"Allow","Principal":` + provider + `,"Action":"sts:AssumeRoleWithWebIdentity"},
			 {"Effect":"Deny","Principal":"*","Action":"*","Condition":{"StringNotLike":{"bridge.example.com/aws:sub":"ReadOnly/*"}}},
			 {"Effect":"Deny","Principal":"*","Action":"*","Condition":{"StringNotEquals":{"bridge.example.com/aws:aud":"fedbridge:111122223333"}}}]}`,
			nil, nil},
		{"the same in the old version", "aws-issuer",
			`{"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Allow","Principal":` + provider + `,"Action":"STS:assumerolewithwebidentity","Condition":{
			 "StringEquals":{"BRIDGE.example.com/aws:AUD":["fedbridge:111122223333"]},"StringLike":{"bridge.example.com/aws:Sub":["ReadOnly/*"]}}}]}`,
			nil, nil},
		{"an operator twice", "aws-issuer",
			`{"Statement":[{"Effect":"Allow","Principal":` + provider + `,"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + aud + `,
			 "StringEquals":{"bridge.example.com/aws:aud":"fedbridge:111122223333","bridge.example.com/aws:sub":"ReadOnly/m4zt2kq7w3n5y6p2r4s6t7u2v3w4x5y6z7a2b3c4d5e6f7g2h3i4"}}}]}`,
			[]trust.Code{trust.CodeNotPolicy}, nil},
		{"an organisation", "aws-assume_role",
			`{"Statement":[{"Effect":"Allow","Principal":` + caller + `,"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`,
			[]trust.Code{trust.CodeUnknown}, []trust.Code{trust.CodeUnknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, f := sound(t, c.from)
			f.Role.TrustPolicy = []byte(c.policy)
			findings := trust.Diagnose(n, f, time.Now())
			for _, code := range c.want {
				if !slices.Contains(codesOf(findings), code) {
					t.Errorf("got %v, want %v", codesOf(findings), c.want)
				}
			}
			if c.want == nil && len(findings) > 0 {
				t.Errorf("got %+v", findings)
			}
			for range 8 {
				i := slices.IndexFunc(findings, func(f trust.Finding) bool { return f.Policy != "" })
				if i < 0 {
					break
				}
				f.Role.TrustPolicy = []byte(findings[i].Policy)
				findings = trust.Diagnose(n, f, time.Now())
			}
			if !slices.Equal(codesOf(findings), c.left) {
				t.Errorf("mended: %v\n%s", findings, f.Role.TrustPolicy)
			}
		})
	}
}

// TestGuessedCallers: where it isn't known who calls, whoever the policy means is tried.
func TestGuessedCallers(t *testing.T) {
	n, f := sound(t, "aws-assume_role")
	n.Caller = ""
	for principal, want := range map[string]trust.Code{
		`{"AWS":"` + loopHome + `"}`:                                trust.CodeCallerUnknown,
		`{"AWS":"arn:aws:iam::` + loopHome + `:root"}`:              trust.CodeCallerUnknown,
		`{"AWS":"arn:aws:iam::` + loopHome + `:user/fedbridge"}`:    trust.CodeCallerUnknown,
		`{"AWS":"AROAJQABLZS4A3QDU576Q"}`:                           trust.CodeRefusedPrincipal,
		`{"AWS":"arn:aws-cn:iam::` + loopHome + `:root"}`:           trust.CodeRefusedPrincipal,
		`{"Service":"ec2.amazonaws.com"}`:                           trust.CodeRefusedPrincipal,
		`{"AWS":["AROAJQABLZS4A3QDU576Q","arn:aws:iam::1:role/x"]}`: trust.CodeCallerUnknown,
	} {
		f.Role.TrustPolicy = []byte(statement("Allow", principal, `"sts:AssumeRole"`, ""))
		if got := codesOf(trust.Diagnose(n, f, time.Now())); !slices.Contains(got, want) {
			t.Errorf("%s: got %v, want %s", principal, got, want)
		}
	}
}

// TestRegions: where the role's region is configured, a condition on it can be told.
func TestRegions(t *testing.T) {
	n, f := sound(t, "aws-issuer")
	f = spoil(t, f, func(p spoiled) { demand("StringEquals", "aws:RequestedRegion", "eu-west-1")(n, p) })
	for region, want := range map[string][]trust.Code{"": {trust.CodeUnknown}, "eu-west-1": nil, "us-east-1": {trust.CodeRefusedCondition}} {
		n.Role.Region = region
		if got := codesOf(trust.Diagnose(n, f, time.Now())); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", region, got, want)
		}
	}
}

// TestBadMetadata: whatever IAM or a file gives is no reason to stop.
func TestBadMetadata(t *testing.T) {
	n, f := sound(t, "aws-issuer-saml")
	good := string(f.SAML.Metadata)
	for _, change := range [][2]string{
		{"EntityDescriptor", "EntitiesDescriptor"}, {"<X509Certificate>", "<X509Certificate>%"}, {"<EntityDescriptor ", `<EntityDescriptor validUntil="soon" `},
		{"</EntityDescriptor>", ""}, {"urn:oasis:names:tc:SAML:2.0:metadata", "urn:other"},
	} {
		f.SAML.Metadata = []byte(strings.ReplaceAll(good, change[0], change[1]))
		if got := codesOf(trust.Diagnose(n, f, time.Now())); !slices.Equal(got, []trust.Code{trust.CodeMetadata}) {
			t.Errorf("%q: got %v", change, got)
		}
	}
	f.SAML.Metadata = []byte(strings.ReplaceAll(good, `use="signing"`, `use="encryption"`))
	if got := codesOf(trust.Diagnose(n, f, time.Now())); !slices.Equal(got, []trust.Code{trust.CodeCertificate}) {
		t.Errorf("a key for encryption alone: got %v", got)
	}
}

// TestManyAccounts: a role that most accounts have, and not all, is under a condition that CloudFormation takes.
func TestManyAccounts(t *testing.T) {
	base := needVia(t, "issuer")
	var needs []trust.Need
	for i := range 130 {
		id := fmt.Sprintf("1000000%05d", i)
		base.Role.Key.Account, base.Role.Account.ID, base.Role.ARN.Account, base.Role.Audience = id, id, id, "fedbridge:"+id
		base.Role.ARN.Name = "Everywhere"
		needs = append(needs, base)
		if i > 3 {
			base.Role.ARN.Name = "Mostly"
			needs = append(needs, base)
		}
	}
	plan, err := trust.Generate(needs, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := plan.StackSet()
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range plan.Accounts {
		if got := deploy(t, text, a, nil); len(got.Roles) != len(a.Roles) || len(a.Roles) != min(2, 1+max(0, i-3)) {
			t.Fatalf("account %d has %d roles", i, len(got.Roles))
		}
	}
}

// TestSessionsAsCallers: a session is named by its role, and the owner is told about the path.
func TestSessionsAsCallers(t *testing.T) {
	n := needVia(t, "assume_role")
	n.Caller = "arn:aws:sts::" + loopHome + ":assumed-role/fedbridge/i-0123456789abcdef0"
	plan, err := trust.Generate([]trust.Need{n}, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	role := plan.Accounts[0].Roles[0]
	if !strings.Contains(role.Policy, `"arn:aws:iam::`+loopHome+`:role/fedbridge"`) || len(role.Notes) != 1 || !strings.Contains(plan.Terraform(), "# The session") {
		t.Errorf("%s %q", role.Policy, role.Notes)
	}
	if got := trust.Diagnose(n, asPlanned(plan.Accounts[0]), time.Now()); len(got) != 0 {
		t.Errorf("got %v", codesOf(got))
	}
}

func TestNeedsOf(t *testing.T) {
	role := baseRole("aws", bridge.ViaIssuer)
	role.Via = append(role.Via, bridge.ViaAssumeRole)
	got := trust.NeedsOf(role)
	if len(got) != 2 || got[0].Via != bridge.ViaIssuer || got[1].Via != bridge.ViaAssumeRole || got[1].Role.ARN != role.ARN {
		t.Errorf("got %+v", got)
	}
}
