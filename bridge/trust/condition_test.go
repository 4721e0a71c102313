package trust_test

import (
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestConditions(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/team/Bridge"
	context := map[string][]string{
		"idp.example.com:sub": {"u-7f3c"},
		"saml:AUD":            {"https://signin.aws.amazon.com/saml"},
		"saml:groups":         {"dev", "ops"},
		"empty:list":          {},
		"blank:value":         {""},
		"aws:PrincipalArn":    {role},
		"aws:MFA":             {"true"},
		"kelvin:key":          {"\u212a"}, // the Kelvin sign, which Unicode folds to k
	}
	for _, c := range []struct {
		condition string
		want      trust.Effect
	}{
		// What holds.
		{`{}`, trust.Allow},
		{`{"StringEquals":{"idp.example.com:SUB":"u-7f3c"}}`, trust.Allow},
		{`{"StringEquals":{"SAML:aud":["https://other","https://signin.aws.amazon.com/saml"]}}`, trust.Allow},
		{`{"StringNotEquals":{"idp.example.com:sub":"u-0000"}}`, trust.Allow},
		{`{"StringNotEquals":{"not:there":"x"}}`, trust.Allow},
		{`{"StringEqualsIgnoreCase":{"idp.example.com:sub":"U-7F3C"}}`, trust.Allow},
		{`{"StringNotEqualsIgnoreCase":{"idp.example.com:sub":"U-0000"}}`, trust.Allow},
		{`{"StringLike":{"idp.example.com:sub":"u-*"}}`, trust.Allow},
		{`{"StringNotLike":{"idp.example.com:sub":"x-*"}}`, trust.Allow},
		{`{"StringEqualsIfExists":{"not:there":"x"}}`, trust.Allow},
		{`{"ForAnyValue:StringEquals":{"saml:groups":"ops"}}`, trust.Allow},
		{`{"ForAnyValue:StringLike":{"saml:groups":["o*","x"]}}`, trust.Allow},
		{`{"ForAnyValue:StringNotEquals":{"saml:groups":"dev"}}`, trust.Allow},
		{`{"ForAllValues:StringEquals":{"saml:groups":["dev","ops","qa"]}}`, trust.Allow},
		{`{"ForAllValues:StringEquals":{"not:there":"x"}}`, trust.Allow},
		{`{"ForAllValues:StringEquals":{"empty:list":"x"}}`, trust.Allow},
		{`{"ForAllValues:StringNotEquals":{"saml:groups":"qa"}}`, trust.Allow},
		{`{"Bool":{"aws:MFA":"true"}}`, trust.Allow},
		{`{"Bool":{"aws:MFA":true}}`, trust.Allow},
		{`{"BoolIfExists":{"not:there":"true"}}`, trust.Allow},
		{`{"Null":{"not:there":"true"}}`, trust.Allow},
		{`{"Null":{"saml:groups":"false"}}`, trust.Allow},
		{`{"Null":{"empty:list":"true"}}`, trust.Allow},
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/team/*"}}`, trust.Allow},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/*"}}`, trust.Allow},
		{`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:*"}}`, trust.Allow},
		{`{"StringLike":{"idp.example.com:sub":["${aws:username}","u-*"]}}`, trust.Allow},
		{`{"ForAllValues:StringEquals":{"blank:value":""}}`, trust.Allow},
		{`{"StringNotEquals":{"blank:value":"x"}}`, trust.Allow},

		// What doesn't.
		{`{"StringEquals":{"idp.example.com:sub":"U-7F3C"}}`, trust.Deny},
		{`{"StringEquals":{"idp.example.com:sub":"u-*"}}`, trust.Deny},
		{`{"StringEquals":{"idp.example.com:sub":"u-7f3c","not:there":"x"}}`, trust.Deny},
		{`{"StringEquals":{"idp.example.com:sub":"u-7f3c"},"StringLike":{"saml:aud":"http:*"}}`, trust.Deny},
		{`{"StringEquals":{"not:there":"x"}}`, trust.Deny},
		{`{"StringEquals":{"empty:list":"x"}}`, trust.Deny},
		{`{"StringNotEquals":{"idp.example.com:sub":["x","u-7f3c"]}}`, trust.Deny},
		{`{"StringEqualsIgnoreCase":{"idp.example.com:sub":"U-7F3"}}`, trust.Deny},
		{`{"StringNotEqualsIgnoreCase":{"idp.example.com:sub":"U-7F3C"}}`, trust.Deny},
		{`{"StringLike":{"idp.example.com:sub":"u-?"}}`, trust.Deny},
		{`{"StringNotLike":{"idp.example.com:sub":"u-*"}}`, trust.Deny},
		{`{"StringEqualsIfExists":{"idp.example.com:sub":"x"}}`, trust.Deny},
		{`{"ForAnyValue:StringEquals":{"saml:groups":"qa"}}`, trust.Deny},
		{`{"ForAnyValue:StringEquals":{"not:there":"x"}}`, trust.Deny},
		{`{"ForAllValues:StringEquals":{"saml:groups":"dev"}}`, trust.Deny},
		{`{"ForAllValues:StringNotEquals":{"saml:groups":"dev"}}`, trust.Deny},
		{`{"ForAllValues:StringEquals":{"saml:groups":["dev","ops"]},"Null":{"saml:groups":"true"}}`, trust.Deny},
		{`{"StringEquals":{"blank:value":"x"}}`, trust.Deny},
		{`{"ForAnyValue:StringEquals":{"blank:value":"x"}}`, trust.Deny},
		{`{"Bool":{"aws:MFA":"false"}}`, trust.Deny},
		{`{"Bool":{"not:there":"false"}}`, trust.Deny},
		{`{"Null":{"saml:groups":"true"}}`, trust.Deny},
		{`{"Null":{"not:there":false}}`, trust.Deny},
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/Bridge"}}`, trust.Deny},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*:role/team/Bridge:x:y"}}`, trust.Deny},
		{`{"ArnLike":{"not:there":"arn:aws:iam::*:role/*"}}`, trust.Deny},
		{`{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"StringEquals":{"not:there":"x"}}`, trust.Deny},

		// What can't be told.
		{`{"StringEquals":{"saml:groups":"dev"}}`, trust.Unknown},
		{`{"StringNotEquals":{"saml:groups":"qa"}}`, trust.Unknown},
		{`{"StringEquals":{"nobody:knows":"x"}}`, trust.Unknown},
		{`{"StringNotEquals":{"nobody:knows":"x"}}`, trust.Unknown},
		{`{"Null":{"nobody:knows":"true"}}`, trust.Unknown},
		{`{"ForAllValues:StringEquals":{"nobody:knows":"x"}}`, trust.Unknown},
		{`{"ForAllValues:StringEquals":{"blank:value":"x"}}`, trust.Unknown},
		{`{"ForAnyValue:StringEquals":{"blank:value":""}}`, trust.Unknown},
		{`{"ForAnyValue:StringNotEquals":{"not:there":"x"}}`, trust.Unknown},
		{`{"ForAnyValue:StringEqualsIfExists":{"not:there":"x"}}`, trust.Unknown},
		{`{"StringLike":{"blank:value":"*"}}`, trust.Unknown},
		{`{"StringEqualsIfExists":{"blank:value":"x"}}`, trust.Unknown},
		{`{"Null":{"blank:value":"false"}}`, trust.Unknown},
		{`{"ArnLike":{"idp.example.com:sub":"arn:aws:iam::*:role/*"}}`, trust.Unknown},
		{`{"ArnNotEquals":{"idp.example.com:sub":"arn:aws:iam::444455556666:*"}}`, trust.Unknown},
		{`{"StringLikeIgnoreCase":{"idp.example.com:sub":"U-*"}}`, trust.Unknown},
		{`{"stringEquals":{"idp.example.com:sub":"u-7f3c"}}`, trust.Unknown},
		{`{"ForSomeValues:StringEquals":{"saml:groups":"dev"}}`, trust.Unknown},
		{`{"StringEqualsIfexists":{"not:there":"x"}}`, trust.Unknown},
		{`{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`, trust.Unknown},
		{`{"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}`, trust.Unknown},
		{`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, trust.Unknown},
		{`{"BinaryEquals":{"key":"QmluYXJ5"}}`, trust.Unknown},
		{`{"StringEquals":{"idp.example.com:sub":"${aws:username}"}}`, trust.Unknown},
		{`{"StringNotLike":{"idp.example.com:sub":"${aws:username}"}}`, trust.Unknown},
		{`{"Bool":{"aws:MFA":"yes"}}`, trust.Unknown},
		{`{"NullIfExists":{"not:there":"true"}}`, trust.Unknown},
		{`{"ForAnyValue:Null":{"not:there":"true"}}`, trust.Unknown},
		{`{"ArnLike":{"aws:PrincipalArn":"*"}}`, trust.Unknown},
		{`{"StringEqualsIgnoreCase":{"kelvin:key":"k"}}`, trust.Unknown},
		{`{"StringEquals":{"aws:SourceIp":"10.0.0.1"}}`, trust.Unknown},
		{`{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`, trust.Unknown},
		{`{"Null":{"aws:PrincipalOrgID":"true"}}`, trust.Unknown},
	} {
		d := evaluate(t, statement("Allow", federated(oidcARN), `"sts:*"`, c.condition), trust.Request{
			Principal: oidc, Action: "sts:AssumeRoleWithWebIdentity", Context: context,
			Opaque: []string{"aws:SourceIp", "aws:PrincipalOrg*"}, Absent: []string{"not:*"},
		})
		if d.Effect != c.want {
			t.Errorf("Allow if %s: got %s (%s), want %s", c.condition, d.Effect, d.Reason, c.want)
		}
	}
}

// TestDenyConditions: in a Deny the same doubt must work the other way.
func TestDenyConditions(t *testing.T) {
	for condition, want := range map[string]trust.Effect{
		`{"StringNotEquals":{"saml:aud":"https://good"}}`:         trust.Deny,
		`{"StringNotEquals":{"saml:aud":"https://bad"}}`:          trust.Allow,
		`{"StringNotEquals":{"not:there":"x"}}`:                   trust.Deny,
		`{"Null":{"not:there":"true"}}`:                           trust.Deny,
		`{"BoolIfExists":{"not:there":"false"}}`:                  trust.Deny,
		`{"Bool":{"not:there":"false"}}`:                          trust.Allow,
		`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}`:    trust.Unknown,
		`{"StringEquals":{"saml:groups":"dev"}}`:                  trust.Unknown,
		`{"StringLike":{"saml:aud":"${aws:username}"}}`:           trust.Unknown,
		`{"StringEquals":{"aws:SourceIp":"x"}}`:                   trust.Unknown,
		`{"StringEquals":{"aws:SourceIp":"x","saml:aud":"none"}}`: trust.Allow,
	} {
		policy := `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Federated":"` + samlARN + `"},"Action":"sts:*"},
			{"Effect":"Deny","Principal":{"Federated":"` + samlARN + `"},"Action":"sts:*","Condition":` + condition + `}]}`
		d := evaluate(t, policy, trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML", Opaque: []string{"aws:sourceip"}, Absent: []string{"not:there"},
			Context: map[string][]string{"saml:aud": {"https://bad"}, "saml:groups": {"dev", "ops"}}})
		if d.Effect != want {
			t.Errorf("Deny if %s: got %s (%s), want %s", condition, d.Effect, d.Reason, want)
		}
	}
}

// TestTwoSpellings: a key that comes twice, in two spellings, has two values, and no single-valued condition takes it.
func TestTwoSpellings(t *testing.T) {
	d := evaluate(t, statement("Allow", federated(samlARN), `"sts:*"`, `{"StringEquals":{"saml:aud":"good"}}`), trust.Request{
		Principal: saml, Action: "sts:AssumeRoleWithSAML", Context: map[string][]string{"saml:aud": {"good"}, "SAML:aud": {"bad"}},
	})
	if d.Effect != trust.Unknown {
		t.Errorf("got %s (%s)", d.Effect, d.Reason)
	}
}
