package ststest_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// TestCircumstances: trust policies see the time, the connection and the credentials as they are here, and what this AWS
// can't know refuses, whichever way the condition is written.
func TestCircumstances(t *testing.T) {
	w := newWorld(t)
	hour := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	first, err := w.bridge().AssumeRole(background, role(crossRole))
	if err != nil {
		t.Fatal(err)
	}
	const user, chained = 1, 2 // who gets in
	for condition, want := range map[string]int{
		`{"DateGreaterThan":{"aws:CurrentTime":"` + hour(-time.Hour) + `"},"DateLessThan":{"aws:CurrentTime":"` + hour(time.Hour) + `"}}`: user | chained,
		`{"DateGreaterThan":{"aws:CurrentTime":"` + hour(time.Hour) + `"}}`:                                                               0,
		fmt.Sprintf(`{"NumericGreaterThan":{"aws:EpochTime":"%d"}}`, time.Now().Add(-time.Hour).Unix()):                                   user | chained,
		fmt.Sprintf(`{"DateLessThan":{"aws:EpochTime":"%d"}}`, time.Now().Add(-time.Hour).Unix()):                                         0,
		`{"IpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}}`:                                                                        user | chained,
		`{"NotIpAddress":{"aws:SourceIp":["127.0.0.0/8","::1/128"]}}`:                                                                     0,
		`{"Bool":{"aws:SecureTransport":"false"}}`:                                                                                        user | chained,
		`{"Bool":{"aws:SecureTransport":"true"}}`:                                                                                         0,
		`{"StringLike":{"aws:UserAgent":"aws-sdk-go-v2/*"},"Null":{"aws:Referer":"true"}}`:                                                user | chained,
		`{"Null":{"aws:TokenIssueTime":"true"}}`:                                                                                          user,
		`{"DateGreaterThan":{"aws:TokenIssueTime":"` + hour(-time.Hour) + `"}}`:                                                           chained,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`:                                                                          user, // long-term keys: IAM's guide warns of this
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`:                                                                                  0,
		`{"StringEquals":{"aws:PrincipalType":"User","aws:username":"bridge"}}`:                                                           user,
		`{"StringLike":{"sts:RoleSessionName":"${aws:username, 'ada'}*"}}`:                                                                chained,
		`{"Null":{"aws:PrincipalTag/Team":"true","aws:SourceIdentity":"true","aws:FederatedProvider":"true"}}`:                            user | chained,
		`{"StringEquals":{"aws:ResourceTag/Stage":"test","iam:ResourceTag/stage":"test"},"Null":{"iam:ResourceTag/Other":"true"}}`:        user | chained,
		`{"Null":{"aws:PrincipalOrgID":"true"}}`:                                                                                          0,
		`{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`:                                                                                 0,
		`{"Null":{"aws:SourceVpc":"false"}}`:                                                                                              0,
		`{"StringNotEquals":{"aws:SomethingNew":"x"}}`:                                                                                    0,
	} {
		policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["` + home + `","` + target + `"]},"Action":"sts:*","Condition":` + condition + `}}`
		w.addRole(ststest.Role{ARN: nextRole, TrustPolicy: policy, Tags: map[string]string{"Stage": "test"}})
		got := 0
		if _, err := w.bridge().AssumeRole(background, role(nextRole)); err == nil {
			got |= user
		}
		if _, err := w.chain(first.Credentials, role(nextRole)); err == nil {
			got |= chained
		}
		if got != want {
			t.Errorf("%s: %d get in, want %d (1 the user, 2 the session)", condition, got, want)
		}
	}
}

// TestCircumstancesOfTheUnsigned: an ID token's call has no token of ours, and its own claims are known whole.
func TestCircumstancesOfTheUnsigned(t *testing.T) {
	w := newWorld(t)
	prefix := strings.TrimPrefix(w.issuer.url(), "http://")
	for condition, ok := range map[string]bool{
		`{"Null":{"aws:TokenIssueTime":"true"}}`:              true,
		`{"Null":{"` + prefix + `:azp":"true"}}`:              true,
		`{"StringNotEquals":{"` + prefix + `:amr":"pwd"}}`:    true,
		`{"StringNotEquals":{"` + prefix + `:groups":"x"}}`:   false,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"x"}}`: false,
		`{"StringNotEquals":{"aws:username":"x"}}`:            false,
	} {
		w.role(webRole, `{"Federated":"`+w.webPlain+`"}`, `"sts:*"`, condition)
		if a := w.post(w.webForm(w.token())); (a.status == 200) != ok {
			t.Errorf("%s: %d %s", condition, a.status, a.message)
		}
	}
}

// TestSourceAddress is the connection's, never what a header says.
func TestSourceAddress(t *testing.T) {
	w := newWorld(t)
	form := w.webForm(w.token())
	w.role(webRole, `{"Federated":"`+w.webPlain+`"}`, `"sts:*"`, `{"IpAddress":{"aws:SourceIp":["203.0.113.7","2001:db8::/32"]}}`)
	for remote, status := range map[string]int{
		"203.0.113.7:1234": 200, "[2001:db8::7]:1234": 200, "[::ffff:203.0.113.7]:1234": 200, "203.0.113.8:1234": 403, "nowhere": 403, "": 403,
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(url.Values(form).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		r.RemoteAddr = remote
		out := httptest.NewRecorder()
		w.aws.STS().ServeHTTP(out, r)
		if out.Code != status {
			t.Errorf("from %q: %d, want %d", remote, out.Code, status)
		}
	}
}

// TestTrustPolicyQuota: 2,048 characters by default, 4,096 when the account owner asked for more; white space is free.
func TestTrustPolicyQuota(t *testing.T) {
	policy := func(characters int) string {
		const empty = `{"Version":"2012-10-17","Id":"","Statement":{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}}`
		return strings.Replace(empty, `"Id":""`, `"Id":"`+strings.Repeat("x", characters-len(empty))+`"`, 1)
	}
	for _, c := range []struct {
		policy   string
		extended bool
		ok       bool
	}{
		{policy(2048), false, true}, {policy(2049), false, false}, {strings.ReplaceAll(policy(2048), "{", "{\n\t "), false, true},
		{policy(2049), true, true}, {policy(4096), true, true}, {policy(4097), true, false},
	} {
		w := newWorld(t, func(o *ststest.Options) { o.ExtendedTrustPolicies = c.extended })
		err := w.aws.AddRole(ststest.Role{ARN: nextRole, TrustPolicy: c.policy})
		if (err == nil) != c.ok {
			t.Errorf("%d bytes, extended %t: %v", len(c.policy), c.extended, err)
		}
		if len(c.policy) == 2049 && !c.extended && !strings.Contains(fmt.Sprint(err), "LimitExceeded") {
			t.Errorf("got %v", err)
		}
	}
}

// TestProviderQuota: an account has 100 providers of each kind at most; replacing one takes no further place.
func TestProviderQuota(t *testing.T) {
	w := newWorld(t)
	oidc := func(account string, i int) error {
		_, err := w.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account, Issuer: fmt.Sprintf("https://idp%d.example.com", i), ClientIDs: []string{"x"}})
		return err
	}
	saml := func(account string, i int) error {
		return w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: fmt.Sprintf("arn:aws:iam::%s:saml-provider/P%d", account, i), Metadata: w.idp.metadata()})
	}
	for name, add := range map[string]func(account string, i int) error{"OIDC": oidc, "SAML": saml} {
		for i := range 99 { // the world came with one
			if err := add(target, i); err != nil {
				t.Fatalf("%s %d: %v", name, i, err)
			}
		}
		if err := add(target, 99); err == nil || !strings.Contains(err.Error(), "LimitExceeded") {
			t.Errorf("%s: the 101st: %v", name, err)
		}
		if err := add(target, 5); err != nil {
			t.Errorf("%s: replacing one: %v", name, err)
		}
		if err := add(home, 99); err != nil {
			t.Errorf("%s of another account: %v", name, err)
		}
	}
}
