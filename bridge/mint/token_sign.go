package mint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/fedbridge/fedbridge/bridge"
)

// tokenHeader is the JOSE header of a key, ready to be used: it changes with the key alone.
type tokenHeader struct {
	id, algorithm string
	text          []byte // base64url
}

// headerOf writes the header (RFC 7515 §4.1). The algorithm is the key's, never a request's.
func (m *Minter) headerOf(key Key) ([]byte, error) {
	if h := m.header.Load(); h != nil && h.id == key.ID && h.algorithm == key.Algorithm {
		return h.text, nil
	}
	switch public := key.Public.(type) {
	case *rsa.PublicKey:
		if key.Algorithm != "RS256" || public.N.BitLen() < 2048 {
			return nil, badKey(key, "an RSA key has 2048 bits or more, and signs RS256")
		}
	case *ecdsa.PublicKey:
		if key.Algorithm != "ES256" || public.Curve != elliptic.P256() {
			return nil, badKey(key, "an EC key is on P-256, and signs ES256")
		}
	default:
		return nil, badKey(key, "neither RSA nor EC")
	}
	if key.ID == "" { // STS finds the key by its kid
		return nil, badKey(key, "it has no id")
	}
	text := appendString([]byte(`{"alg":"`+key.Algorithm+`","kid":`), key.ID)
	text = append(text, `,"typ":"JWT"}`...)
	h := &tokenHeader{key.ID, key.Algorithm, base64.RawURLEncoding.AppendEncode(nil, text)}
	m.header.Store(h)
	return h.text, nil
}

func badKey(key Key, what string) error {
	return bridge.Fail(bridge.CodeIssuerKey, fmt.Errorf("mint: key %q, %s: %s", key.ID, key.Algorithm, what))
}

// signatureSize is how long a JWS signature of a key is, in bytes.
func signatureSize(key Key) int {
	if public, ok := key.Public.(*rsa.PublicKey); ok {
		return public.Size()
	}
	return 64
}

// joseSignature turns what a key signed into what a JWS holds.
func joseSignature(key Key, signature []byte) ([]byte, error) {
	if key.Algorithm == "ES256" {
		raw, err := rawECDSA(signature)
		if err != nil {
			return nil, badKey(key, err.Error())
		}
		return raw[:], nil
	}
	return rsaSignature(key, signature)
}

// rsaSignature checks that a signature has the length of its modulus (RFC 8017 §8.2.1).
func rsaSignature(key Key, signature []byte) ([]byte, error) {
	if public, ok := key.Public.(*rsa.PublicKey); !ok || len(signature) != public.Size() {
		return nil, badKey(key, fmt.Sprintf("a signature of %d bytes", len(signature)))
	}
	return signature, nil
}

var errDER = errors.New("a signature that is no ASN.1 pair of numbers")

// rawECDSA turns an ASN.1 ECDSA-Sig-Value (RFC 3279 §2.2.3) into R and S side by side, 32 bytes each (RFC 7518 §3.4). It
// takes DER only.
func rawECDSA(der []byte) (raw [64]byte, err error) {
	if len(der) < 2 || der[0] != 0x30 || int(der[1]) != len(der)-2 || der[1] >= 0x80 {
		return raw, errDER
	}
	rest := der[2:]
	for _, to := range [][]byte{raw[:32], raw[32:]} {
		if len(rest) < 3 || rest[0] != 0x02 || int(rest[1]) > len(rest)-2 || rest[1] < 1 || rest[1] > 33 {
			return raw, errDER
		}
		number := rest[2 : 2+int(rest[1])]
		rest = rest[2+int(rest[1]):]
		if number[0] >= 0x80 || number[0] == 0 && len(number) > 1 && number[1] < 0x80 {
			return raw, errDER // negative, or longer than it needs to be
		}
		if number[0] == 0 {
			number = number[1:]
		}
		if len(number) < 1 || len(number) > 32 {
			return raw, errDER // zero is no signature
		}
		copy(to[32-len(number):], number)
	}
	if len(rest) > 0 {
		return raw, errDER
	}
	return raw, nil
}
