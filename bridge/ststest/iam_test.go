package ststest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/fedbridge/fedbridge/bridge/ststest"
)

// iamClient is the real SDK, against this AWS's IAM, with the key of a user of the target account.
func (w *world) iamClient(t *testing.T, p ststest.Permissions, change ...func(*iam.Options)) *iam.Client {
	t.Helper()
	key, err := w.aws.AddUser(ststest.User{Account: target, Name: "auditor", Permissions: p})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.aws.IAM())
	t.Cleanup(server.Close)
	o := iam.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, ""),
	}
	for _, f := range change {
		f(&o)
	}
	return iam.New(o)
}

var reader = ststest.Permissions{AllowIAM: []string{"iam:Get*"}}

// TestIAMReads: the SDK reads a role and both kinds of provider as IAM gives them.
func TestIAMReads(t *testing.T) {
	w := newWorld(t)
	client := w.iamClient(t, reader)
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"a+b/c%20d"}}}]}`
	w.addRole(ststest.Role{ARN: "arn:aws:iam::" + target + ":role/deep/path/Tagged", TrustPolicy: policy, MaxSessionDuration: 2 * time.Hour, Tags: map[string]string{"b": "2", "a": "1"}})
	got, err := client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String("Tagged")})
	if err != nil {
		t.Fatal(err)
	}
	document := aws.ToString(got.Role.AssumeRolePolicyDocument)
	plain, err := url.QueryUnescape(document)
	if err != nil || plain != policy || strings.ContainsAny(document, " {+") {
		t.Errorf("document %q (%v)", document, err)
	}
	r := got.Role
	if aws.ToString(r.Arn) != "arn:aws:iam::"+target+":role/deep/path/Tagged" || aws.ToString(r.Path) != "/deep/path/" ||
		aws.ToInt32(r.MaxSessionDuration) != 7200 || !strings.HasPrefix(aws.ToString(r.RoleId), "AROA") || r.CreateDate == nil ||
		len(r.Tags) != 2 || aws.ToString(r.Tags[0].Key) != "a" {
		t.Errorf("role %+v", r)
	}

	oidc, err := client.GetOpenIDConnectProvider(background, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &w.webPlain})
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimPrefix(w.issuer.url(), "http://"); aws.ToString(oidc.Url) != want || len(oidc.ClientIDList) != 1 || oidc.ClientIDList[0] != "client-1" {
		t.Errorf("provider %+v, want %s", oidc, want)
	}

	saml, err := client.GetSAMLProvider(background, &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(corpARN)})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(saml.SAMLMetadataDocument) != string(w.idp.metadata()) || len(aws.ToString(saml.SAMLProviderUUID)) < 22 ||
		saml.ValidUntil.Before(w.now().AddDate(99, 0, 0)) || saml.AssertionEncryptionMode != "" || len(saml.PrivateKeyList) != 0 {
		t.Errorf("provider %+v", saml)
	}
}

// TestIAMEncryption: what a provider that takes encrypted assertions tells about itself.
func TestIAMEncryption(t *testing.T) {
	w := newWorld(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	provider := ststest.SAMLProvider{ARN: corpARN, Metadata: w.idp.metadata(), UUID: "ABCDEFGHIJKLMNOPQRSTUV", Encryption: "Required", PrivateKeys: []string{text}}
	if err := w.aws.AddSAMLProvider(provider); err != nil {
		t.Fatal(err)
	}
	client := w.iamClient(t, reader)
	saml, err := client.GetSAMLProvider(background, &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(corpARN)})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(saml.SAMLProviderUUID) != provider.UUID || saml.AssertionEncryptionMode != "Required" ||
		len(saml.PrivateKeyList) != 1 || len(aws.ToString(saml.PrivateKeyList[0].KeyId)) < 22 || saml.PrivateKeyList[0].Timestamp == nil {
		t.Errorf("provider %+v", saml)
	}
	for name, change := range map[string]func(*ststest.SAMLProvider){
		"short id":          func(p *ststest.SAMLProvider) { p.UUID = "ABC" },
		"unknown mode":      func(p *ststest.SAMLProvider) { p.Encryption = "Maybe" },
		"three keys":        func(p *ststest.SAMLProvider) { p.PrivateKeys = []string{text, text, text} },
		"mode without keys": func(p *ststest.SAMLProvider) { p.PrivateKeys = nil },
		"keys without mode": func(p *ststest.SAMLProvider) { p.Encryption = "" },
		"no key":            func(p *ststest.SAMLProvider) { p.PrivateKeys = []string{"key"} },
	} {
		p := provider
		change(&p)
		if err := w.aws.AddSAMLProvider(p); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestIAMRefuses: what isn't there, what isn't allowed, and what isn't the caller's, each as IAM says it.
func TestIAMRefuses(t *testing.T) {
	w := newWorld(t)
	client := w.iamClient(t, reader)
	role := func(name string) error {
		_, err := client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String(name)})
		return err
	}
	saml := func(arn string) error {
		_, err := client.GetSAMLProvider(background, &iam.GetSAMLProviderInput{SAMLProviderArn: aws.String(arn)})
		return err
	}
	oidc := func(arn string) error {
		_, err := client.GetOpenIDConnectProvider(background, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(arn)})
		return err
	}
	sdkRefused(t, role("None"), "NoSuchEntity", "The role with name None cannot be found.")
	sdkRefused(t, role("dev"), "NoSuchEntity", "cannot be found")
	sdkRefused(t, role("a b"), "ValidationError", `'a b' at 'roleName'`)
	sdkRefused(t, saml(corpARN+"2"), "NoSuchEntity", "Manifest not found for arn "+corpARN+"2")
	sdkRefused(t, oidc(w.webPlain+"2"), "NoSuchEntity", "OpenIDConnect Provider not found for arn")
	sdkRefused(t, saml("arn:aws:iam::"+home+":saml-provider/Corp"), "AccessDenied", "is not authorized to perform: iam:GetSAMLProvider on resource: arn:aws:iam::"+home)
	w.aws.IAMFaults.Throttled(1)
	sdkRefused(t, role("Dev"), "Throttling", "Rate exceeded")
	if err := role("Dev"); err != nil {
		t.Error(err)
	}
	if n := w.aws.IAMFaults.Calls("GetRole"); n != 5 {
		t.Errorf("%d calls of GetRole", n)
	}
	if n := w.aws.Calls(""); n != 0 {
		t.Errorf("%d calls of STS", n)
	}

	client = w.iamClient(t, ststest.Permissions{AllowIAM: []string{"iam:GetSAML*"}})
	sdkRefused(t, role("Dev"), "AccessDenied", "is not authorized to perform: iam:GetRole on resource: role Dev because no identity-based policy allows")
	client = w.iamClient(t, reader, func(o *iam.Options) { o.Credentials = nil })
	sdkRefused(t, role("Dev"), "MissingAuthenticationToken", "")
	client = w.iamClient(t, reader, func(o *iam.Options) { o.Region = "eu-west-1" })
	sdkRefused(t, role("Dev"), "SignatureDoesNotMatch", "valid region")
}

// TestIAMSessions: a role session reads what its role may read, and what its session policy leaves of it.
func TestIAMSessions(t *testing.T) {
	w := newWorld(t)
	w.addRole(ststest.Role{ARN: nextRole, TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}}`, Permissions: reader})
	read := func(pairs ...string) error {
		f := form("AssumeRole", append([]string{"RoleArn", nextRole, "RoleSessionName", "doctor"}, pairs...)...)
		a := w.do(w.signed(f, signing{}, false))
		if a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		part := func(name string) string {
			_, rest, _ := strings.Cut(a.body, "<"+name+">")
			value, _, _ := strings.Cut(rest, "<")
			return value
		}
		client := w.iamClient(t, reader, func(o *iam.Options) {
			o.Credentials = credentials.NewStaticCredentialsProvider(part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"))
		})
		_, err := client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String("Dev")})
		return err
	}
	if err := read(); err != nil {
		t.Error(err)
	}
	const allow = `{"Effect":"Allow","Action":["iam:GetRole","iam:GetSAMLProvider"],"Resource":"*"}`
	const deny = `{"Effect":"Deny","Action":"*","Resource":"*"}`
	if err := read("Policy", `{"Version":"2012-10-17","Statement":[`+allow+`]}`); err != nil {
		t.Error(err)
	}
	for name, pairs := range map[string][]string{
		"deny all":       {"Policy", `{"Version":"2012-10-17","Statement":` + deny + `}`},
		"allow and deny": {"Policy", `{"Version":"2012-10-17","Statement":[` + allow + `,` + deny + `]}`},
		"another action": {"Policy", strings.Replace(`{"Statement":[`+allow+`]}`, "iam:GetRole", "iam:GetUser", 1)},
		"a condition":    {"Policy", strings.Replace(`{"Statement":[`+allow+`]}`, `"Resource"`, `"Condition":{"Bool":{"aws:SecureTransport":"true"}},"Resource"`, 1)},
		"managed":        {"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
	} {
		t.Run(name, func(t *testing.T) { sdkRefused(t, read(pairs...), "AccessDenied", "iam:GetRole") })
	}
}
