package trust_test

import (
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestVariables(t *testing.T) {
	context := map[string][]string{
		"aws:username": {"ada"}, "aws:PrincipalTag/Cost Center": {"4711"}, "k:many": {"a", "b"}, "k:blank": {""}, "k:star": {"a*"},
		"k:arn": {"arn:aws:iam::111122223333:role/a"}, "k:name": {"ada"}, "k:path": {"home/ada/x"}, "k:role": {"arn:aws:iam::111122223333:role/ada"},
		"k:literal": {"a*b?c$d"}, "k:dollar": {"${aws:username}"}, "k:odd": {"\xfe"}, "k:starred": {"a*"}, "k:longer": {"axb"}, "k:text": {"${*}"},
	}
	for _, c := range []struct{ written, want string }{
		// The value of the call takes the variable's place.
		{`{"StringEquals":{"k:name":"${aws:username}"}}`, holds},
		{`{"StringEquals":{"k:name":"${AWS:UserName}"}}`, holds},
		{`{"StringEquals":{"k:path":"home/${aws:username}/x"}}`, holds},
		{`{"StringLike":{"k:path":"home/${aws:username}/*"}}`, holds},
		{`{"StringLike":{"k:path":"*/${aws:username}?x"}}`, holds},
		{`{"StringLike":{"k:path":"home/${aws:PrincipalTag/Cost Center}/*"}}`, fails},
		{`{"StringNotLike":{"k:path":"home/${aws:username}/*"}}`, fails},
		{`{"StringNotEquals":{"k:path":"${aws:username}"}}`, holds},
		{`{"StringEqualsIgnoreCase":{"k:name":"${aws:username}"}}`, holds},
		{`{"ForAnyValue:StringEquals":{"k:name":["x","${aws:username}"]}}`, holds},
		{`{"ArnEquals":{"k:role":"arn:aws:iam::111122223333:role/${aws:username}"}}`, holds},
		{`{"ArnLike":{"k:arn":"${k:arn}"}}`, holds},
		{`{"ArnNotLike":{"k:role":"${k:arn}"}}`, holds},
		{`{"ArnLike":{"k:arn":"arn:aws:iam::111122223333:${k:arn}"}}`, doubt}, // the colons of the value
		{`{"StringEquals":{"k:absent":"${aws:username}"}}`, fails},

		// A key that the call doesn't have: nothing equals it, unless there is a default.
		{`{"StringEquals":{"k:name":"${not:there}"}}`, fails},
		{`{"StringEquals":{"k:name":["${not:there}","ada"]}}`, holds},
		{`{"StringLike":{"k:path":"home/${not:there}*"}}`, fails},
		{`{"StringLike":{"k:path":"${not:there}*"}}`, fails},
		{`{"StringNotEquals":{"k:name":"${not:there}"}}`, doubt}, // IAM's guide says both
		{`{"StringNotEquals":{"k:name":["${not:there}","ada"]}}`, fails},
		{`{"ArnNotLike":{"k:arn":"arn:aws:iam::1:role/${not:there}"}}`, doubt},
		{`{"StringEqualsIfExists":{"k:absent":"${not:there}"}}`, holds},
		{`{"StringEquals":{"k:name":"${not:there, 'ada'}"}}`, holds},
		{`{"StringEquals":{"k:name":"${not:there, ''}ada"}}`, holds},
		{`{"StringNotEquals":{"k:name":"${not:there, 'ada'}"}}`, fails},
		{`{"StringEquals":{"k:name":"${aws:username, 'nobody'}"}}`, holds},
		{`{"StringLike":{"k:path":"${not:there, 'home'}/*"}}`, holds},

		// What can't be told.
		{`{"StringEquals":{"k:name":"${k:opaque}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${k:opaque, 'ada'}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${nobody:knows}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${k:many}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${k:blank}ada"}}`, doubt},
		{`{"StringEquals":{"k:name":"${k:odd}"}}`, doubt},
		{`{"StringEquals":{"k:name":["${k:opaque}","ada"]}}`, holds},
		{`{"StringNotEquals":{"k:name":["${k:opaque}","ada"]}}`, fails},

		// A wildcard that comes with a value may be one, or itself.
		{`{"StringLike":{"k:starred":"${k:star}"}}`, holds},
		{`{"StringLike":{"k:longer":"${k:star}"}}`, doubt},
		{`{"StringLike":{"k:name":"${not:there, '*'}"}}`, doubt},
		{`{"StringLike":{"k:name":"x${k:star}"}}`, fails},
		{`{"StringEquals":{"k:longer":"${k:star}"}}`, fails},

		// The characters themselves.
		{`{"StringEquals":{"k:literal":"a${*}b${?}c${$}d"}}`, holds},
		{`{"StringLike":{"k:literal":"a${*}b${?}c${$}d"}}`, holds},
		{`{"StringLike":{"k:literal":"a${*}*"}}`, holds},
		{`{"StringLike":{"k:longer":"a${*}"}}`, fails},
		{`{"StringLike":{"k:longer":"a${?}b"}}`, fails},
		{`{"StringLike":{"k:longer":"a?b"}}`, holds},
		{`{"StringEquals":{"k:dollar":"${$}{aws:username}"}}`, holds},
		{`{"StringEquals":{"k:text":"${$}{${*}}"}}`, holds},
		{`{"StringEquals":{"k:text":"$${*}"}}`, fails},
		{`{"ArnLike":{"k:arn":"arn:aws:iam::111122223333:role/${*}"}}`, fails},

		// What is none of these.
		{`{"StringEquals":{"k:name":"${"}}`, doubt},
		{`{"StringEquals":{"k:name":"${}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${aws:username"}}`, doubt},
		{`{"StringEquals":{"k:name":"${ aws:username}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${not:there }"}}`, doubt},
		{`{"StringEquals":{"k:name":"${aws:username,'x'}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${aws:username, x}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${aws:username, 'x}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${aws:username, 'x''y'}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${not:there, '${aws:username}'}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${${aws:username}}"}}`, doubt},
		{`{"StringEquals":{"k:name":"${**}"}}`, doubt},
		{`{"StringNotEquals":{"k:name":"${"}}`, doubt},
		{`{"StringEquals":{"k:name":["${","ada"]}}`, holds},
	} {
		if got := condition(t, c.written, context); got != c.want {
			t.Errorf("%s: %s, want %s", c.written, got, c.want)
		}
	}
}

// TestVariablesAreOf2012: without Version 2012-10-17, ${…} is plain text.
func TestVariablesAreOf2012(t *testing.T) {
	for version, want := range map[string]trust.Effect{
		`"Version":"2012-10-17",`: trust.Deny, `"Version":"2008-10-17",`: trust.Allow, ``: trust.Allow,
	} {
		for _, operator := range []string{"StringEquals", "StringLike"} {
			d := evaluate(t, `{`+version+`"Statement":{"Effect":"Allow","Principal":{"Federated":"`+samlARN+`"},"Action":"sts:*",
				"Condition":{"`+operator+`":{"saml:sub":"${saml:iss}"}}}}`,
				trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML", Context: map[string][]string{
					"saml:sub": {"${saml:iss}"}, "saml:iss": {"https://idp"},
				}})
			if d.Effect != want {
				t.Errorf("%s %s: got %s, want %s", version, operator, d.Effect, want)
			}
		}
	}
}

// TestVariableOfAnotherAction: a key that only another action shows is no certain value.
func TestVariableOfAnotherAction(t *testing.T) {
	p := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:*",
		"Condition":{"StringEquals":{"aws:PrincipalTag/Id":"${sts:ExternalId}"}}}}`
	context := map[string][]string{"sts:ExternalId": {"x-1"}, "aws:PrincipalTag/Id": {"x-1"}}
	for action, want := range map[string]trust.Effect{"sts:AssumeRole": trust.Allow, "sts:TagSession": trust.Unknown} {
		if d := evaluate(t, p, trust.Request{Principal: user, Action: action, Context: context}); d.Effect != want {
			t.Errorf("%s: got %s (%s), want %s", action, d.Effect, d.Reason, want)
		}
	}
}
