package awsconsole_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/ststest"
)

const (
	entityID = issuer + "/saml/metadata"
	provider = "arn:aws:iam::111122223333:saml-provider/fedbridge"
	uuid     = "ABCDEFGHIJKLMNOPQRSTUV"
)

// held is the one key that signs.
type held struct{ key mint.Key }

func (h held) Current(mint.Use) (mint.Key, error) { return h.key, nil }

func newKey(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fedbridge"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return private, certificate
}

// TestPosted: what is minted for the address that SignIn gives is taken there, and only there, by a strict sign-in page: in
// clear, and encrypted where the provider demands that.
func TestPosted(t *testing.T) {
	private, certificate := newKey(t)
	awsPrivate, awsCertificate := newKey(t)
	key := mint.Key{
		ID: "k1", Algorithm: "RS256", Public: private.Public(), Certificate: certificate,
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return private.Sign(rand.Reader, digest, crypto.SHA256)
		},
	}
	minter, err := mint.New(mint.Config{
		Issuer: issuer, EntityID: entityID, Keys: held{key}, SubjectKey: make([]byte, 32),
		Encryption: map[string]*x509.Certificate{"file:aws.pem": awsCertificate},
	})
	if err != nil {
		t.Fatal(err)
	}
	metadata := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `"><IDPSSODescriptor ` +
		`protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
		`<X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(certificate.Raw) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/></IDPSSODescriptor></EntityDescriptor>`
	for _, encrypted := range []bool{false, true} {
		aws := ststest.New(ststest.Options{})
		signIn := httptest.NewServer(aws.SignIn())
		defer signIn.Close()
		l := linker(t, awsconsole.Config{SignIn: signIn.URL, Region: "eu-west-1"})
		known := ststest.SAMLProvider{ARN: provider, Metadata: []byte(metadata), UUID: uuid}
		r := role("aws")
		r.Via, r.Mint, r.ConsolePost = []bridge.Via{bridge.ViaIssuer}, bridge.ProofSAML, true
		r.SAMLProvider = bridge.SAMLProviderARN{Partition: "aws", Account: "111122223333", Name: "fedbridge"}
		if encrypted {
			pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(awsPrivate)})
			known.Encryption, known.PrivateKeys = "Required", []string{string(pkcs1)}
			r.Encryption = bridge.SAMLEncryption{Certificate: "file:aws.pem", ProviderID: uuid}
		}
		to := bridge.Destination{URL: "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1#/x?y=%20z"}
		endpoint, state, err := l.SignIn(r, to)
		if err != nil {
			t.Fatal(err)
		}
		err = aws.Load(ststest.State{
			Accounts: []ststest.Account{{ID: "111122223333"}}, SAMLProviders: []ststest.SAMLProvider{known},
			Roles: []ststest.Role{{ARN: r.ARN.String(), MaxSessionDuration: 12 * time.Hour, TrustPolicy: fmt.Sprintf(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":%q},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],`+
					`"Condition":{"StringEquals":{"SAML:aud":%q}}}]}`, provider, endpoint)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		mintFor := func(recipient string) string {
			proof, err := minter.Mint(context.Background(), bridge.MintRequest{
				Role: r, Identity: bridge.Identity{Provider: "corp", Issuer: "https://idp.example.com", Subject: "ada"}, SessionName: "ada@example.com",
				Duration: 12 * time.Hour, Tags: []bridge.Tag{{Key: "Team", Value: "Größe"}}, Recipient: recipient,
			})
			if err != nil {
				t.Fatal(err)
			}
			return proof.Raw.Reveal()
		}
		status, body := post(t, endpoint, mintFor(endpoint), state)
		if status != http.StatusOK || !strings.Contains(body, "assumed-role/Dev/ada@example.com") || !strings.Contains(body, "Größe") ||
			!strings.Contains(html.UnescapeString(body), to.URL) || !strings.Contains(body, `id="seconds-left">43`) {
			t.Errorf("encrypted %t: %d\n%s", encrypted, status, body)
		}
		// The one that is made for the API names another recipient, and signs nobody in here.
		if status, body := post(t, endpoint, mintFor(""), state); status != http.StatusBadRequest {
			t.Errorf("encrypted %t, for the API: %d\n%s", encrypted, status, body)
		}
	}
}

// post does what the form does in a browser.
func post(t *testing.T, endpoint, response, state string) (int, string) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	answer, err := (&http.Client{Jar: jar}).PostForm(endpoint, url.Values{"SAMLResponse": {response}, "RelayState": {state}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
