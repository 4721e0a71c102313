package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/template"
	"time"

	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// realWorld is fedbridge as a process, between identity providers that are not ours and an AWS to run against.
type realWorld struct {
	*instance
	url string // of the portal, on localhost; the rest is at 127.0.0.1, another site
	dir string // configuration, state, audit log and keys

	idp     string // of SimpleSAMLphp
	issuers []string
	aws     *ststest.AWS
	sts     string
	whole   bool // every story was told

	mu      sync.Mutex
	secrets []string // what must not be found anywhere
}

const (
	realProd, realDev, realHub = "111122223333", "444455556666", "999988887777"
	realExternalID             = "6b0f3f2a-5f0e-4d1c-9d55-2b1f8f9a7c10"
	realBaseRole               = "arn:aws:iam::" + realHub + ":role/Fedbridge"
)

// TestRealProviders signs people in at identity providers that we didn't write, through a browser that we didn't write.
func TestRealProviders(t *testing.T) {
	w := startRealWorld(t)
	var passed atomic.Int32
	t.Run("together", func(t *testing.T) {
		for name, test := range realStories {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if test(t, w); !t.Failed() {
					passed.Add(1)
				}
			})
		}
	})
	w.stop()
	w.whole = int(passed.Load()) == len(realStories) // else a part was asked for, or failed
	if w.whole {
		checkAudit(t, w)
	}
	checkSecrets(t, w)
}

var realStories = map[string]func(*testing.T, *realWorld){
	"OIDC":                    testWholeVisit,
	"OIDC with ES256":         testES256,
	"OIDC with UserInfo":      testUserInfo,
	"OIDC without groups":     testWithoutGroups,
	"SAML":                    testRelayedAssertion,
	"SAML variants":           testSAMLVariants,
	"SAML with forced login":  testForcedLogin,
	"SAML persistent NameID":  testPersistent,
	"SAML across sites":       testCrossSite,
	"SAML from the IdP":       testFromTheIdP,
	"SAML with CBC refused":   testCBCRefused,
	"without script, OIDC":    testOIDCWithoutScript,
	"without script, SAML":    testSAMLWithoutScript,
	"answer of another, SAML": testForeignAssertion,
	"answer of another, OIDC": testForeignCode,
	"minted, after SAML":      testMintedAfterSAML,
	"minted, after OIDC":      testMintedAfterOIDC,
}

func startRealWorld(t *testing.T) *realWorld {
	t.Helper()
	need(t, "chromium", "a real browser")
	listen, port := freeAddress(t)
	w := &realWorld{url: "http://localhost:" + port, dir: t.TempDir()}
	certificate := base64.StdEncoding.EncodeToString(writeKeyPair(t, w.dir, "sp"))
	secret := "a-client-secret-of-this-test-run"
	client := func(name, algorithm string) oidcClient {
		return oidcClient{name, secret, w.url + "/oidc/" + name + "/callback", algorithm}
	}
	w.issuers = startOIDCProviders(t,
		[]oidcClient{client("web", "RS256"), client("web-es", "ES256")},
		[]oidcClient{client("web-info", "RS256"), client("web-bare", "RS256")})
	w.idp = startSimpleSAML(t, w.serviceProviders(certificate))
	base := w.startAWS(t)
	signIn := serveRealAWS(t, w.aws.SignIn())
	w.sts = serveRealAWS(t, w.aws.STS())

	page, err := template.ParseFiles(filepath.Join("testdata", "realidp", "fedbridge.yaml.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	var config strings.Builder
	err = page.Execute(&config, map[string]any{
		"URL": w.url, "Listen": listen, "Dir": w.dir, "STS": w.sts, "SignIn": signIn, "Metadata": w.idp,
		"Issuer": w.issuers[0], "IssuerWithUserInfo": w.issuers[1], "ExternalID": realExternalID,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.secret(secret, base.SecretAccessKey, base.SessionToken, realPassword)
	file := writeFile(t, w.dir, "fedbridge.yaml", config.String())
	w.trustIssuer(t, file)
	w.instance = startServe(t, file, "WEB_SECRET="+secret,
		"AWS_ACCESS_KEY_ID="+base.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+base.SecretAccessKey, "AWS_SESSION_TOKEN="+base.SessionToken)
	if err := w.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: realOwnProvider, Metadata: get(t, w.url+"/saml/metadata")}); err != nil {
		t.Fatal(err)
	}
	return w
}

func serveRealAWS(t *testing.T, handler http.Handler) string {
	t.Helper()
	server, err := idptest.Serve(func(string) (http.Handler, error) { return handler, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server.URL
}

// serviceProviders is what SimpleSAMLphp knows of each SAML provider of the configuration.
func (w *realWorld) serviceProviders(certificate string) []samlSP {
	sp := func(name string, change func(*samlSP)) samlSP {
		s := samlSP{EntityID: w.url + "/saml/" + name + "/metadata", ACS: w.url + "/saml/" + name + "/acs", SignAssertion: true}
		change(&s)
		return s
	}
	encrypted := func(cipher string) func(*samlSP) {
		return func(s *samlSP) { s.Encrypt, s.Cipher, s.Certificate = true, cipher, certificate }
	}
	requests := func(s *samlSP) { s.ValidateRequests, s.Certificate = true, certificate }
	return []samlSP{
		sp("corp", func(s *samlSP) {
			s.AWSRoles = []string{"arn:aws:iam::" + realDev + ":role/Developer,arn:aws:iam::" + realDev + ":saml-provider/Corp"}
		}),
		sp("response", func(s *samlSP) { s.SignResponse, s.SignAssertion = true, false }),
		sp("both", func(s *samlSP) { s.SignResponse = true }),
		sp("persistent", func(s *samlSP) { s.Persistent = true }),
		sp("signed", requests),
		sp("post", requests),
		sp("cbc", encrypted("")),
		sp("cbc-refused", encrypted("")),
		sp("gcm128", encrypted("AES128_GCM")),
		sp("gcm256", encrypted("AES256_GCM")),
	}
}

// startAWS sets up what the owners of the accounts would, and gives the credentials that fedbridge runs with.
func (w *realWorld) startAWS(t *testing.T) ststest.Credentials {
	t.Helper()
	metadata := get(t, w.idp)
	w.aws = ststest.New(ststest.Options{InsecureLoopbackIssuers: true})
	issuer := strings.TrimPrefix(w.issuers[0], "http://")
	provider := "arn:aws:iam::" + realDev + ":oidc-provider/" + issuer
	corp := "arn:aws:iam::" + realDev + ":saml-provider/Corp"
	own := statement{"AWS": realBaseRole}
	reader := trustPolicy(
		own.allow(map[string]any{"StringEquals": map[string]string{"sts:ExternalId": realExternalID}}, "sts:AssumeRole"),
		own.allow(nil, "sts:TagSession", "sts:SetSourceIdentity"))
	err := w.aws.Load(ststest.State{
		Accounts: []ststest.Account{{ID: realProd, Name: "shop-prod"}, {ID: realDev, Name: "shop-dev"}, {ID: realHub, Name: "hub"}},
		OIDCProviders: []ststest.OIDCProvider{
			{Account: realDev, Issuer: w.issuers[0], ClientIDs: []string{"web", "web-es"}},
		},
		SAMLProviders: []ststest.SAMLProvider{{ARN: corp, Metadata: metadata}},
		Roles: []ststest.Role{
			{
				ARN: realBaseRole, TrustPolicy: trustPolicy(statement{"Service": "ec2.amazonaws.com"}.allow(nil, "sts:AssumeRole")),
				Permissions: ststest.Permissions{AllowAssume: []string{"*"}},
			},
			{ARN: "arn:aws:iam::" + realProd + ":role/Reader", TrustPolicy: reader},
			{ARN: "arn:aws:iam::" + realDev + ":role/Reader", TrustPolicy: reader},
			{
				ARN: "arn:aws:iam::" + realDev + ":role/Analyst", MaxSessionDuration: 12 * time.Hour,
				TrustPolicy: trustPolicy(statement{"Federated": provider}.allow(map[string]any{
					"StringEquals": map[string]any{issuer + ":aud": []string{"web", "web-es"}},
					"StringLike":   map[string]string{issuer + ":sub": "ada-*"},
				}, "sts:AssumeRoleWithWebIdentity")),
			},
			{
				ARN: "arn:aws:iam::" + realDev + ":role/Developer", MaxSessionDuration: 4 * time.Hour,
				TrustPolicy: trustPolicy(statement{"Federated": corp}.allow(map[string]any{
					"StringEquals": map[string]string{"SAML:aud": w.url + "/saml/corp/acs"},
				}, "sts:AssumeRoleWithSAML")),
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	base, err := w.aws.Instance(realBaseRole, "fedbridge", 12*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func (w *realWorld) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
