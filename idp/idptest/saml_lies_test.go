package idptest_test

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

func unmarshalMetadata(document []byte, into *saml.EntityDescriptor) error {
	return xml.Unmarshal(document, into)
}

func value(doc *etree.Document, path, name string) string {
	el := doc.FindElement(path)
	if el == nil {
		return "none"
	}
	if name == "" {
		return el.Text()
	}
	return el.SelectAttrValue(name, "none")
}

// TestSAMLLies: each lie is in the answer, and an answer after it is true again.
func TestSAMLLies(t *testing.T) {
	s := openSAML(t, nil)
	is := func(path, name, want string) func(*etree.Document) bool {
		return func(doc *etree.Document) bool { return value(doc, path, name) == want }
	}
	isnt := func(path, name, truth string) func(*etree.Document) bool {
		return func(doc *etree.Document) bool { return value(doc, path, name) != truth }
	}
	count := func(path string, want int) func(*etree.Document) bool {
		return func(doc *etree.Document) bool { return len(doc.FindElements(path)) == want }
	}
	later := func(path, name string, least, most time.Duration) func(*etree.Document) bool {
		return func(doc *etree.Document) bool {
			at, err := time.Parse(time.RFC3339, value(doc, path, name))
			d := time.Until(at)
			return err == nil && d > least && d < most
		}
	}
	const confirmed = "//SubjectConfirmationData"
	truth := respond(t, s, idptest.Hooks{})
	for lie, wrong := range map[idptest.Lie]func(*etree.Document) bool{
		idptest.WrongAudience:       is("//Audience", "", "https://other-sp.example/metadata"),
		idptest.MissingAudience:     count("//AudienceRestriction", 0),
		idptest.WrongIssuer:         is("//Assertion/Issuer", "", "https://other-provider.example/metadata"),
		idptest.WrongDestination:    is("//Response", "Destination", "https://other-sp.example/acs"),
		idptest.MissingDestination:  is("//Response", "Destination", "none"),
		idptest.WrongRecipient:      is(confirmed, "Recipient", "https://other-sp.example/acs"),
		idptest.NotBearer:           isnt("//SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer"),
		idptest.Expired:             later("//Conditions", "NotOnOrAfter", -2*time.Hour, -time.Hour),
		idptest.FutureDated:         later("//Conditions", "NotBefore", 58*time.Minute, 61*time.Minute),
		idptest.UnsignedAssertion:   count("//Signature", 0),
		idptest.NoNameID:            count("//NameID", 0),
		idptest.EmptyNameID:         is("//NameID", "", ""),
		idptest.TransientNameID:     is("//NameID", "Format", idptest.NameIDTransient),
		idptest.TwoAssertions:       count("//Assertion", 2),
		idptest.CommentInNameID:     func(doc *etree.Document) bool { return len(doc.FindElement("//NameID").Child) == 3 },
		idptest.SHA1Signature:       is("//SignatureMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
		idptest.HMACSignature:       is("//SignatureMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
		idptest.TwoReferences:       count("//Reference", 2),
		idptest.KeyInfoOfStranger:   isnt("//X509Certificate", "", value(truth, "//X509Certificate", "")),
		idptest.StrangerKey:         is("//X509Certificate", "", value(truth, "//X509Certificate", "")),
		idptest.BadSignature:        count("//Signature", 1),
		idptest.MissingInResponseTo: is(confirmed, "InResponseTo", "none"),
		idptest.Unsolicited:         is("//Response", "InResponseTo", "none"),
		idptest.WrongInResponseTo:   isnt(confirmed, "InResponseTo", "_ask"),
		idptest.NestedStatus:        count("//StatusCode", 2),
		idptest.FailureStatus: func(doc *etree.Document) bool {
			return doc.FindElement("//Assertion") == nil && strings.Contains(value(doc, "//StatusMessage", ""), idptest.Canary)
		},
		idptest.ReplayedAnswer: is("//Assertion", "ID", value(truth, "//Assertion", "ID")),
	} {
		t.Run(string(lie), func(t *testing.T) {
			s.Lie(lie)
			defer s.Lie()
			doc := respond(t, s, idptest.Hooks{})
			if !wrong(doc) {
				text, _ := doc.WriteToString()
				t.Errorf("not told: %s", text)
			}
			signed := doc.FindElement("//Assertion")
			if signed == nil {
				return
			}
			// false: what a verifier says of it is its own affair.
			breaks := map[idptest.Lie]bool{
				idptest.UnsignedAssertion: true, idptest.SHA1Signature: false, idptest.HMACSignature: true, idptest.TwoReferences: false,
				idptest.KeyInfoOfStranger: true, idptest.StrangerKey: true, idptest.BadSignature: true,
			}
			if _, about := breaks[lie]; !about && lie != idptest.CommentInNameID && validates(s, signed) != nil {
				t.Errorf("a lie about something else breaks the signature: %v", validates(s, signed))
			}
			if breaks[lie] && validates(s, signed) == nil {
				t.Error("verifies")
			}
		})
	}
	after := respond(t, s, idptest.Hooks{})
	if value(after, "//NameID", "") != "u-1" || validates(s, after.FindElement("//Assertion")) != nil {
		t.Error("not true again")
	}
	if value(after, "//Assertion", "ID") == value(truth, "//Assertion", "ID") {
		t.Error("two answers share an ID")
	}
}

// TestSAMLWrapping: in each variant what was signed is still there and still verifies, and something forged stands beside.
func TestSAMLWrapping(t *testing.T) {
	s := openSAML(t, nil)
	for _, lie := range idptest.WrappedSignatures {
		t.Run(string(lie), func(t *testing.T) {
			s.Lie(lie)
			defer s.Lie()
			doc := respond(t, s, idptest.Hooks{})
			reference := strings.TrimPrefix(value(doc, "//Reference", "URI"), "#")
			ids, forged := 0, 0
			for _, el := range doc.FindElements("//*[@ID]") {
				if el.SelectAttrValue("ID", "") == reference {
					ids++
				}
			}
			for _, name := range doc.FindElements("//NameID") {
				if name.Text() == idptest.Intruder {
					forged++
				}
			}
			if ids != 1 || forged == 0 || len(doc.FindElements("//Signature")) != 1 {
				t.Errorf("%d signed elements, %d forged names", ids, forged)
			}
			// Put back where it was, the signed element verifies: nothing in it was touched.
			original := doc.FindElement("//*[@ID='" + reference + "']").Copy()
			if original.SelectElement("Signature") == nil {
				signature := doc.FindElement("//Signature").Copy()
				for _, inner := range signature.ChildElements() {
					if inner.Tag == "Assertion" || inner.Tag == "Response" || inner.Tag == "Object" {
						signature.RemoveChild(inner)
					}
				}
				original.InsertChildAt(1, signature)
			}
			if err := validates(s, original); err != nil {
				t.Errorf("what was signed no longer verifies: %v", err)
			}
		})
	}
}

func TestSAMLHooks(t *testing.T) {
	s := openSAML(t, nil)
	name := func(text string) func(*etree.Document) {
		return func(doc *etree.Document) { doc.FindElement("//NameID").SetText(text) }
	}
	doc := respond(t, s, idptest.Hooks{BeforeSigning: name("before")})
	if value(doc, "//NameID", "") != "before" || validates(s, doc.FindElement("//Assertion")) != nil {
		t.Error("a change before signing is not in what is signed")
	}
	for _, hooks := range []idptest.Hooks{{BeforeEncrypting: name("between")}, {AfterSigning: name("after")}} {
		if doc := respond(t, s, hooks); validates(s, doc.FindElement("//Assertion")) == nil {
			t.Errorf("%q verifies", value(doc, "//NameID", ""))
		}
	}
}

func TestSAMLDoctype(t *testing.T) {
	s := openSAML(t, nil)
	s.Lie(idptest.DoctypeEntity)
	raw, err := s.Respond(people[0], idptest.AuthnRequest{ID: "_ask", Issuer: spEntity}, idptest.Hooks{})
	if err != nil || !strings.HasPrefix(string(raw), "<!DOCTYPE") || !strings.Contains(string(raw), "/entity") {
		t.Errorf("%.200s, %v", raw, err)
	}
	if s.Fetches("/entity") != 0 {
		t.Error("the entity was fetched by nobody")
	}
}

func TestSAMLMetadata(t *testing.T) {
	s := openSAML(t, func(o *idptest.SAMLOptions) { o.SecondKey = true })
	metadata := &saml.EntityDescriptor{}
	if err := unmarshalMetadata(s.Metadata(), metadata); err != nil {
		t.Fatal(err)
	}
	if metadata.EntityID != s.EntityID() || time.Until(metadata.ValidUntil) < 24*time.Hour {
		t.Errorf("metadata of %q until %v", metadata.EntityID, metadata.ValidUntil)
	}
	keys := metadata.IDPSSODescriptors[0].KeyDescriptors
	if len(keys) != 2 {
		t.Fatalf("%d keys", len(keys))
	}
	lines := strings.Fields(keys[0].KeyInfo.X509Data.X509Certificates[0].Data)
	if len(lines) < 10 || len(lines[0]) != 64 {
		t.Error("the certificate isn't wrapped")
	}
	_, next := s.Keys()
	if err := s.RotateKey(); err != nil {
		t.Fatal(err)
	}
	if !s.Certificate().Equal(next.Certificate) {
		t.Error("the announced key isn't the one that signs after the rotation")
	}
	if doc := respond(t, s, idptest.Hooks{}); validates(s, doc.FindElement("//Assertion")) != nil {
		t.Error("doesn't verify after a rotation")
	}
	current, err := idptest.NewBrowser().Get(s.MetadataURL())
	if err != nil || !strings.Contains(current.Body, "EntityDescriptor") || s.Fetches("/metadata") != 1 {
		t.Errorf("metadata by HTTP: %v, %v", current, err)
	}
}

func TestSPFromMetadata(t *testing.T) {
	key, cert := spKey(t)
	acs, _ := url.Parse(wireACS)
	sp := saml.ServiceProvider{EntityID: spEntity, AcsURL: *acs, Key: key, Certificate: cert, SignatureMethod: "x"}
	document, err := xml.Marshal(sp.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	known, err := idptest.SPFromMetadata(document)
	if err != nil || known.EntityID != spEntity || len(known.ACS) != 1 || known.ACS[0] != wireACS {
		t.Fatalf("%+v, %v", known, err)
	}
	if known.EncryptionCertificate == nil || !known.EncryptionCertificate.Equal(cert) || len(known.SigningCertificates) != 1 {
		t.Error("keys are lost")
	}
	for _, broken := range []string{"", "<a/>", strings.ReplaceAll(string(document), "HTTP-POST", "PAOS"),
		strings.Replace(string(document), "SPSSODescriptor", "X", 2)} {
		if _, err := idptest.SPFromMetadata([]byte(broken)); err == nil {
			t.Errorf("accepted %.80q", broken)
		}
	}
}

// TestSAMLECDSA: r and s side by side, each 32 bytes (RFC 4050 §3.3).
func TestSAMLECDSA(t *testing.T) {
	s := openSAML(t, func(o *idptest.SAMLOptions) { o.Key = idptest.KeyECDSA })
	doc := respond(t, s, idptest.Hooks{})
	if got := value(doc, "//SignatureMethod", "Algorithm"); got != "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" {
		t.Errorf("method is %s", got)
	}
	if got := value(doc, "//SignatureValue", ""); len(got) != 88 {
		t.Errorf("signature has %d characters of base64, want 88", len(got))
	}
}

func TestSAMLChecks(t *testing.T) {
	for name, options := range map[string]idptest.SAMLOptions{
		"no URL": {}, "cipher": {URL: "http://x", Encrypt: idptest.Encryption{Cipher: "des"}},
		"transport": {URL: "http://x", Encrypt: idptest.Encryption{Transport: "pkcs1"}}, "key": {URL: "http://x", Key: "dsa"},
	} {
		if _, err := idptest.NewSAML(options); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s := openSAML(t, func(o *idptest.SAMLOptions) { o.Encrypt.Cipher = idptest.CipherGCM256 })
	if _, err := s.Respond(people[0], idptest.AuthnRequest{Issuer: spEntity}, idptest.Hooks{}); err == nil {
		t.Error("encrypted for somebody without a certificate")
	}
	if _, err := s.Respond(people[0], idptest.AuthnRequest{Issuer: "x"}, idptest.Hooks{}); err == nil {
		t.Error("answered an unknown service provider")
	}
}
