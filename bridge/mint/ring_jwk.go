package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk is a public key as it is published (RFC 7517 §4, RFC 7518 §6). AWS needs kid, use and alg, which the RFC leaves open.
type jwk struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

// algorithmOf tells what a key signs by, and refuses keys that fedbridge doesn't sign with.
func algorithmOf(public crypto.PublicKey) (string, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < 2048 || bits > 4096 {
			return "", fmt.Errorf("it is an RSA key of %d bits, which may have 2048 to 4096", bits)
		}
		return RS256, nil
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return "", fmt.Errorf("it is an EC key on %s, not P-256", public.Curve.Params().Name)
		}
		return ES256, nil
	}
	return "", fmt.Errorf("it is a %T, neither RSA nor EC", public)
}

// jwkOf makes the published form of a key; its kid is from its thumbprint, so that one id is never two keys.
func jwkOf(public crypto.PublicKey) (jwk, error) {
	algorithm, err := algorithmOf(public)
	if err != nil {
		return jwk{}, err
	}
	k := jwk{Use: "sig", Algorithm: algorithm}
	text := base64.RawURLEncoding.EncodeToString
	switch public := public.(type) {
	case *rsa.PublicKey:
		k.KeyType, k.N, k.E = "RSA", text(public.N.Bytes()), text(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, X, Y (SEC 1 §2.3.3)
		if err != nil {
			return jwk{}, err
		}
		k.KeyType, k.Curve, k.X, k.Y = "EC", "P-256", text(point[1:33]), text(point[33:])
	}
	k.ID, err = k.thumbprint()
	return k, err
}

// thumbprint hashes the required members alone, in the order of their names (RFC 7638 §3). Half of the hash is enough to
// tell keys apart, and base32 never begins with a dash, which commands would take for an option.
func (k jwk) thumbprint() (string, error) {
	var required any
	if k.KeyType == "RSA" {
		required = struct {
			E   string `json:"e"`
			Kty string `json:"kty"`
			N   string `json:"n"`
		}{k.E, k.KeyType, k.N}
	} else {
		required = struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
			Y   string `json:"y"`
		}{k.Curve, k.KeyType, k.X, k.Y}
	}
	text, err := json.Marshal(required)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return lowerBase32.EncodeToString(sum[:16]), nil
}
