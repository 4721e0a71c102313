package trust_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestKeysThatNobodyGave: of a key that the asker doesn't mention, only what follows from what he sends is known to be
// absent. The operator is Null: true, so a wrong "absent" would let the caller in.
func TestKeysThatNobodyGave(t *testing.T) {
	for _, c := range []struct {
		key    string
		caller trust.Principal
		action string
		want   trust.Effect
	}{
		{"sts:ExternalId", session, "sts:AssumeRole", trust.Allow},
		{"STS:externalid", session, "sts:AssumeRole", trust.Allow},
		{"sts:ExternalId", saml, "sts:AssumeRoleWithSAML", trust.Allow},
		{"sts:SourceIdentity", session, "sts:AssumeRole", trust.Allow},
		{"sts:TransitiveTagKeys", session, "sts:AssumeRole", trust.Allow},
		{"aws:TagKeys", session, "sts:TagSession", trust.Allow},
		{"aws:RequestTag/Team", saml, "sts:TagSession", trust.Allow},
		{"sts:RoleAuthorizedByIdp", saml, "sts:AssumeRoleWithSAML", trust.Allow},
		{"sts:RoleAuthorizedByIdp", oidc, "sts:TagSession", trust.Allow},
		{"saml:aud", session, "sts:AssumeRole", trust.Allow},
		{"SAML:eduPersonAffiliation", oidc, "sts:AssumeRoleWithWebIdentity", trust.Allow},
		{"other.example.com:sub", oidc, "sts:AssumeRoleWithWebIdentity", trust.Allow},
		{"idp.example.com:aud", saml, "sts:AssumeRoleWithSAML", trust.Allow},
		{"accounts.google.com:oaud", oidc, "sts:AssumeRoleWithWebIdentity", trust.Allow},
		{"idp.example.com:aud", google, "sts:AssumeRoleWithWebIdentity", trust.Allow},
		{"graph.facebook.com:app_id", google, "sts:AssumeRoleWithWebIdentity", trust.Allow},
		{"aws:username", session, "sts:AssumeRole", trust.Allow},

		{"sts:RoleSessionName", session, "sts:AssumeRole", trust.Unknown},
		{"sts:RoleAuthorizedByIdp", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"idp.example.com:sub", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"IDP.example.com:amr", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"idp.example.com:groups", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"other.example.com:groups", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"accounts.google.com:sub", google, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"token.actions.githubusercontent.com:repository", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"saml:cn", saml, "sts:AssumeRoleWithSAML", trust.Unknown},
		{"saml:shoeSize", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"aws:username", user, "sts:AssumeRole", trust.Unknown},
		{"aws:username", saml, "sts:AssumeRoleWithSAML", trust.Unknown},
		{"aws:PrincipalTag/Team", session, "sts:AssumeRole", trust.Unknown},
		{"aws:PrincipalOrgID", session, "sts:AssumeRole", trust.Unknown},
		{"aws:SourceIp", session, "sts:AssumeRole", trust.Unknown},
		{"aws:CurrentTime", session, "sts:AssumeRole", trust.Unknown},
		{"aws:EpochTime", session, "sts:AssumeRole", trust.Unknown},
		{"aws:RequestTags/Team", session, "sts:AssumeRole", trust.Unknown},
		{"aws:SomethingNew", session, "sts:AssumeRole", trust.Unknown},
		{"sub", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{":sub", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
		{"iam:sub", oidc, "sts:AssumeRoleWithWebIdentity", trust.Unknown},
	} {
		policy := statement("Allow", `{"AWS":"`+c.caller.ID+`","Federated":"`+c.caller.ID+`"}`, `"sts:*"`, `{"Null":{"`+c.key+`":"true"}}`)
		request := trust.Request{Principal: c.caller, Action: c.action}
		if d := evaluate(t, policy, request); d.Effect != c.want || c.want == trust.Unknown && d.Condition.Key != c.key {
			t.Errorf("%s in %s of %s: got %s (%s), want %s", c.key, c.action, c.caller.ID, d.Effect, d.Reason, c.want)
		}
		request.Absent = []string{strings.ToUpper(c.key[:1]) + c.key[1:]}
		if d := evaluate(t, policy, request); d.Effect != trust.Allow {
			t.Errorf("%s, absent: got %s (%s)", c.key, d.Effect, d.Reason)
		}
		request.Opaque = []string{c.key[:1] + "*"}
		if d := evaluate(t, policy, request); d.Effect != trust.Unknown {
			t.Errorf("%s, absent and opaque: got %s (%s)", c.key, d.Effect, d.Reason)
		}
		request.Context = map[string][]string{c.key: nil}
		if d := evaluate(t, policy, request); d.Effect != trust.Allow {
			t.Errorf("%s, given without a value: got %s (%s)", c.key, d.Effect, d.Reason)
		}
	}
}

// TestKeysSaidToBeOfOneAction: where it matters that another action doesn't show the key, nobody is let in by it.
func TestKeysSaidToBeOfOneAction(t *testing.T) {
	context := map[string][]string{"sts:ExternalId": {"x-1"}}
	for condition, want := range map[string][2]trust.Effect{ // as an Allow of TagSession, and as a Deny of it
		`{"StringEquals":{"sts:ExternalId":"x-1"}}`:         {trust.Deny, trust.Unknown},
		`{"StringEquals":{"sts:ExternalId":"x-2"}}`:         {trust.Deny, trust.Allow},
		`{"StringNotEquals":{"sts:ExternalId":"x-1"}}`:      {trust.Unknown, trust.Deny},
		`{"StringNotEquals":{"sts:ExternalId":"x-2"}}`:      {trust.Allow, trust.Deny},
		`{"StringEqualsIfExists":{"sts:ExternalId":"x-1"}}`: {trust.Allow, trust.Deny},
		`{"StringEqualsIfExists":{"sts:ExternalId":"x-2"}}`: {trust.Unknown, trust.Deny},
		`{"Null":{"sts:ExternalId":"true"}}`:                {trust.Unknown, trust.Deny},
		`{"Null":{"sts:ExternalId":"false"}}`:               {trust.Deny, trust.Unknown},
	} {
		allow := statement("Allow", `{"AWS":"111122223333"}`, `"sts:TagSession"`, condition)
		deny := `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:*"},` +
			inner(statement("Deny", `{"AWS":"111122223333"}`, `"sts:TagSession"`, condition)) + `]}`
		for i, policy := range []string{allow, deny} {
			d := evaluate(t, policy, trust.Request{Principal: user, Action: "sts:TagSession", Context: context})
			if d.Effect != want[i] {
				t.Errorf("%s: got %s (%s), want %s", policy, d.Effect, d.Reason, want[i])
			}
			if strings.Contains(d.Reason, "x-1") || strings.Contains(d.Reason, "x-2") || d.Wanted != nil || d.Got != nil {
				t.Errorf("an external ID is shown: %+v", d)
			}
		}
	}
}
