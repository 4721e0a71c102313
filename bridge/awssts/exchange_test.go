package awssts_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
)

// TestWire: exactly these fields leave for each way to ask, and nothing else.
func TestWire(t *testing.T) {
	full := func(q *bridge.ExchangeRequest) {
		q.Role.ExternalID = "abc/1"
		q.Role.SessionPolicy = `{"Version":"2012-10-17"}`
		q.Role.SessionPolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
		q.Role.TransitiveTags = []string{"Project"}
		q.Tags = []bridge.Tag{{Key: "Project", Value: "P X"}, {Key: "Empty"}}
		q.SourceIdentity = "ada"
	}
	common := func(action string, more url.Values) url.Values {
		form := url.Values{
			"Action": {action}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::111122223333:role/team/Dev"},
			"DurationSeconds": {"3600"},
		}
		for k, v := range more {
			form[k] = v
		}
		return form
	}
	cases := map[string]struct {
		q    bridge.ExchangeRequest
		want url.Values
	}{
		"saml": {question(bridge.ViaSAML), common("AssumeRoleWithSAML", url.Values{
			"PrincipalArn": {"arn:aws:iam::111122223333:saml-provider/Corp"}, "SAMLAssertion": {"PHNhbWxwOlJlc3BvbnNlPkNBTkFSWQ=="},
		})},
		"web_identity": {question(bridge.ViaWebIdentity), common("AssumeRoleWithWebIdentity", url.Values{
			"RoleSessionName": {person}, "WebIdentityToken": {"eyJhbGciOiJSUzI1NiJ9.CANARY.c2ln"},
		})},
		"issuer, token": {question(bridge.ViaIssuer), common("AssumeRoleWithWebIdentity", url.Values{
			"RoleSessionName": {person}, "WebIdentityToken": {"eyJhbGciOiJSUzI1NiJ9.CANARY.c2ln"},
		})},
		// Tags and source identity are in the token; the session policy, which narrows, goes along.
		"issuer, token, full": {question(bridge.ViaIssuer, full), common("AssumeRoleWithWebIdentity", url.Values{
			"RoleSessionName": {person}, "WebIdentityToken": {"eyJhbGciOiJSUzI1NiJ9.CANARY.c2ln"},
			"Policy": {`{"Version":"2012-10-17"}`}, "PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/ReadOnlyAccess"},
		})},
		"issuer, response": {question(bridge.ViaIssuer, asSAML), common("AssumeRoleWithSAML", url.Values{
			"PrincipalArn": {"arn:aws:iam::111122223333:saml-provider/Corp"}, "SAMLAssertion": {"PHNhbWxwOlJlc3BvbnNlPkNBTkFSWQ=="},
		})},
		"issuer, response, full": {question(bridge.ViaIssuer, asSAML, full), common("AssumeRoleWithSAML", url.Values{
			"PrincipalArn": {"arn:aws:iam::111122223333:saml-provider/Corp"}, "SAMLAssertion": {"PHNhbWxwOlJlc3BvbnNlPkNBTkFSWQ=="},
			"Policy": {`{"Version":"2012-10-17"}`}, "PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/ReadOnlyAccess"},
		})},
		// No field is sent empty: STS refuses "PolicyArns=".
		"assume_role, bare": {question(bridge.ViaAssumeRole), common("AssumeRole", url.Values{"RoleSessionName": {person}})},
		"assume_role, full": {question(bridge.ViaAssumeRole, full), common("AssumeRole", url.Values{
			"RoleSessionName": {person}, "ExternalId": {"abc/1"}, "SourceIdentity": {"ada"},
			"Policy": {`{"Version":"2012-10-17"}`}, "PolicyArns.member.1.arn": {"arn:aws:iam::aws:policy/ReadOnlyAccess"},
			"Tags.member.1.Key": {"Project"}, "Tags.member.1.Value": {"P X"},
			"Tags.member.2.Key": {"Empty"}, "Tags.member.2.Value": {""}, "TransitiveTagKeys.member.1": {"Project"},
		})},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sts := newStub(t, succeed)
			exchange(t, client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}), c.q)
			got := sts.questions()
			if len(got) != 1 {
				t.Fatalf("%d calls, want 1", len(got))
			}
			if diff := cmp.Diff(c.want, got[0].form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			signed := strings.HasPrefix(got[0].header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEEXAMPLE00/")
			if signed != (c.q.Via == bridge.ViaAssumeRole) {
				t.Errorf("Authorization is %q", got[0].header.Get("Authorization"))
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	for _, via := range everyVia {
		sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
			s := good(form)
			s.extra = "<PackedPolicySize>7</PackedPolicySize><SessionTokenUtilization>22</SessionTokenUtilization>"
			s.write(w, form.Get("Action"))
		})
		q := question(via)
		got := exchange(t, client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}), q)
		if got.AccessKeyID != "ASIAEXAMPLEEXAMPLE00" || got.SecretAccessKey.Reveal() != "c2VjcmV0" || got.SessionToken.Reveal() != "dG9rZW4=" {
			t.Errorf("%s: credentials %+v", via, got)
		}
		if got.AssumedRoleARN != "arn:aws:sts::111122223333:assumed-role/Dev/"+person || got.SessionName != person || got.Role.Key != q.Role.Key {
			t.Errorf("%s: session %+v", via, got)
		}
		if got.Utilization != 22 || got.CapReason != bridge.CapNone || got.Chained {
			t.Errorf("%s: utilization %d, cap %q, chained %v", via, got.Utilization, got.CapReason, got.Chained)
		}
	}
}

func TestShorterThanAsked(t *testing.T) {
	sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
		s := good(form)
		s.expires = time.Now().Add(20 * time.Minute)
		s.write(w, form.Get("Action"))
	})
	got := exchange(t, client(t, awssts.Config{Endpoint: sts.URL}), question(bridge.ViaSAML))
	if got.CapReason != bridge.CapSTS {
		t.Errorf("cap reason is %q, want %q", got.CapReason, bridge.CapSTS)
	}
}

// TestWrongAnswer: whatever is not a session of exactly the role asked for is thrown away (threat A17).
func TestWrongAnswer(t *testing.T) {
	arn := func(arn string) func(*session) { return func(s *session) { s.arn = arn } }
	cases := map[string]struct {
		edit func(*session)
		want bridge.Code
	}{
		"another account":     {arn("arn:aws:sts::999999999999:assumed-role/Dev/" + person), bridge.CodeSTSWrongRole},
		"another role":        {arn("arn:aws:sts::111122223333:assumed-role/Admin/" + person), bridge.CodeSTSWrongRole},
		"another case":        {arn("arn:aws:sts::111122223333:assumed-role/dev/" + person), bridge.CodeSTSWrongRole},
		"another session":     {arn("arn:aws:sts::111122223333:assumed-role/Dev/eve"), bridge.CodeSTSWrongRole},
		"another partition":   {arn("arn:aws-cn:sts::111122223333:assumed-role/Dev/" + person), bridge.CodeSTSWrongRole},
		"with the path":       {arn("arn:aws:sts::111122223333:assumed-role/team/Dev/" + person), bridge.CodeSTSWrongRole},
		"ARN of the role":     {arn("arn:aws:iam::111122223333:role/team/Dev"), bridge.CodeSTSWrongRole},
		"federated user":      {arn("arn:aws:sts::111122223333:federated-user/Dev"), bridge.CodeSTSWrongRole},
		"no ARN":              {arn(""), bridge.CodeSTSAnswer},
		"no credentials":      {func(s *session) { *s = session{arn: s.arn} }, bridge.CodeSTSAnswer},
		"no key id":           {func(s *session) { s.key = "" }, bridge.CodeSTSAnswer},
		"a long-term key":     {func(s *session) { s.key = "AKIAEXAMPLEEXAMPLE00" }, bridge.CodeSTSAnswer},
		"key id with a quote": {func(s *session) { s.key = "ASIA'EXAMPLEEXAMPLE0" }, bridge.CodeSTSAnswer},
		"no secret":           {func(s *session) { s.secret = "" }, bridge.CodeSTSAnswer},
		"no token":            {func(s *session) { s.token = "" }, bridge.CodeSTSAnswer},
		"no expiry":           {func(s *session) { s.expires = time.Time{} }, bridge.CodeSTSAnswer},
		"expired":             {func(s *session) { s.expires = time.Now().Add(-time.Second) }, bridge.CodeSTSAnswer},
	}
	for name, c := range cases {
		for _, via := range everyVia {
			t.Run(name+"/"+string(via), func(t *testing.T) {
				sts := newStub(t, func(_ int, w http.ResponseWriter, form url.Values) {
					s := good(form)
					c.edit(&s)
					s.write(w, form.Get("Action"))
				})
				got, err := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()}).Exchange(context.Background(), question(via))
				wantCode(t, err, c.want)
				if !got.SecretAccessKey.IsZero() || !got.SessionToken.IsZero() || got.AccessKeyID != "" {
					t.Error("credentials came with the error")
				}
			})
		}
	}
}

// TestEnvironmentIsIgnored: with credentials in code nothing of the machine's AWS set-up is looked at, and endpoints of
// the environment are never read.
func TestEnvironmentIsIgnored(t *testing.T) {
	trap := newStub(t, succeed)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": trap.URL, "AWS_ENDPOINT_URL_STS": trap.URL, "AWS_PROFILE": "no-such-profile",
		"AWS_CONFIG_FILE": "/no/such/file", "AWS_REGION": "cn-north-1", "AWS_ACCESS_KEY_ID": "AKIATRAP",
		"AWS_SECRET_ACCESS_KEY": "trap", "AWS_SESSION_TOKEN": "trap", "AWS_USE_FIPS_ENDPOINT": "true",
		"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_MAX_ATTEMPTS": "9", "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap.URL,
	} {
		t.Setenv(name, value)
	}
	sts := newStub(t, succeed)
	c := client(t, awssts.Config{Endpoint: sts.URL, Credentials: keys()})
	for _, via := range everyVia {
		exchange(t, c, question(via))
	}
	if n := len(trap.questions()); n != 0 {
		t.Errorf("%d calls went where the environment said", n)
	}
	signature := sts.questions()[0].header.Get("Authorization")
	if !strings.Contains(signature, "AKIAEXAMPLEEXAMPLE00/") || !strings.Contains(signature, "/us-east-1/sts/") {
		t.Errorf("signed as %q", signature)
	}
}
