package ststest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// samlIdP is a SAML IdP that signs with goxmldsig.
type samlIdP struct {
	key         crypto.Signer
	certificate []byte
	der         bool // writes ECDSA signatures as ASN.1, which XML Signature doesn't
}

// Keys are made once: RSA keys are slow to find.
var corpIdP = sync.OnceValue(func() *samlIdP { return newIdP() })
var otherIdP = sync.OnceValue(func() *samlIdP { return newIdP() })

func newIdP() *samlIdP {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return idpOf(key)
}

func idpOf(key crypto.Signer) *samlIdP {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &samlIdP{key: key, certificate: der}
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
	if _, ok := p.key.(*ecdsa.PrivateKey); ok && !p.der {
		value := signature.SelectElement("SignatureValue")
		raw, _ := base64.StdEncoding.DecodeString(value.Text())
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(raw, &rs); err != nil {
			t.Fatal(err)
		}
		value.SetText(base64.StdEncoding.EncodeToString(append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)))
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
