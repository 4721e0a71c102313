package ststest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
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
	"github.com/beevik/etree"
	"github.com/go-jose/go-jose/v4"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

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

// ---- a SAML IdP that signs with goxmldsig ----

type samlIdP struct {
	key         *rsa.PrivateKey
	certificate []byte
}

// Keys are made once: RSA keys are slow to find.
var corpIdP = sync.OnceValue(func() *samlIdP { return newIdP() })
var otherIdP = sync.OnceValue(func() *samlIdP { return newIdP() })

func newIdP() *samlIdP {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &samlIdP{key, der}
}

func (p *samlIdP) metadata(others ...*samlIdP) []byte {
	var keys strings.Builder
	for _, idp := range append([]*samlIdP{p}, others...) {
		keys.WriteString(`<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(idp.certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`)
	}
	return []byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entity + `">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys.String() +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>` +
		`</IDPSSODescriptor></EntityDescriptor>`)
}

const aws_ = "https://aws.amazon.com/SAML/Attributes/"

// saml describes a response; the zero value of a field means "as it should be", and edit changes the tree before it is
// signed.
type samlSpec struct {
	issued     time.Time
	attributes map[string][]string // replaces and adds; nil values leave one out
	edit       func(response, assertion *etree.Element)
	idp        *samlIdP
	unsigned   bool
	signOuter  bool // the response, too
	method     string
	after      func(response *etree.Element) // after signing
}

// response mints a response, base64.
func (w *world) response(s samlSpec) string {
	w.t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromString(w.skeleton(s)); err != nil {
		w.t.Fatal(err)
	}
	root := document.Root()
	inner := root.SelectElement("Assertion")
	if s.edit != nil {
		s.edit(root, inner)
	}
	idp := s.idp
	if idp == nil {
		idp = w.idp
	}
	if !s.unsigned && inner.Parent() != nil {
		signed := idp.sign(w.t, inner, s.method)
		root.RemoveChild(inner)
		root.AddChild(signed)
	}
	if s.signOuter {
		root = idp.sign(w.t, root, s.method)
	}
	if s.after != nil {
		s.after(root)
	}
	out := etree.NewDocument()
	out.SetRoot(root)
	raw, err := out.WriteToBytes()
	if err != nil {
		w.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (p *samlIdP) sign(t testing.TB, e *etree.Element, method string) *etree.Element {
	t.Helper()
	c, err := dsig.NewSigningContext(p.key, [][]byte{p.certificate})
	if err != nil {
		t.Fatal(err)
	}
	c.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if method != "" {
		if err := c.SetSignatureMethod(method); err != nil {
			t.Fatal(err)
		}
	}
	// Namespaces may be declared on the response; exclusive canonicalisation gives the same bytes.
	context, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := etreeutils.NSDetatch(context, e)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := c.ConstructSignature(detached, true)
	if err != nil {
		t.Fatal(err)
	}
	signed := e.Copy()
	signed.InsertChildAt(1, signature) // after Issuer
	return signed
}

func (w *world) skeleton(s samlSpec) string {
	now := s.issued
	if now.IsZero() {
		now = w.now()
	}
	stamp := func(d time.Duration) string { return now.UTC().Add(d).Format("2006-01-02T15:04:05.000Z") }
	attributes := map[string][]string{
		aws_ + "Role":            {samlRole + "," + corpARN},
		aws_ + "RoleSessionName": {"ada@example.com"},
	}
	for name, values := range s.attributes {
		attributes[name] = values
	}
	var list strings.Builder
	for name, values := range attributes {
		if values == nil {
			continue
		}
		list.WriteString(`<saml:Attribute Name="` + name + `">`)
		for _, v := range values {
			list.WriteString(`<saml:AttributeValue>` + v + `</saml:AttributeValue>`)
		}
		list.WriteString(`</saml:Attribute>`)
	}
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="` + stamp(0) + `">` +
		`<saml:Issuer>` + entity + `</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ID="_a1" Version="2.0" IssueInstant="` + stamp(0) + `"><saml:Issuer>` + entity + `</saml:Issuer>` +
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">u-7f3c</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="` + stamp(10*time.Minute) + `" Recipient="` + acs + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + stamp(-2*time.Minute) + `" NotOnOrAfter="` + stamp(10*time.Minute) + `">` +
		`<saml:AudienceRestriction><saml:Audience>https://bridge.example.com</saml:Audience><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + stamp(0) + `" SessionIndex="_s1" SessionNotOnOrAfter="` + stamp(8*time.Hour) + `"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement>` + list.String() + `</saml:AttributeStatement></saml:Assertion></samlp:Response>`
}

// ---- an OIDC issuer ----

type oidcIssuer struct {
	server    *httptest.Server
	key       *rsa.PrivateKey
	mu        sync.Mutex
	discovery map[string]any // replaces members; nil leaves one out
	keys      []jose.JSONWebKey
	rawKeys   string
	status    int // of every answer; zero: 200
	fetches   int
}

var issuerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newIssuer(t testing.TB) *oidcIssuer {
	t.Helper()
	i := &oidcIssuer{key: issuerKey(), discovery: map[string]any{}}
	i.keys = []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *oidcIssuer) url() string { return i.server.URL }

func (i *oidcIssuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.status != 0 {
		w.WriteHeader(i.status)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": i.url(), "jwks_uri": i.url() + "/jwks", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		}
		for name, v := range i.discovery {
			document[name] = v
			if v == nil {
				delete(document, name)
			}
		}
		_ = json.NewEncoder(w).Encode(document)
	case "/jwks":
		if i.rawKeys != "" {
			_, _ = io.WriteString(w, i.rawKeys)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
	default:
		http.NotFound(w, r)
	}
}

// claims are those of a good token; the pairs replace them, nil leaves one out.
func (w *world) claims(pairs ...any) map[string]any {
	now := w.now().Unix()
	c := map[string]any{"iss": w.issuer.url(), "sub": "u-7f3c", "aud": "client-1", "iat": now, "exp": now + 300}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

func (w *world) token(pairs ...any) string {
	w.t.Helper()
	return signToken(w.t, w.claims(pairs...), jose.RS256, jose.JSONWebKey{Key: w.issuer.key, KeyID: "k1"})
}

func signToken(t testing.TB, claims any, alg jose.SignatureAlgorithm, key any) string {
	t.Helper()
	payload, ok := claims.([]byte)
	if !ok {
		var err error
		if payload, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func contains(t *testing.T, body []byte, part string) {
	t.Helper()
	if !bytes.Contains(body, []byte(part)) {
		t.Errorf("the body lacks %q:\n%s", part, body)
	}
}

var background = context.Background()
