package trust_test

import (
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

const (
	samlARN = "arn:aws:iam::123456789012:saml-provider/Corp"
	oidcARN = "arn:aws:iam::123456789012:oidc-provider/idp.example.com"
)

var (
	saml    = trust.Principal{Kind: trust.Federated, ID: samlARN}
	oidc    = trust.Principal{Kind: trust.Federated, ID: oidcARN}
	google  = trust.Principal{Kind: trust.Federated, ID: "accounts.google.com"}
	ec2     = trust.Principal{Kind: trust.Service, ID: "ec2.amazonaws.com"}
	user    = trust.Principal{Kind: trust.AWS, ID: "arn:aws:iam::111122223333:user/ada"}
	session = trust.Principal{
		Kind: trust.AWS, ID: "arn:aws:sts::111122223333:assumed-role/Bridge/i-1",
		Role: "arn:aws:iam::111122223333:role/team/Bridge",
	}
	pathless = trust.Principal{Kind: trust.AWS, ID: session.ID}
)

// statement writes a policy of one statement.
func statement(effect, principal, action, condition string) string {
	s := `{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"` + effect + `","Principal":` + principal +
		`,"Action":` + action
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + `}]}`
}

func federated(arn string) string { return `{"Federated":"` + arn + `"}` }

func evaluate(t *testing.T, policy string, r trust.Request) trust.Decision {
	t.Helper()
	p, err := trust.Parse([]byte(policy))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, policy)
	}
	return p.Evaluate(r)
}

func TestPrincipal(t *testing.T) {
	for _, c := range []struct {
		name, principal string
		caller          trust.Principal
		want            trust.Effect
		named           bool
	}{
		{"SAML provider", federated(samlARN), saml, trust.Allow, true},
		{"OIDC provider", federated(oidcARN), oidc, trust.Allow, true},
		{"built-in provider", federated("accounts.google.com"), google, trust.Allow, true},
		{"service", `{"Service":"ec2.amazonaws.com"}`, ec2, trust.Allow, true},
		{"account id", `{"AWS":"111122223333"}`, user, trust.Allow, false},
		{"account root", `{"AWS":"arn:aws:iam::111122223333:root"}`, session, trust.Allow, false},
		{"user", `{"AWS":"arn:aws:iam::111122223333:user/ada"}`, user, trust.Allow, true},
		{"role with its path", `{"AWS":"arn:aws:iam::111122223333:role/team/Bridge"}`, session, trust.Allow, true},
		{"session", `{"AWS":"arn:aws:sts::111122223333:assumed-role/Bridge/i-1"}`, session, trust.Allow, true},
		{"everybody in AWS", `{"AWS":"*"}`, session, trust.Allow, false},
		{"one of several", `{"AWS":["444455556666","111122223333"],"Federated":"` + samlARN + `"}`, user, trust.Allow, false},
		{"account and name", `{"AWS":["111122223333","arn:aws:iam::111122223333:user/ada"]}`, user, trust.Allow, true},

		{"other provider", federated(samlARN + "2"), saml, trust.Deny, false},
		{"provider's case", federated(strings.ToLower(samlARN)), saml, trust.Deny, false},
		{"provider of another account", federated(strings.Replace(samlARN, "1234", "4321", 1)), saml, trust.Deny, false},
		{"provider listed as AWS", `{"AWS":"` + samlARN + `"}`, saml, trust.Deny, false},
		{"user listed as Federated", federated("arn:aws:iam::111122223333:user/ada"), user, trust.Deny, false},
		{"other account", `{"AWS":"111122223334"}`, user, trust.Deny, false},
		{"other partition", `{"AWS":"arn:aws-cn:iam::111122223333:root"}`, user, trust.Deny, false},
		{"eleven digits are no account", `{"AWS":"11112222333"}`, user, trust.Unknown, false},
		{"role without its path", `{"AWS":"arn:aws:iam::111122223333:role/Bridge"}`, session, trust.Deny, false},
		{"other session", `{"AWS":"arn:aws:sts::111122223333:assumed-role/Bridge/i-2"}`, session, trust.Deny, false},
		{"role of a user", `{"AWS":"arn:aws:iam::111122223333:role/ada"}`, user, trust.Deny, false},
		{"service is exact", `{"Service":"ec2.amazonaws.com.cn"}`, ec2, trust.Deny, false},
		{"bare star does not delegate", `"*"`, user, trust.Unknown, false},
		{"wildcard in an ARN", `{"AWS":"arn:aws:iam::111122223333:role/*"}`, session, trust.Unknown, false},
		{"wildcard that can't be meant", `{"AWS":"arn:aws:iam::444455556666:role/*"}`, session, trust.Deny, false},
		{"wildcard provider", federated("*"), saml, trust.Unknown, false},
		{"wildcard provider of another kind", federated("*"), user, trust.Deny, false},
		{"AWS * and federated callers", `{"AWS":"*"}`, saml, trust.Unknown, false},
		{"AWS * and services", `{"AWS":"*"}`, ec2, trust.Unknown, false},
		{"unique id and federated callers", `{"AWS":"AROAJQABLZS4A3QDU576Q"}`, saml, trust.Deny, false},
		{"role of a session that doesn't tell its path", `{"AWS":"arn:aws:iam::111122223333:role/any/Bridge"}`, pathless, trust.Unknown, false},
		{"role of another name", `{"AWS":"arn:aws:iam::111122223333:role/any/Other"}`, pathless, trust.Deny, false},
		{"role of another account", `{"AWS":"arn:aws:iam::444455556666:role/Bridge"}`, pathless, trust.Deny, false},
		{"deleted principal", `{"AWS":"AROAJQABLZS4A3QDU576Q"}`, session, trust.Unknown, false},
		{"canonical user", `{"CanonicalUser":"79a59d"}`, user, trust.Unknown, false},
		{"nobody asks", `{"AWS":"*"}`, trust.Principal{Kind: trust.AWS}, trust.Unknown, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := evaluate(t, statement("Allow", c.principal, `"sts:*"`, ""), trust.Request{Principal: c.caller, Action: "sts:AssumeRole"})
			if d.Effect != c.want || d.Named != c.named {
				t.Errorf("got %s named=%t (%s), want %s named=%t", d.Effect, d.Named, d.Reason, c.want, c.named)
			}
		})
	}
}

func TestDenyWins(t *testing.T) {
	allow := `{"Sid":"Let","Effect":"Allow","Principal":{"Federated":"` + samlARN + `"},"Action":"sts:*"}`
	for _, c := range []struct {
		name, other string
		want        trust.Effect
		sid         string
	}{
		{"a Deny of the same principal", `{"Sid":"No","Effect":"Deny","Principal":{"Federated":"` + samlARN + `"},"Action":"*"}`, trust.Deny, "No"},
		{"a Deny for AWS * is for all", `{"Sid":"No","Effect":"Deny","Principal":{"AWS":"*"},"Action":"*"}`, trust.Deny, "No"},
		{"a Deny for bare * is for all", `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"*"}`, trust.Deny, "No"},
		{"a doubtful Deny", `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`, trust.Unknown, "No"},
		{"a Deny with NotPrincipal", `{"Sid":"No","Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"*"}`, trust.Deny, "No"},
		{"a Deny for all but this provider", `{"Sid":"No","Effect":"Deny","NotPrincipal":{"Federated":"` + samlARN + `"},"Action":"*"}`, trust.Allow, "Let"},
		{"a Deny for all but everybody", `{"Sid":"No","Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"*"}`, trust.Unknown, "No"},
		{"a Deny with NotAction", `{"Sid":"No","Effect":"Deny","Principal":"*","NotAction":"sts:AssumeRole"}`, trust.Deny, "No"},
		{"a Deny with NotAction that spares this one", `{"Sid":"No","Effect":"Deny","Principal":"*","NotAction":"sts:Assume*"}`, trust.Allow, "Let"},
		{"a Deny of another action", `{"Sid":"No","Effect":"Deny","Principal":"*","Action":"sts:TagSession"}`, trust.Allow, "Let"},
		{"a doubtful Deny of another action", `{"Sid":"No","Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"sts:TagSession"}`, trust.Allow, "Let"},
		{"a doubtful Allow", `{"Sid":"No","Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"*"}`, trust.Allow, "Let"},
	} {
		for _, order := range []string{allow + "," + c.other, c.other + "," + allow} {
			d := evaluate(t, `{"Version":"2012-10-17","Statement":[`+order+`]}`, trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML"})
			if d.Effect != c.want || d.Sid != c.sid {
				t.Errorf("%s: got %s by %q (%s), want %s by %q", c.name, d.Effect, d.Sid, d.Reason, c.want, c.sid)
			}
		}
	}
}

func TestAction(t *testing.T) {
	for action, want := range map[string]trust.Effect{
		`"sts:AssumeRoleWithSAML"`:                 trust.Allow,
		`"STS:assumerolewithsaml"`:                 trust.Allow,
		`"sts:Assume*"`:                            trust.Allow,
		`"sts:AssumeRoleWithSAM?"`:                 trust.Allow,
		`["sts:TagSession","sts:AssumeRoleWith*"]`: trust.Allow,
		`"*"`:                       trust.Allow,
		`"sts:AssumeRole"`:          trust.Deny,
		`"sts:AssumeRoleWithSAML?"`: trust.Deny,
		`"iam:*"`:                   trust.Deny,
		`"*:*"`:                     trust.Allow,
		`"st?:AssumeRoleWithSAML"`:  trust.Unknown,
		`"*:AssumeRoleWithSAML"`:    trust.Unknown,
		`"*:AssumeRole"`:            trust.Deny,
		`["*:AssumeRoleWithSAML","sts:AssumeRoleWithSAML"]`: trust.Allow,
		`["sts:TagSession","sts:SetSourceIdentity"]`:        trust.Deny,
	} {
		d := evaluate(t, statement("Allow", federated(samlARN), action, ""), trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML"})
		if d.Effect != want {
			t.Errorf("%s: got %s, want %s", action, d.Effect, want)
		}
	}
}

func TestNotAction(t *testing.T) {
	for action, want := range map[string]trust.Effect{
		`"sts:AssumeRole"`:                        trust.Allow,
		`["sts:TagSession","sts:AssumeRole"]`:     trust.Allow,
		`"sts:AssumeRoleWithSAML"`:                trust.Deny,
		`["sts:TagSession","STS:assumerole*"]`:    trust.Deny,
		`"*"`:                                     trust.Deny,
		`"*:AssumeRoleWithSAML"`:                  trust.Unknown,
		`["*:AssumeRoleWithSAML","sts:AssumeR*"]`: trust.Deny,
	} {
		policy := strings.Replace(statement("Allow", federated(samlARN), action, ""), `"Action"`, `"NotAction"`, 1)
		if d := evaluate(t, policy, trust.Request{Principal: saml, Action: "sts:AssumeRoleWithSAML"}); d.Effect != want {
			t.Errorf("%s: got %s (%s), want %s", action, d.Effect, d.Reason, want)
		}
	}
}

// TestNotPrincipal: IAM's guide wants the account beside the principal, and of a session its account, role and session.
func TestNotPrincipal(t *testing.T) {
	const account, role, itself = `"111122223333"`, `"arn:aws:iam::111122223333:role/team/Bridge"`, `"arn:aws:sts::111122223333:assumed-role/Bridge/i-1"`
	for _, c := range []struct {
		list   string
		caller trust.Principal
		deny   trust.Effect // of a Deny beside an Allow for everybody
		allow  trust.Effect // of an Allow alone
	}{
		{`{"AWS":[` + account + `,` + role + `,` + itself + `]}`, session, trust.Allow, trust.Deny},
		{`{"AWS":["arn:aws:iam::111122223333:root",` + role + `,` + itself + `]}`, session, trust.Allow, trust.Deny},
		{`{"AWS":[` + account + `,` + role + `]}`, session, trust.Unknown, trust.Unknown},
		{`{"AWS":[` + account + `,` + itself + `]}`, session, trust.Unknown, trust.Unknown},
		{`{"AWS":[` + role + `,` + itself + `]}`, session, trust.Unknown, trust.Unknown},
		{`{"AWS":` + role + `}`, session, trust.Unknown, trust.Unknown},
		{`{"AWS":` + account + `}`, session, trust.Unknown, trust.Unknown},
		{`{"AWS":[` + account + `,"` + user.ID + `"]}`, user, trust.Allow, trust.Deny},
		{`{"AWS":"` + user.ID + `"}`, user, trust.Unknown, trust.Unknown},
		{`{"AWS":` + account + `}`, user, trust.Unknown, trust.Unknown},
		{`{"AWS":"*"}`, user, trust.Unknown, trust.Unknown},
		{`"*"`, user, trust.Unknown, trust.Unknown},
		{`{"AWS":"AIDAJQABLZS4A3QDU576Q"}`, user, trust.Unknown, trust.Unknown},
		{`{"AWS":"444455556666"}`, user, trust.Deny, trust.Unknown},
		{`{"Federated":"` + samlARN + `"}`, user, trust.Deny, trust.Unknown},
	} {
		not := strings.Replace(inner(statement("Deny", c.list, `"*"`, "")), `"Principal"`, `"NotPrincipal"`, 1)
		all := `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"}`
		r := trust.Request{Principal: c.caller, Action: "sts:AssumeRole"}
		if d := evaluate(t, `{"Statement":[`+all+`,`+not+`]}`, r); d.Effect != c.deny {
			t.Errorf("Deny for all but %s: %s (%s), want %s", c.list, d.Effect, d.Reason, c.deny)
		}
		if d := evaluate(t, `{"Statement":[`+strings.Replace(not, "Deny", "Allow", 1)+`]}`, r); d.Effect != c.allow {
			t.Errorf("Allow for all but %s: %s (%s), want %s", c.list, d.Effect, d.Reason, c.allow)
		}
	}
}

// TestResource: nothing crosses partitions, and STS takes identity providers of the role's own account.
func TestResource(t *testing.T) {
	for _, c := range []struct {
		role   string
		caller trust.Principal
		want   trust.Effect
	}{
		{"arn:aws:iam::123456789012:role/R", saml, trust.Allow},
		{"arn:aws:iam::123456789012:role/R", google, trust.Allow},
		{"arn:aws:iam::123456789012:role/R", ec2, trust.Allow},
		{"arn:aws:iam::123456789012:role/R", user, trust.Allow},
		{"arn:aws:iam::444455556666:role/R", user, trust.Allow},
		{"", saml, trust.Allow},
		{"arn:aws-cn:iam::123456789012:role/R", user, trust.Deny},
		{"arn:aws-cn:iam::123456789012:role/R", saml, trust.Deny},
		{"arn:aws:iam::444455556666:role/R", saml, trust.Deny},
		{"arn:aws:iam::444455556666:role/R", oidc, trust.Deny},
	} {
		policy := statement("Allow", `{"AWS":["111122223333"],"Federated":["`+samlARN+`","`+oidcARN+`","accounts.google.com"],"Service":"ec2.amazonaws.com"}`, `"sts:*"`, "")
		d := evaluate(t, policy, trust.Request{Principal: c.caller, Action: "sts:AssumeRole", Resource: c.role})
		if d.Effect != c.want || c.want == trust.Deny && (d.Statement != -1 || d.Reason == "") {
			t.Errorf("%s by %s: got %+v, want %s", c.role, c.caller.ID, d, c.want)
		}
	}
}

// TestScopedKeys: sts:ExternalId exists only in the AssumeRole authorisation, so one statement that tests it can't
// allow TagSession as well (aws-facts 4.3).
func TestScopedKeys(t *testing.T) {
	actions := `["sts:AssumeRole","sts:TagSession"]`
	together := statement("Allow", `{"AWS":"111122223333"}`, actions, `{"StringEquals":{"sts:ExternalId":"x-1"}}`)
	apart := `{"Statement":[
		{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x-1"}}},
		{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:TagSession"}]}`
	for _, c := range []struct {
		name, policy, id string
		also, lenient    []string
		want             trust.Effect
		action           string
	}{
		{"alone", together, "x-1", nil, nil, trust.Allow, "sts:AssumeRole"},
		{"with tags, together", together, "x-1", []string{"sts:TagSession"}, nil, trust.Deny, "sts:TagSession"},
		{"with tags, leniently", together, "x-1", []string{"sts:TagSession"}, []string{"sts:ExternalId"}, trust.Allow, "sts:AssumeRole"},
		{"with tags, apart", apart, "x-1", []string{"sts:TagSession"}, nil, trust.Allow, "sts:AssumeRole"},
		{"with source identity too", apart, "x-1", []string{"sts:TagSession", "sts:SetSourceIdentity"}, nil, trust.Deny, "sts:SetSourceIdentity"},
		{"wrong id", apart, "x-2", []string{"sts:TagSession"}, nil, trust.Deny, "sts:AssumeRole"},
		{"no id", together, "", nil, nil, trust.Deny, "sts:AssumeRole"},
	} {
		p, err := trust.Parse([]byte(c.policy))
		if err != nil {
			t.Fatal(err)
		}
		r := trust.Request{Principal: user, Action: "sts:AssumeRole", Context: map[string][]string{}, Lenient: c.lenient}
		if c.id != "" {
			r.Context["sts:ExternalId"] = []string{c.id}
		}
		if d := p.EvaluateAll(r, c.also...); d.Effect != c.want || d.Action != c.action {
			t.Errorf("%s: got %s for %s (%s), want %s for %s", c.name, d.Effect, d.Action, d.Reason, c.want, c.action)
		}
	}
}
