package ststest_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const (
	home    = "111122223333" // of the bridge's own user
	target  = "123456789012"
	entity  = "https://idp.example.com/saml"
	corpARN = "arn:aws:iam::" + target + ":saml-provider/Corp"
	acs     = "https://bridge.example.com/saml/corp/acs"

	samlRole  = "arn:aws:iam::" + target + ":role/team/Dev"
	webRole   = "arn:aws:iam::" + target + ":role/Web"
	crossRole = "arn:aws:iam::" + target + ":role/Cross"
	nextRole  = "arn:aws:iam::" + target + ":role/Next"
)

// world is an AWS with two accounts, a SAML IdP, an OIDC issuer, and roles for each way in.
type world struct {
	t        testing.TB
	aws      *ststest.AWS
	sts      *httptest.Server
	signin   *httptest.Server
	idp      *samlIdP
	issuer   *oidcIssuer
	key      ststest.Key
	now      func() time.Time
	mu       sync.Mutex
	moved    time.Duration
	webPlain string // ARN of the OIDC provider
}

func newWorld(t testing.TB, change ...func(*ststest.Options)) *world {
	t.Helper()
	w := &world{t: t, idp: corpIdP(), issuer: newIssuer(t)}
	w.now = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return time.Now().Add(w.moved)
	}
	o := ststest.Options{Now: w.now, InsecureLoopbackIssuers: true}
	for _, f := range change {
		f(&o)
	}
	w.aws = ststest.New(o)
	w.fill()
	w.sts, w.signin = httptest.NewServer(w.aws.STS()), httptest.NewServer(w.aws.SignIn())
	t.Cleanup(w.sts.Close)
	t.Cleanup(w.signin.Close)
	return w
}

func (w *world) fill() {
	w.t.Helper()
	err := w.aws.Load(ststest.State{
		Accounts:      []ststest.Account{{ID: home, Name: "tools"}, {ID: target, Name: "shop"}},
		SAMLProviders: []ststest.SAMLProvider{{ARN: corpARN, Metadata: w.idp.metadata()}},
		OIDCProviders: []ststest.OIDCProvider{{Account: target, Issuer: w.issuer.url(), ClientIDs: []string{"client-1"}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.webPlain = "arn:aws:iam::" + target + ":oidc-provider/" + strings.TrimPrefix(w.issuer.url(), "http://")
	w.key, err = w.aws.AddUser(ststest.User{Account: home, Path: "/svc/", Name: "bridge", Permissions: ststest.Permissions{AllowAssume: []string{"*"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	all := `["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]`
	w.role(samlRole, `{"Federated":"`+corpARN+`"}`, all, `{"StringEquals":{"SAML:aud":"`+acs+`"}}`)
	w.role(webRole, `{"Federated":"`+w.webPlain+`"}`, all, `{"StringEquals":{"`+strings.TrimPrefix(w.issuer.url(), "http://")+`:aud":"client-1"}}`)
	w.role(crossRole, `{"AWS":"`+home+`"}`, all, "")
	w.role(nextRole, `{"AWS":"`+target+`"}`, all, "")
}

// role adds a role of 12 hours at most, whose sessions may assume anything that lets them.
func (w *world) role(arn, principal, action, condition string) {
	w.t.Helper()
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":` + action
	if condition != "" {
		policy += `,"Condition":` + condition
	}
	w.addRole(ststest.Role{
		ARN: arn, TrustPolicy: policy + `}]}`, MaxSessionDuration: 12 * time.Hour,
		Permissions: ststest.Permissions{AllowAssume: []string{"arn:aws:iam::*"}},
	})
}

func (w *world) addRole(r ststest.Role) {
	w.t.Helper()
	if err := w.aws.AddRole(r); err != nil {
		w.t.Fatal(err)
	}
}

// pass moves the clock of this AWS.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved += d
}

// client is the real SDK with these credentials; without, it calls unsigned. It doesn't retry.
func (w *world) client(key, secret, token string) *sts.Client {
	o := sts.Options{Region: "us-east-1", BaseEndpoint: aws.String(w.sts.URL), RetryMaxAttempts: 1, HTTPClient: w.sts.Client()}
	if key != "" {
		o.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
	}
	return sts.New(o)
}

func (w *world) bridge() *sts.Client   { return w.client(w.key.AccessKeyID, w.key.SecretAccessKey, "") }
func (w *world) unsigned() *sts.Client { return w.client("", "", "") }

// answer is what came back over plain HTTP.
type answer struct {
	status  int
	header  http.Header
	body    string
	code    string
	message string
}

// post sends a form, unsigned.
func (w *world) post(form url.Values) answer {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.sts.URL, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	response, err := w.sts.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(body)}
	var e struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(body, &e); err != nil {
		w.t.Fatalf("not XML: %v\n%s", err, body)
	}
	a.code, a.message = e.Code, e.Message
	return a
}

// form makes the form of an action.
func form(action string, pairs ...string) url.Values {
	f := url.Values{"Action": {action}, "Version": {"2011-06-15"}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (w *world) samlForm(encoded string, pairs ...string) url.Values {
	return form("AssumeRoleWithSAML", append([]string{"RoleArn", samlRole, "PrincipalArn", corpARN, "SAMLAssertion", encoded}, pairs...)...)
}

func (w *world) webForm(token string, pairs ...string) url.Values {
	return form("AssumeRoleWithWebIdentity", append([]string{"RoleArn", webRole, "RoleSessionName", "ada@example.com", "WebIdentityToken", token}, pairs...)...)
}

// refusal is what a test expects of an error.
type refusal struct {
	status  int
	code    string
	message string // part of it
}

func (w *world) refused(t *testing.T, got answer, want refusal) {
	t.Helper()
	if got.status != want.status || got.code != want.code || !strings.Contains(got.message, want.message) {
		t.Errorf("got %d %s: %q\nwant %d %s: %q", got.status, got.code, got.message, want.status, want.code, want.message)
	}
}

// sdkRefused expects an error of the SDK with this code.
func sdkRefused(t *testing.T, err error, code, message string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("got %v, want %s: %q", err, code, message)
	}
}

func contains(t *testing.T, body []byte, part string) {
	t.Helper()
	if !bytes.Contains(body, []byte(part)) {
		t.Errorf("the body lacks %q:\n%s", part, body)
	}
}

var background = context.Background()
