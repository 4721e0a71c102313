package trust_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// samlExample is aws-facts 4.1, as it stands there.
const samlExample = `{"Version":"2012-10-17","Statement":[{
  "Effect":"Allow",
  "Principal":{"Federated":"arn:aws:iam::123456789012:saml-provider/Bridge"},
  "Action":["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"],
  "Condition":{"StringEquals":{"SAML:aud":[
     "https://signin.aws.amazon.com/saml",
     "https://us-west-2.signin.aws.amazon.com/saml"]}}
}]}`

// oidcExample is aws-facts 4.2, as it stands there.
const oidcExample = `{"Version":"2012-10-17","Statement":[{
  "Effect":"Allow",
  "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/bridge.example.com"},
  "Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
  "Condition":{
    "StringEquals":{"bridge.example.com:aud":"sts.amazonaws.com"},
    "StringLike":{"bridge.example.com:sub":"u-*","sts:RoleSessionName":"*@example.com"},
    "Bool":{"sts:RoleAuthorizedByIdp":"true"}}
}]}`

// externalExample is aws-facts 4.3, as it stands there.
const externalExample = `{"Version":"2012-10-17","Statement":[{
  "Effect":"Allow",
  "Principal":{"AWS":"111122223333"},
  "Action":"sts:AssumeRole",
  "Condition":{"StringEquals":{"sts:ExternalId":"6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"}}
}]}`

// TestExamples evaluates the trust policies of aws-facts 4 and 9 for calls that must get in, and for neighbours of each
// that must not. A change replaces values of the call; nil takes the key away.
func TestExamples(t *testing.T) {
	type keys = map[string][]string
	const cognito = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:pool"},
		"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`
	const byUserName = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole",
		"Condition":{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}}]}`
	bridge := trust.Principal{Kind: trust.Federated, ID: "arn:aws:iam::123456789012:saml-provider/Bridge"}
	issuer := trust.Principal{Kind: trust.Federated, ID: "arn:aws:iam::123456789012:oidc-provider/bridge.example.com"}
	pool := trust.Principal{Kind: trust.Federated, ID: "cognito-identity.amazonaws.com"}
	assertion := keys{"saml:aud": {"https://signin.aws.amazon.com/saml"}, "sts:RoleSessionName": {"ada@example.com"}}
	token := keys{
		"bridge.example.com:aud": {"sts.amazonaws.com"}, "bridge.example.com:sub": {"u-7f3c"}, "sts:RoleSessionName": {"ada@example.com"},
		"sts:RoleAuthorizedByIdp": {"true"},
	}
	guest := keys{"cognito-identity.amazonaws.com:aud": {"eu-west-1:pool"}, "cognito-identity.amazonaws.com:amr": {"authenticated", "accounts.google.com"}}
	tagged := []string{"sts:TagSession", "sts:SetSourceIdentity"}
	for i, c := range []struct {
		policy, action string
		also           []string
		caller         trust.Principal
		call, change   keys
		want           trust.Effect
	}{
		{samlExample, "sts:AssumeRoleWithSAML", tagged, bridge, assertion, nil, trust.Allow},
		{samlExample, "sts:AssumeRoleWithSAML", tagged, bridge, assertion, keys{"saml:aud": {"https://us-west-2.signin.aws.amazon.com/saml"}}, trust.Allow},
		{samlExample, "sts:AssumeRoleWithSAML", nil, bridge, assertion, keys{"saml:aud": {"https://bridge.example.com/saml/corp/acs"}}, trust.Deny},
		{samlExample, "sts:AssumeRoleWithSAML", nil, bridge, assertion, keys{"saml:aud": {"https://signin.aws.amazon.com/saml/"}}, trust.Deny},
		{samlExample, "sts:AssumeRoleWithSAML", nil, bridge, assertion, keys{"saml:aud": {}}, trust.Deny},
		{samlExample, "sts:AssumeRoleWithSAML", nil, saml, assertion, nil, trust.Deny},
		{samlExample, "sts:AssumeRole", nil, user, assertion, nil, trust.Deny},

		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, nil, trust.Allow},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, keys{"bridge.example.com:aud": {"fedbridge:123456789012"}}, trust.Deny},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, keys{"bridge.example.com:sub": {"x-7f3c"}}, trust.Deny},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, keys{"sts:RoleSessionName": {"ada@example.com.evil"}}, trust.Deny},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, keys{"sts:RoleAuthorizedByIdp": {"false"}}, trust.Deny},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, issuer, token, keys{"sts:RoleAuthorizedByIdp": nil}, trust.Unknown},
		{oidcExample, "sts:AssumeRoleWithWebIdentity", nil, oidc, token, nil, trust.Deny},
		// sts:RoleAuthorizedByIdp is a key of AssumeRoleWithWebIdentity alone (aws-facts 3.5), so this policy lets no tags in.
		{oidcExample, "sts:AssumeRoleWithWebIdentity", tagged, issuer, token, nil, trust.Deny},

		{externalExample, "sts:AssumeRole", nil, session, keys{"sts:ExternalId": {"6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"}}, nil, trust.Allow},
		{externalExample, "sts:AssumeRole", nil, session, keys{"sts:ExternalId": {"6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c11"}}, nil, trust.Deny},
		{externalExample, "sts:AssumeRole", nil, session, keys{"sts:ExternalId": {"*"}}, nil, trust.Deny},
		{externalExample, "sts:AssumeRole", nil, session, keys{}, nil, trust.Deny},
		{externalExample, "sts:AssumeRole", tagged, session, keys{"sts:ExternalId": {"6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"}}, nil, trust.Deny},
		{externalExample, "sts:AssumeRoleWithSAML", nil, bridge, keys{}, nil, trust.Deny},

		{cognito, "sts:AssumeRoleWithWebIdentity", nil, pool, guest, nil, trust.Allow},
		{cognito, "sts:AssumeRoleWithWebIdentity", nil, pool, guest, keys{"cognito-identity.amazonaws.com:amr": {"unauthenticated"}}, trust.Deny},
		{cognito, "sts:AssumeRoleWithWebIdentity", nil, pool, guest, keys{"cognito-identity.amazonaws.com:aud": {"eu-west-1:foreign"}}, trust.Deny},
		{byUserName, "sts:AssumeRole", nil, user, keys{"sts:RoleSessionName": {"ada"}, "aws:username": {"ada"}}, nil, trust.Allow},
		{byUserName, "sts:AssumeRole", nil, user, keys{"sts:RoleSessionName": {"bob"}, "aws:username": {"ada"}}, nil, trust.Deny},
		{byUserName, "sts:AssumeRole", nil, session, keys{"sts:RoleSessionName": {"ada"}}, nil, trust.Deny},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			p, err := trust.Parse([]byte(c.policy))
			if err != nil {
				t.Fatal(err)
			}
			call := maps.Clone(c.call)
			for key, values := range c.change {
				if call[key] = values; values == nil {
					delete(call, key)
				}
			}
			d := p.EvaluateAll(trust.Request{Principal: c.caller, Action: c.action, Context: call, Resource: "arn:aws:iam::123456789012:role/Dev"}, c.also...)
			if d.Effect != c.want {
				t.Errorf("%s of %v: got %+v, want %s", c.action, call, d, c.want)
			}
		})
	}
}
