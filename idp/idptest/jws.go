package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Key is a signing key of the OIDC provider.
type Key struct {
	Kid       string
	Algorithm string // JWS alg (RFC 7518 §3.1)
	Private   crypto.Signer
}

// newKey makes a key for a JWS algorithm.
func newKey(algorithm string) (*Key, error) {
	var signer crypto.Signer
	var err error
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		signer, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		signer, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("idptest: %q is not an algorithm of the provider", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("idptest: make a key: %w", err)
	}
	return &Key{Kid: random()[:16], Algorithm: algorithm, Private: signer}, nil
}

// hash is the hash function of a JWS algorithm, by its last three digits; EdDSA's is SHA-512 for at_hash.
func hashOf(algorithm string) crypto.Hash {
	switch {
	case strings.HasSuffix(algorithm, "384"):
		return crypto.SHA384
	case strings.HasSuffix(algorithm, "512"), algorithm == "EdDSA":
		return crypto.SHA512
	}
	return crypto.SHA256
}

// sign signs a JWS signing input (RFC 7518 §3.3–3.5, RFC 8037 §3.1).
func (k *Key) sign(algorithm, input string) ([]byte, error) {
	hash := hashOf(algorithm)
	digest := hash.New()
	digest.Write([]byte(input))
	sum := digest.Sum(nil)
	switch key := k.Private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, []byte(input)), nil
	case *rsa.PrivateKey:
		if strings.HasPrefix(algorithm, "PS") {
			return rsa.SignPSS(rand.Reader, key, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, key, hash, sum)
	case *ecdsa.PrivateKey:
		return signECDSA(key, sum)
	}
	return nil, fmt.Errorf("idptest: no signature by %T", k.Private)
}

// signECDSA writes r and s side by side, each as long as the curve's order (RFC 7518 §3.4, and RFC 4050 for XML).
func signECDSA(key *ecdsa.PrivateKey, sum []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, sum)
	if err != nil {
		return nil, err
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

// public is the key as the JWKS shows it.
func (k *Key) public(bare bool) jose.JSONWebKey {
	jwk := jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.Kid, Algorithm: k.Algorithm, Use: "sig"}
	if bare {
		jwk.KeyID, jwk.Algorithm, jwk.Use = "", "", ""
	}
	return jwk
}

// publicPEM is what a careless verifier would take for an HMAC key.
func (k *Key) publicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		panic(err) // a key that we made ourselves
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// compact writes a JWS in compact form (RFC 7515 §7.1). The header's alg says how it is signed: none and HS256 too.
func (k *Key) compact(header map[string]any, payload []byte) (string, error) {
	head, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	algorithm, _ := header["alg"].(string)
	var signature []byte
	switch {
	case strings.EqualFold(algorithm, "none"):
	case algorithm == "HS256":
		mac := hmac.New(sha256.New, k.publicPEM())
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	case algorithm == "" || !k.fits(algorithm):
		// A header that names another family is signed by the key's own algorithm all the same: a lie, not a mistake.
		signature, err = k.sign(k.Algorithm, input)
	default:
		signature, err = k.sign(algorithm, input)
	}
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// fits tells whether the key can sign by this algorithm.
func (k *Key) fits(algorithm string) bool {
	switch k.Private.(type) {
	case *rsa.PrivateKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	default:
		return algorithm == k.Algorithm
	}
}

// atHash is at_hash of an access token (OIDC Core §3.1.3.6).
func atHash(algorithm, token string) string {
	digest := hashOf(algorithm).New()
	digest.Write([]byte(token))
	sum := digest.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
