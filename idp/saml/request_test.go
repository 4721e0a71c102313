package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/xml"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// sent is what travels to the provider for a login.
func (w *world) sent(login idp.Login) (idp.Challenge, []byte) {
	w.t.Helper()
	challenge, err := w.p.Begin(w.t.(*testing.T).Context(), login)
	if err != nil {
		w.t.Fatal(err)
	}
	encoded := challenge.Form.Get("SAMLRequest")
	if challenge.Form == nil {
		at, err := url.Parse(challenge.URL)
		if err != nil {
			w.t.Fatal(err)
		}
		encoded = at.Query().Get("SAMLRequest")
	}
	message, err := decode64(encoded)
	if err != nil {
		w.t.Fatal(err)
	}
	if challenge.Form == nil {
		if message, err = io.ReadAll(flate.NewReader(bytes.NewReader(message))); err != nil {
			w.t.Fatal(err)
		}
	}
	return challenge, message
}

// TestRequest: what each setting asks for, as crewjam reads it (SAML Core §3.4.1).
func TestRequest(t *testing.T) {
	yes, persistent := true, idptest.NameIDPersistent
	plain := crewjam.AuthnRequest{
		Version: "2.0", Destination: "https://idp.example.com/sso", AssertionConsumerServiceURL: acs,
		ProtocolBinding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
	}
	for name, c := range map[string]struct {
		config func(*saml.Config)
		login  func(*idp.Login)
		want   func(*crewjam.AuthnRequest)
	}{
		"plain":              {},
		"force_authn":        {config: func(c *saml.Config) { c.ForceAuthn = true }, want: func(r *crewjam.AuthnRequest) { r.ForceAuthn = &yes }},
		"fresh":              {login: func(l *idp.Login) { l.Fresh = true }, want: func(r *crewjam.AuthnRequest) { r.ForceAuthn = &yes }},
		"silent":             {login: func(l *idp.Login) { l.Silent = true }, want: func(r *crewjam.AuthnRequest) { r.IsPassive = &yes }},
		"silent, not forced": {func(c *saml.Config) { c.ForceAuthn = true }, func(l *idp.Login) { l.Silent = true }, func(r *crewjam.AuthnRequest) { r.IsPassive = &yes }},
		"name_id_format": {config: func(c *saml.Config) { c.NameIDFormat = "persistent" }, want: func(r *crewjam.AuthnRequest) {
			r.NameIDPolicy = &crewjam.NameIDPolicy{Format: &persistent, AllowCreate: &yes}
		}},
		"entity_id": {config: func(c *saml.Config) { c.EntityID = "urn:example:us" }, want: func(r *crewjam.AuthnRequest) { r.Issuer.Value = "urn:example:us" }},
		"authn_context": {config: func(c *saml.Config) { c.AuthnContext = []string{"urn:example:mfa"} }, want: func(r *crewjam.AuthnRequest) {
			r.RequestedAuthnContext = &crewjam.RequestedAuthnContext{Comparison: "exact", AuthnContextClassRef: "urn:example:mfa"}
		}},
	} {
		for _, binding := range []string{"redirect", "post"} {
			t.Run(name+" by "+binding, func(t *testing.T) {
				w := newWorld(t, setup{config: func(config *saml.Config) {
					config.Binding = binding
					if c.config != nil {
						c.config(config)
					}
				}})
				login := w.login()
				if c.login != nil {
					c.login(&login)
				}
				challenge, message := w.sent(login)
				want := plain
				want.ID, want.Issuer = login.RequestID, &crewjam.Issuer{Value: entityID}
				if c.want != nil {
					c.want(&want)
				}
				var got crewjam.AuthnRequest
				if err := xml.Unmarshal(message, &got); err != nil {
					t.Fatal(err)
				}
				if age := time.Since(got.IssueInstant).Abs(); age > time.Minute {
					t.Errorf("issued at %s", got.IssueInstant)
				}
				got.IssueInstant, got.XMLName, got.Issuer.XMLName = time.Time{}, xml.Name{}, xml.Name{}
				if got.NameIDPolicy != nil {
					got.NameIDPolicy.XMLName = xml.Name{}
				}
				if got.RequestedAuthnContext != nil {
					got.RequestedAuthnContext.XMLName = xml.Name{}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s\n%s", diff, message)
				}
				w.checkState(challenge, login, binding)
			})
		}
	}
}

// checkState: RelayState goes along, and nothing else that wasn't asked for (SAML Bindings §3.4.4.1, §3.5.4).
func (w *world) checkState(challenge idp.Challenge, login idp.Login, binding string) {
	w.t.Helper()
	fields := challenge.Form
	if binding == "redirect" {
		at, err := url.Parse(challenge.URL)
		if err != nil || fields != nil {
			w.t.Fatalf("%v, %v", err, fields)
		}
		fields = at.Query()
	} else if challenge.URL != "https://idp.example.com/sso" {
		w.t.Errorf("posted to %s", challenge.URL)
	}
	if fields.Get("RelayState") != login.State || len(fields) != 2 {
		w.t.Errorf("fields %v", fields)
	}
}

// TestSeveralContexts: each of the classes is asked for, in order.
func TestSeveralContexts(t *testing.T) {
	classes := []string{"urn:example:mfa", "urn:example:smartcard", "urn:example:<&>"}
	w := newWorld(t, setup{config: func(c *saml.Config) { c.AuthnContext = classes }})
	_, message := w.sent(w.login())
	var got struct {
		Refs []string `xml:"RequestedAuthnContext>AuthnContextClassRef"`
	}
	if err := xml.Unmarshal(message, &got); err != nil || !cmp.Equal(got.Refs, classes) {
		t.Errorf("%q, %v in %s", got.Refs, err, message)
	}
}

func signingWorld(t *testing.T, binding string) (*world, *x509.Certificate) {
	t.Helper()
	key, cert := keyFiles(t)
	return newWorld(t, setup{config: func(c *saml.Config) {
		c.Binding = binding
		c.Signing = saml.KeyPair{Key: "file:" + bridge.SecretRef(key), Certificate: "file:" + bridge.SecretRef(cert)}
	}}), readCert(t, cert)
}

// TestSignedQuery verifies the signature of a redirect with nothing but the standard library: it covers the query as it was
// sent, up to itself (SAML Bindings §3.4.4.1), and the message carries none.
func TestSignedQuery(t *testing.T) {
	w, cert := signingWorld(t, "redirect")
	challenge, message := w.sent(w.login())
	_, query, _ := strings.Cut(challenge.URL, "?")
	signed, encoded, ok := strings.Cut(query, "&Signature=")
	if !ok || !strings.HasPrefix(signed, "SAMLRequest=") || strings.Contains(encoded, "&") {
		t.Fatalf("query %s", query)
	}
	for i, name := range []string{"SAMLRequest", "RelayState", "SigAlg"} {
		if part := strings.Split(signed, "&")[i]; !strings.HasPrefix(part, name+"=") {
			t.Errorf("part %d is %q", i, part)
		}
	}
	values, err := url.ParseQuery(query)
	if err != nil || values.Get("SigAlg") != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" {
		t.Errorf("%v, %v", values, err)
	}
	signature, err := decode64(values.Get("Signature"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
	if bytes.Contains(message, []byte("Signature")) {
		t.Errorf("the message is signed as well: %s", message)
	}
}

// TestSignedPost: the enveloped signature stands after the Issuer, as the schema has it, and verifies.
func TestSignedPost(t *testing.T) {
	w, cert := signingWorld(t, "post")
	_, message := w.sent(w.login())
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(message); err != nil {
		t.Fatal(err)
	}
	if at := doc.Root().ChildElements(); at[0].Tag != "Issuer" || at[1].Tag != "Signature" {
		t.Errorf("out of order: %s", message)
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	if _, err := context.Validate(doc.Root()); err != nil {
		t.Error(err)
	}
	doc.Root().CreateAttr("ForceAuthn", "false")
	if _, err := context.Validate(doc.Root()); err == nil {
		t.Error("it verifies whatever stands there")
	}
}

// TestAddressWithQuery: Google's sign-in address has a query of its own, which stays.
func TestAddressWithQuery(t *testing.T) {
	r := openReal(t, realNamed("google"), nil)
	challenge, _ := r.w.sent(r.w.login())
	at, err := url.Parse(challenge.URL)
	if err != nil || at.Query().Get("idpid") != "C01example" || at.Query().Get("SAMLRequest") == "" || strings.Count(challenge.URL, "?") != 1 {
		t.Errorf("%s, %v", challenge.URL, err)
	}
}
