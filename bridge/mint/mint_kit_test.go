package mint_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

const (
	issuerURL = "https://bridge.example.com/aws"
	entityID  = issuerURL + "/saml/metadata"
	shop      = "111122223333"
)

// heldKey is a key with its private half at hand.
type heldKey struct {
	mint.Key
	private crypto.Signer
}

func holdKey(id, algorithm string, private crypto.Signer, certificate *x509.Certificate) heldKey {
	return heldKey{mint.Key{
		ID: id, Algorithm: algorithm, Public: private.Public(), Certificate: certificate,
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return private.Sign(rand.Reader, digest, crypto.SHA256)
		},
	}, private}
}

var (
	esKey = sync.OnceValue(func() heldKey {
		private, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return holdKey("es-1", "ES256", private, nil)
	})
	rsKey   = sync.OnceValue(func() heldKey { return newRSA("rs-1") })
	samlKey = sync.OnceValue(func() heldKey { return newRSA("saml-1") })
	// awsKey is what IAM decrypts with.
	awsKey = sync.OnceValue(func() heldKey { return newRSA("aws") })
)

func newRSA(id string) heldKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return holdKey(id, "RS256", private, certificate)
}

// heldKeys is a Keys whose keys are simply there.
type heldKeys map[mint.Use]heldKey

func (k heldKeys) Current(use mint.Use) (mint.Key, error) {
	key, ok := k[use]
	if !ok {
		return mint.Key{}, bridge.Fail(bridge.CodeIssuerKey, nil)
	}
	return key.Key, nil
}

func usualKeys() heldKeys { return heldKeys{mint.UseToken: esKey(), mint.UseSAML: samlKey()} }

// newMinter makes a Minter that changes may adapt.
func newMinter(t testing.TB, changes ...func(*mint.Config)) *mint.Minter {
	t.Helper()
	c := mint.Config{
		Issuer: issuerURL, Keys: usualKeys(), SubjectKey: []byte("a key of thirty-two bytes, and more"),
		Encryption: map[string]*x509.Certificate{"file:aws.pem": awsKey().Certificate},
	}
	for _, change := range changes {
		change(&c)
	}
	m, err := mint.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func signWith(token heldKey) func(*mint.Config) {
	return func(c *mint.Config) { c.Keys = heldKeys{mint.UseToken: token, mint.UseSAML: samlKey()} }
}

// forRole is a request with all that one can have, for a kind of proof.
func forRole(kind bridge.ProofKind, changes ...func(*bridge.MintRequest)) bridge.MintRequest {
	req := bridge.MintRequest{
		Role: bridge.Role{
			Key:      bridge.RoleKey{Account: shop, Name: "dev"},
			ARN:      bridge.RoleARN{Partition: "aws", Account: shop, Path: "/team/", Name: "Dev"},
			Mint:     kind,
			Audience: "fedbridge:" + shop, SAMLProvider: bridge.SAMLProviderARN{Partition: "aws", Account: shop, Name: "fedbridge"},
			HasTags: true, HasSourceIdentity: true, TransitiveTags: []string{"Team"},
		},
		Identity: bridge.Identity{
			Provider: "corp", Issuer: "https://idp.example.com", Subject: "u-4711", Email: "ada@example.com",
			Claims: bridge.Claims{"secret": {"CANARY"}},
		},
		SessionName: "ada@example.com-abcdefghij", Duration: 12 * time.Hour, SourceIdentity: "ada@example.com",
		Tags: []bridge.Tag{{Key: "Cost Centre", Value: "4711"}, {Key: "Team", Value: "Größe/β @ 1"}},
	}
	for _, change := range changes {
		change(&req)
	}
	return req
}

func minted(t testing.TB, m *mint.Minter, req bridge.MintRequest) bridge.Proof {
	t.Helper()
	proof, err := m.Mint(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// refusedMint demands a code, and that nothing was minted.
func refusedMint(t testing.TB, m *mint.Minter, req bridge.MintRequest, want bridge.Code) error {
	t.Helper()
	proof, err := m.Mint(t.Context(), req)
	if bridge.CodeOf(err) != want {
		t.Errorf("got %v, want code %s", err, want)
	}
	if proof.Kind != "" || !proof.Raw.IsZero() || proof.ID != "" {
		t.Errorf("refused with %v, and yet minted", err)
	}
	return err
}

// claimsOf reads a token's payload without verifying it.
func claimsOf(t testing.TB, proof bridge.Proof) map[string]any {
	t.Helper()
	parts := strings.Split(proof.Raw.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
