package trust_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

func TestDecisionNamesWhatDecided(t *testing.T) {
	policy := `{"Version":"2012-10-17","Statement":[
		{"Sid":"Other","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"},
		{"Sid":"Corp","Effect":"Allow","Principal":{"Federated":"` + samlARN + `"},"Action":"sts:AssumeRoleWithSAML",
		 "Condition":{"StringEquals":{"saml:iss":"https://idp","SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`
	d := evaluate(t, policy, trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML", Context: map[string][]string{
		"saml:iss": {"https://idp"}, "saml:aud": {"https://elsewhere"},
	}})
	want := trust.Condition{Operator: "StringEquals", Key: "SAML:aud"}
	if d.Effect != trust.Deny || d.Explicit || d.Statement != 1 || d.Sid != "Corp" || d.Condition != want {
		t.Errorf("got %+v", d)
	}
	if !strings.Contains(d.Reason, "SAML:aud: the call has https://elsewhere, the policy wants https://signin.aws.amazon.com/saml") {
		t.Errorf("reason %q", d.Reason)
	}
	d = evaluate(t, policy, trust.Request{Principal: google, Action: "sts:AssumeRoleWithWebIdentity"})
	if d.Effect != trust.Deny || d.Statement != -1 {
		t.Errorf("a principal that nobody names: got %+v", d)
	}
}

// TestReasons: a person reads which statement decided, by what, and which values were compared.
func TestReasons(t *testing.T) {
	const principal = `"Principal":{"Federated":"` + oidcARN + `"},"Action":"sts:AssumeRoleWithWebIdentity"`
	allow := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"Web","Effect":"Allow",` + principal + `,"Condition":` + condition + `}]}`
	}
	deny := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + principal + `},{"Effect":"Deny",` + principal + `,"Condition":` + condition + `}]}`
	}
	const us, all = `{"AWS":"111122223333"}`, `"sts:*"`
	for _, c := range []struct {
		policy string
		caller trust.Principal
		want   string
	}{
		{allow(`{"StringEquals":{"idp.example.com:aud":"sts.amazonaws.com"}}`), oidc,
			"statement 0 (Web): StringEquals idp.example.com:aud: the call has fedbridge:111122223333, the policy wants sts.amazonaws.com"},
		{allow(`{"StringEquals":{"idp.example.com:aud":["1","2","3","4","5","6","7"]}}`), oidc,
			"statement 0 (Web): StringEquals idp.example.com:aud: the call has fedbridge:111122223333, the policy wants 1, 2, 3, 4, 5 and 2 more"},
		{allow(`{"StringNotLike":{"idp.example.com:aud":"fedbridge:*"}}`), oidc,
			"statement 0 (Web): StringNotLike idp.example.com:aud: the call has fedbridge:111122223333, the policy excludes fedbridge:*"},
		{allow(`{"StringEquals":{"aws:RequestTag/Team":["a","b"]}}`), oidc,
			"statement 0 (Web): StringEquals aws:RequestTag/Team: the call doesn't have this key, the policy wants a or b"},
		{allow(`{"Null":{"aws:RequestTag/Team":"false"}}`), oidc, "statement 0 (Web): Null aws:RequestTag/Team: the call doesn't have this key"},
		{allow(`{"Null":{"idp.example.com:aud":"true"}}`), oidc, "statement 0 (Web): Null idp.example.com:aud: the call has this key"},
		{allow(`{"StringResembles":{"idp.example.com:aud":"x"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: StringResembles idp.example.com:aud: no operator of this name is known"},
		{allow(`{"ForAnyValue:BinaryEqualsIfExists":{"idp.example.com:aud":"x"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: ForAnyValue:BinaryEqualsIfExists idp.example.com:aud: BinaryEquals is not evaluated: no key of STS is binary"},
		{allow(`{"NullIfExists":{"idp.example.com:aud":"true"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: NullIfExists idp.example.com:aud: Null takes neither IfExists nor ForAnyValue and ForAllValues"},
		{allow(`{"StringEquals":{"idp.example.com:groups":"x"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: StringEquals idp.example.com:groups: no key of this name is known"},
		{allow(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: IpAddress aws:SourceIp: the value that the call will have is not known"},
		{allow(`{"StringEquals":{"idp.example.com:amr":"x"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: StringEquals idp.example.com:amr: the call has 2 values; IAM documents this for ForAnyValue and ForAllValues alone"},
		{allow(`{"ForAllValues:StringEquals":{"idp.example.com:amr":["pwd","otp"]}}`), oidc,
			"statement 0 (Web): ForAllValues:StringEquals idp.example.com:amr: the call has pwd and mfa, the policy wants pwd and otp"},
		{allow(`{"StringEquals":{"idp.example.com:sub":"x ${saml:sub"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: StringEquals idp.example.com:sub: x ${saml:sub in the policy can't be read"},
		{allow(`{"StringEquals":{"idp.example.com:sub":"${aws:username}"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: StringEquals idp.example.com:sub: what becomes of the variables in ${aws:username} isn't known or documented"},
		{allow(`{"ArnLike":{"idp.example.com:sub":"arn:aws:iam::1:root"}}`), oidc,
			"statement 0 (Web), which would allow, can't be told: ArnLike idp.example.com:sub: how IAM compares Shop/u-7f3c with arn:aws:iam::1:root isn't documented"},
		{allow(`{"StringEquals":{"idp.example.com:azp":"x","sts:RoleSessionName":"\u202ex\n\u001b[2J"}}`), oidc,
			`statement 0 (Web): StringEquals sts:RoleSessionName: the call has ada, the policy wants "\u202ex\n\x1b[2J"`},
		{deny(`{"StringEquals":{"idp.example.com:aud":"fedbridge:111122223333"}}`), oidc, "statement 1 denies it"},
		{deny(`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`), oidc,
			"statement 1, which would deny, can't be told: IpAddress aws:SourceIp: the value that the call will have is not known"},
		{deny(`{"StringEquals":{"idp.example.com:aud":"other"}}`), oidc, "statement 0 allows it"},
		{statement("Allow", us, all, ""), oidc, "no statement that allows names Federated " + oidcARN},
		{statement("Deny", us, all, ""), oidc, "no statement allows anything"},
		{statement("Allow", federated(oidcARN), `"sts:AssumeRole"`, ""), oidc, "statement 0 (One): it is not about sts:AssumeRoleWithWebIdentity"},
		{statement("Allow", federated(oidcARN), `"s*:AssumeRole*"`, ""), oidc,
			"statement 0 (One), which would allow, can't be told: IAM doesn't document a wildcard before the colon of an action"},
		{statement("Allow", `"*"`, all, ""), user, `statement 0 (One), which would allow, can't be told: IAM takes no bare "*" as the principal of a role`},
		{statement("Allow", `{"AWS":"*"}`, all, ""), oidc,
			`statement 0 (One), which would allow, can't be told: AWS "*" is every IAM principal; whether it is also Federated callers isn't documented`},
		{statement("Allow", `{"AWS":"arn:aws:iam::111122223333:user/*"}`, all, ""), user,
			"statement 0 (One), which would allow, can't be told: arn:aws:iam::111122223333:user/*: IAM takes no wildcard in a part of a principal"},
		{statement("Allow", `{"AWS":"AIDAJQABLZS4A3QDU576Q"}`, all, ""), user,
			"statement 0 (One), which would allow, can't be told: AIDAJQABLZS4A3QDU576Q is not an ARN or account: IAM shows the unique id of a user or role that was deleted"},
		{statement("Allow", `{"AWS":"arn:aws:iam::111122223333:role/x/Bridge"}`, all, ""), pathless,
			"statement 0 (One), which would allow, can't be told: arn:aws:iam::111122223333:role/x/Bridge may be the role of " + session.ID + ", which doesn't tell its path"},
		{strings.Replace(statement("Allow", us, all, ""), "Principal", "NotPrincipal", 1), user,
			"statement 0 (One), which would allow, can't be told: IAM supports no NotPrincipal in a statement that allows"},
	} {
		d := evaluate(t, c.policy, trust.Request{Principal: c.caller, Action: "sts:AssumeRoleWithWebIdentity", Context: map[string][]string{
			"idp.example.com:aud": {"fedbridge:111122223333"}, "idp.example.com:sub": {"Shop/u-7f3c"}, "idp.example.com:amr": {"pwd", "mfa"},
			"sts:RoleSessionName": {"ada"},
		}})
		if d.Reason != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.policy, d.Reason, c.want)
		}
	}
}

// TestWantedAndGot: a program reads the values that were compared; they are copies.
func TestWantedAndGot(t *testing.T) {
	context := map[string][]string{"saml:groups": {"dev", "ops"}}
	p, err := trust.Parse([]byte(statement("Allow", federated(samlARN), `"sts:*"`, `{"ForAnyValue:StringLike":{"saml:groups":["a*","b"]}}`)))
	if err != nil {
		t.Fatal(err)
	}
	d := p.Evaluate(trust.Request{Principal: saml, Action: "sts:TagSession", Context: context})
	if !slices.Equal(d.Wanted, []string{"a*", "b"}) || !slices.Equal(d.Got, []string{"dev", "ops"}) {
		t.Errorf("got %q and %q", d.Wanted, d.Got)
	}
	d.Wanted[0], d.Got[0] = "x", "x"
	if again := p.Evaluate(trust.Request{Principal: saml, Action: "sts:TagSession", Context: context}); again.Wanted[0] != "a*" || again.Got[0] != "dev" {
		t.Errorf("changing an answer changed the next: %q and %q", again.Wanted, again.Got)
	}
	if d := p.Evaluate(trust.Request{Principal: saml, Action: "sts:TagSession", Context: map[string][]string{"saml:groups": {"ab"}}}); d.Wanted != nil || d.Got != nil {
		t.Errorf("nothing decided but the whole statement, yet %q and %q", d.Wanted, d.Got)
	}
}

// oneLine tells whether a text can stand in a terminal or page as it is.
func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}
