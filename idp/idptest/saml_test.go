package idptest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/idp/idptest"
)

const (
	spEntity = "https://bridge.example/saml/corp/metadata"
	spACS    = "https://bridge.example/saml/corp/acs"
)

var people = []idptest.Person{
	{
		Username: "ada", Password: "engine", Subject: "u-1", Email: "ada@example.com", Name: "Ada Lovelace",
		Groups: []string{"dev", "ops"}, Claims: map[string][]string{"employmentType": {"FTE"}},
		RolePairs: []string{"arn:aws:iam::111122223333:role/Dev,arn:aws:iam::111122223333:saml-provider/Corp"},
		About:     "Many roles",
	},
	{Username: "bob", Password: "builder", Subject: "u-2", Email: "bob@example.com"},
}

// spKey is the service provider's key, with its certificate.
func spKey(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// openSAML serves an identity provider that knows one SP.
func openSAML(t *testing.T, change func(*idptest.SAMLOptions)) *idptest.SAML {
	t.Helper()
	var s *idptest.SAML
	server, err := idptest.Serve(func(url string) (http.Handler, error) {
		options := idptest.SAMLOptions{
			URL: url, People: people, SPs: []idptest.SP{{EntityID: spEntity, ACS: []string{spACS}}},
		}
		if change != nil {
			change(&options)
		}
		var err error
		s, err = idptest.NewSAML(options)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return s
}

func respond(t *testing.T, s *idptest.SAML, hooks idptest.Hooks) *etree.Document {
	t.Helper()
	raw, err := s.Respond(people[0], idptest.AuthnRequest{ID: "_ask", Issuer: spEntity, RelayState: "back"}, hooks)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return doc
}

// validates tells whether an independent verifier accepts the element's own signature by the published certificate.
func validates(s *idptest.SAML, el *etree.Element) error {
	store := &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{s.Certificate()}}
	_, err := dsig.NewDefaultValidationContext(store).Validate(el)
	return err
}

func TestSAMLSigns(t *testing.T) {
	for _, test := range []struct {
		signs               idptest.Signs
		response, assertion bool
	}{
		{idptest.SignAssertion, false, true},
		{idptest.SignResponse, true, false},
		{idptest.SignBoth, true, true},
	} {
		t.Run("signs "+string(test.signs), func(t *testing.T) {
			s := openSAML(t, func(o *idptest.SAMLOptions) { o.Sign = test.signs })
			doc := respond(t, s, idptest.Hooks{})
			if err := validates(s, doc.Root()); (err == nil) != test.response {
				t.Errorf("signature of the response: %v", err)
			}
			if err := validates(s, doc.FindElement("//Assertion")); (err == nil) != test.assertion {
				t.Errorf("signature of the assertion: %v", err)
			}
		})
	}
}
