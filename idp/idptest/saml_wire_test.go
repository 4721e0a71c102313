package idptest_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

// wire is an independent service provider (crewjam/saml), the identity provider and a browser.
type wire struct {
	s  *idptest.SAML
	sp *saml.ServiceProvider
	b  *idptest.Browser
}

const wireACS = "http://bridge.localhost/saml/corp/acs"

func openWire(t *testing.T, change func(*idptest.SAMLOptions), keyed bool) wire {
	t.Helper()
	var key *rsa.PrivateKey
	var cert *x509.Certificate
	if keyed {
		key, cert = spKey(t)
	}
	s := openSAML(t, func(o *idptest.SAMLOptions) {
		known := idptest.SP{EntityID: spEntity, ACS: []string{wireACS}, EncryptionCertificate: cert}
		if cert != nil {
			known.SigningCertificates = []*x509.Certificate{cert}
		}
		o.SPs = []idptest.SP{known}
		if change != nil {
			change(o)
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		io.WriteString(w, r.PostForm.Encode())
	}))
	b := idptest.NewBrowser()
	b.Hosts = map[string]string{"bridge.localhost:80": strings.TrimPrefix(server.URL, "http://")}
	t.Cleanup(func() { b.Close(); server.Close() })
	metadata := &saml.EntityDescriptor{}
	if err := unmarshalMetadata(s.Metadata(), metadata); err != nil {
		t.Fatal(err)
	}
	acs, _ := url.Parse(wireACS)
	sp := &saml.ServiceProvider{
		EntityID: spEntity, AcsURL: *acs, IDPMetadata: metadata, Key: key, Certificate: cert, AllowIDPInitiated: true,
		AuthnNameIDFormat: saml.UnspecifiedNameIDFormat,
	}
	if key == nil {
		sp.Key = nil // not an interface that holds a nil key
	} else {
		sp.SignatureMethod = dsig.RSASHA256SignatureMethod
	}
	return wire{s, sp, b}
}

// answer is what arrived at the ACS.
func (w wire) answer(t *testing.T, p *idptest.Page) (form url.Values, doc *etree.Document) {
	t.Helper()
	if p.Find("#answer") != nil {
		var err error
		if p, err = w.b.AutoSubmit(); err != nil {
			t.Fatal(err)
		}
	}
	if p.URL.String() != wireACS {
		t.Fatalf("the browser is at %s: %s", p.URL, p.Text())
	}
	form, err := url.ParseQuery(p.Body)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(form.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	doc = etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	return form, doc
}

// accept lets the independent service provider judge.
func (w wire) accept(form url.Values, requestID string) (*saml.Assertion, error) {
	r := httptest.NewRequest(http.MethodPost, wireACS, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	a, err := w.sp.ParseResponse(r, []string{requestID})
	if invalid, ok := err.(*saml.InvalidResponseError); ok {
		return a, invalid.PrivateErr
	}
	return a, err
}

// ask is the service provider's request, by redirect.
func (w wire) ask(t *testing.T, change func(*saml.AuthnRequest)) (id, address string) {
	t.Helper()
	request, err := w.sp.MakeAuthenticationRequest(w.s.SSOURL(), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	u, err := request.Redirect("back", w.sp)
	if err != nil {
		t.Fatal(err)
	}
	return request.ID, u.String()
}

func TestSAMLSignIn(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*idptest.SAMLOptions)
		encrypt bool
	}{
		{"signed assertion", func(*idptest.SAMLOptions) {}, false},
		{"signed response", func(o *idptest.SAMLOptions) { o.Sign = idptest.SignResponse }, false},
		{"signed both, more audiences", func(o *idptest.SAMLOptions) {
			// This service provider reads the last audience alone; ours is to read all.
			o.Sign, o.Audiences = idptest.SignBoth, []string{spEntity}
		}, false},
		{"friendly names", func(o *idptest.SAMLOptions) { o.FriendlyNames = true }, false},
		{"signed requests", func(o *idptest.SAMLOptions) { o.WantSignedRequests = true }, true},
		{"AES-128-CBC", func(o *idptest.SAMLOptions) { o.Encrypt.Cipher = idptest.CipherCBC128 }, true},
		{"AES-256-CBC", func(o *idptest.SAMLOptions) { o.Encrypt.Cipher = idptest.CipherCBC256 }, true},
		{"AES-128-GCM", func(o *idptest.SAMLOptions) {
			o.Encrypt.Cipher, o.Sign = idptest.CipherGCM128, idptest.SignResponse
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := openWire(t, test.change, test.encrypt)
			id, address := w.ask(t, nil)
			get(t, w.b, address)
			if p, err := w.b.SignIn("ada", "wrong"); err != nil || p.Status != http.StatusUnauthorized {
				t.Fatalf("wrong password: %v, %v", p, err)
			}
			p, err := w.b.SignIn("ada", "engine")
			if err != nil {
				t.Fatal(err)
			}
			form, _ := w.answer(t, p)
			a, err := w.accept(form, id)
			if err != nil {
				t.Fatal(err)
			}
			if a.Subject.NameID.Value != "u-1" || a.Subject.NameID.Format != idptest.NameIDPersistent {
				t.Errorf("subject is %+v", a.Subject.NameID)
			}
			if form.Get("RelayState") != "back" {
				t.Errorf("RelayState is %q", form.Get("RelayState"))
			}
			got := map[string]int{}
			for _, attribute := range a.AttributeStatements[0].Attributes {
				got[attribute.Name] = len(attribute.Values)
			}
			for name, count := range map[string]int{
				"mail": 1, "displayName": 1, "memberOf": 2, "employmentType": 1,
				"https://aws.amazon.com/SAML/Attributes/Role":            1,
				"https://aws.amazon.com/SAML/Attributes/RoleSessionName": 1,
			} {
				if got[name] != count {
					t.Errorf("%s has %d values, want %d", name, got[name], count)
				}
			}
		})
	}
}

func TestSAMLPostBinding(t *testing.T) {
	w := openWire(t, func(o *idptest.SAMLOptions) { o.WantSignedRequests, o.SessionCookie = true, "saml_session" }, true)
	request, err := w.sp.MakeAuthenticationRequest(w.s.SSOURL(), saml.HTTPPostBinding, saml.HTTPPostBinding)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	doc.SetRoot(request.Element())
	raw, _ := doc.WriteToBytes()
	form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {"back"}}
	if _, err := w.b.Post(w.s.SSOURL(), form); err != nil {
		t.Fatal(err)
	}
	p, err := w.b.SignIn("ada", "engine")
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := w.answer(t, p)
	if _, err := w.accept(answer, request.ID); err != nil {
		t.Error(err)
	}
	// The session is seen in a cross-site POST too.
	if p, err = w.b.Post(w.s.SSOURL(), form); err != nil || p.Find("#answer") == nil {
		t.Errorf("signed in already: %v, %v", p, err)
	}
	changed := strings.Replace(string(raw), `Version="2.0"`, `Version="2.0" ForceAuthn="false"`, 1)
	form.Set("SAMLRequest", base64.StdEncoding.EncodeToString([]byte(changed)))
	if p, err = w.b.Post(w.s.SSOURL(), form); err != nil || p.Status != http.StatusBadRequest {
		t.Errorf("a changed request: %v, %v", p, err)
	}
}

func TestSAMLRequestRefused(t *testing.T) {
	w := openWire(t, func(o *idptest.SAMLOptions) { o.WantSignedRequests = true }, true)
	unsigned := openWire(t, nil, false)
	_, good := w.ask(t, nil)
	for name, address := range map[string]string{
		"nothing":          w.s.SSOURL(),
		"no deflate":       w.s.SSOURL() + "?SAMLRequest=AAAA",
		"doubled":          good + "&SAMLRequest=x",
		"other RelayState": strings.Replace(good, "RelayState=back", "RelayState=bark", 1),
		"no signature":     good[:strings.Index(good, "&Signature=")],
		"other signature":  good[:strings.Index(good, "&Signature=")] + "&Signature=AAAA",
		"SHA-1 named":      strings.Replace(good, "rsa-sha256", "rsa-sha1", 1),
	} {
		if p := get(t, w.b, address); p.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, p.Status)
		}
	}
	if p := get(t, w.b, good); p.Status != http.StatusOK {
		t.Errorf("the request itself: %d %s", p.Status, p.Text())
	}
	for name, change := range map[string]func(*saml.AuthnRequest){
		"unknown SP":       func(r *saml.AuthnRequest) { r.Issuer.Value = "https://evil.test" },
		"foreign ACS":      func(r *saml.AuthnRequest) { r.AssertionConsumerServiceURL = "https://evil.test/acs" },
		"other IdP":        func(r *saml.AuthnRequest) { r.Destination = "https://evil.test/sso" },
		"artifact":         func(r *saml.AuthnRequest) { r.ProtocolBinding = saml.HTTPArtifactBinding },
		"version":          func(r *saml.AuthnRequest) { r.Version = "1.1" },
		"ID with a number": func(r *saml.AuthnRequest) { r.ID = "1" },
	} {
		_, address := unsigned.ask(t, change)
		_, query, _ := strings.Cut(address, "?")
		address = unsigned.s.SSOURL() + "?" + query
		if p := get(t, unsigned.b, address); p.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, p.Status)
		}
	}
}

func TestSAMLSession(t *testing.T) {
	w := openWire(t, func(o *idptest.SAMLOptions) { o.SessionCookie = "saml_session" }, false)
	yes := true
	status := func(address string) string {
		_, doc := w.answer(t, get(t, w.b, address))
		codes := doc.FindElements("//StatusCode")
		_, name, _ := strings.Cut(codes[len(codes)-1].SelectAttrValue("Value", ""), ":status:")
		return name
	}
	passive := func(r *saml.AuthnRequest) { r.IsPassive = &yes }
	force := func(r *saml.AuthnRequest) { r.ForceAuthn = &yes }
	if _, address := w.ask(t, passive); status(address) != "NoPassive" {
		t.Error("IsPassive without a session is not NoPassive")
	}
	_, address := w.ask(t, nil)
	get(t, w.b, address)
	if _, err := w.b.SignIn("ada", "engine"); err != nil {
		t.Fatal(err)
	}
	if _, address := w.ask(t, passive); status(address) != "Success" {
		t.Error("IsPassive with a session is refused")
	}
	if _, address := w.ask(t, force); get(t, w.b, address).Find("#sign-in") == nil {
		t.Error("ForceAuthn doesn't ask")
	}
	context := func(class string) func(*saml.AuthnRequest) {
		return func(r *saml.AuthnRequest) {
			r.RequestedAuthnContext = &saml.RequestedAuthnContext{Comparison: "exact", AuthnContextClassRef: class}
		}
	}
	if _, address := w.ask(t, context("urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos")); status(address) != "NoAuthnContext" {
		t.Error("Kerberos was promised")
	}
	if _, address := w.ask(t, context("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")); status(address) != "Success" {
		t.Error("a password was refused")
	}
	for format, want := range map[string]string{
		idptest.NameIDEmail: "ada@example.com", idptest.NameIDUnspecified: "u-1", idptest.NameIDPersistent: "u-1",
	} {
		_, address := w.ask(t, func(r *saml.AuthnRequest) { r.NameIDPolicy.Format = &format })
		_, doc := w.answer(t, get(t, w.b, address))
		if got := doc.FindElement("//NameID").Text(); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
	odd := "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
	if _, address := w.ask(t, func(r *saml.AuthnRequest) { r.NameIDPolicy.Format = &odd }); status(address) != "InvalidNameIDPolicy" {
		t.Error("an unknown NameID format was promised")
	}
	// IdP-initiated: no InResponseTo, and the RelayState of the tile.
	form, doc := w.answer(t, get(t, w.b, w.s.SignInURL(spEntity)+"&RelayState=tile"))
	if doc.Root().SelectAttr("InResponseTo") != nil || form.Get("RelayState") != "tile" {
		t.Errorf("unsolicited answer: %v", form)
	}
	if _, err := w.accept(form, "any"); err != nil {
		t.Error(err)
	}
	get(t, w.b, w.s.SSOURL()[:len(w.s.SSOURL())-len("/sso")]+"/logout")
	if _, address := w.ask(t, passive); status(address) != "NoPassive" {
		t.Error("signed in after signing out")
	}
}
