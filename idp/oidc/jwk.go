package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Bounds on a key set.
const (
	maxKeys    = 100
	minRSABits = 2048 // NIST SP 800-131A; RFC 7518 §3.3
	maxRSABits = 8192 // a larger one only costs time
	maxKid     = 256
)

// key is one public key that may verify ID tokens.
type key struct {
	kid    string
	alg    string // "" where the provider names none
	issuer string // Entra names the issuer that each key of a multi-tenant key set belongs to
	public crypto.PublicKey
	// fingerprint is the lower-case hex SHA-256 of the key's SPKI.
	fingerprint string
}

// jwk is what is read of a key (RFC 7517 §4). Certificates and URLs in it are ignored: the set itself is the authority.
type jwk struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use"`
	Ops    []string `json:"key_ops"`
	Alg    string   `json:"alg"`
	Kid    string   `json:"kid"`
	Issuer string   `json:"issuer"`

	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	N   string `json:"n"`
	E   string `json:"e"`

	K, D, P, Q, Dp, Dq, Qi json.RawMessage
}

// parseKeySet reads a JWK Set and keeps the keys that may sign ID tokens. A key that may not is passed over, as RFC 7517
// §5 asks; a set without any usable key is an error. Threat O4.
func parseKeySet(body []byte) ([]*key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("jwks: %d keys; at most %d are read", len(set.Keys), maxKeys)
	}
	var keys []*key
	var reasons []error
	for _, raw := range set.Keys {
		k, err := parseKey(raw)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("jwks: none of %d keys may sign: %w", len(set.Keys), errors.Join(reasons...))
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (*key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, err
	}
	switch {
	case j.K != nil || j.D != nil || j.P != nil || j.Q != nil || j.Dp != nil || j.Dq != nil || j.Qi != nil:
		// A symmetric key, or a private one that everybody has read by now.
		return nil, fmt.Errorf("key %s is not a public key", quote(j.Kid))
	case j.Use != "" && j.Use != "sig":
		return nil, fmt.Errorf("key %s is for use %s", quote(j.Kid), quote(j.Use))
	case len(j.Ops) > 0 && !slices.Contains(j.Ops, "verify"):
		return nil, fmt.Errorf("key %s is not for verifying", quote(j.Kid))
	case len(j.Kid) > maxKid:
		return nil, fmt.Errorf("a kid of %d bytes", len(j.Kid))
	}
	public, err := j.public()
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", quote(j.Kid), err)
	}
	k := &key{kid: j.Kid, alg: j.Alg, issuer: j.Issuer, public: public}
	if alg, known := algorithms[j.Alg]; j.Alg != "" && (!known || !alg.fits(j.Alg, k)) {
		return nil, fmt.Errorf("key %s: algorithm %s is not one for it", quote(j.Kid), quote(j.Alg))
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", quote(j.Kid), err)
	}
	sum := sha256.Sum256(der)
	k.fingerprint = hex.EncodeToString(sum[:])
	return k, nil
}

// public makes the key out of the parameters that its type has and nothing else. go-jose checks that a point is on its
// curve.
func (j jwk) public() (crypto.PublicKey, error) {
	bare := map[string]string{"kty": j.Kty}
	switch j.Kty {
	case "RSA":
		bare["n"], bare["e"] = j.N, j.E
	case "EC":
		bare["crv"], bare["x"], bare["y"] = j.Crv, j.X, j.Y
	case "OKP":
		bare["crv"], bare["x"] = j.Crv, j.X
	default:
		return nil, fmt.Errorf("type %s", quote(j.Kty))
	}
	text, err := json.Marshal(bare)
	if err != nil {
		return nil, err
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	switch pub := parsed.Key.(type) {
	case *rsa.PublicKey:
		if bits := pub.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("RSA of %d bits", bits)
		}
		if pub.E < 3 || pub.E%2 == 0 || pub.N.Bit(0) == 0 {
			return nil, errors.New("not an RSA key")
		}
		return pub, nil
	case *ecdsa.PublicKey:
		return pub, nil
	case ed25519.PublicKey:
		if len(pub) != ed25519.PublicKeySize {
			return nil, errors.New("not an Ed25519 key")
		}
		return pub, nil
	}
	return nil, fmt.Errorf("type %s", quote(j.Kty))
}
