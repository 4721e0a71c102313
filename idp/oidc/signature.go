package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512"
	"math/big"
)

// family is a kind of signature; a key belongs to one kind of key, so that no algorithm can borrow another's key.
type family uint8

const (
	rsaPKCS1 family = iota
	rsaPSS
	ecDSA
	edDSA
)

// algorithm is a JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
type algorithm struct {
	family family
	hash   crypto.Hash
	bits   int // of the curve
}

// algorithms are all that can be configured: asymmetric ones only. Threat O1.
var algorithms = map[string]algorithm{
	"RS256": {family: rsaPKCS1, hash: crypto.SHA256},
	"RS384": {family: rsaPKCS1, hash: crypto.SHA384},
	"RS512": {family: rsaPKCS1, hash: crypto.SHA512},
	"PS256": {family: rsaPSS, hash: crypto.SHA256},
	"PS384": {family: rsaPSS, hash: crypto.SHA384},
	"PS512": {family: rsaPSS, hash: crypto.SHA512},
	"ES256": {family: ecDSA, hash: crypto.SHA256, bits: 256},
	"ES384": {family: ecDSA, hash: crypto.SHA384, bits: 384},
	"ES512": {family: ecDSA, hash: crypto.SHA512, bits: 521},
	// at_hash and c_hash of an Ed25519 token use SHA-512, the hash of that signature.
	"EdDSA": {family: edDSA, hash: crypto.SHA512},
}

// fits tells whether the algorithm may be used with this key: RFC 8725 §3.1, one key, one algorithm.
func (a algorithm) fits(name string, k *key) bool {
	if k.alg != "" && k.alg != name {
		return false
	}
	switch pub := k.public.(type) {
	case *rsa.PublicKey:
		return a.family == rsaPKCS1 || a.family == rsaPSS
	case *ecdsa.PublicKey:
		return a.family == ecDSA && pub.Curve.Params().BitSize == a.bits
	case ed25519.PublicKey:
		return a.family == edDSA
	}
	return false
}

// verify checks a signature over message. The caller has asked fits.
func (a algorithm) verify(public crypto.PublicKey, message, signature []byte) bool {
	if pub, ok := public.(ed25519.PublicKey); ok {
		return a.family == edDSA && ed25519.Verify(pub, message, signature)
	}
	h := a.hash.New()
	h.Write(message)
	digest := h.Sum(nil)
	switch pub := public.(type) {
	case *rsa.PublicKey:
		if a.family == rsaPKCS1 {
			return rsa.VerifyPKCS1v15(pub, a.hash, digest, signature) == nil
		}
		// RFC 7518 §3.5: the salt is as long as the hash.
		return a.family == rsaPSS &&
			rsa.VerifyPSS(pub, a.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	case *ecdsa.PublicKey:
		// RFC 7518 §3.4: R and S, each as long as the curve's order.
		size := (a.bits + 7) / 8
		if a.family != ecDSA || len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(pub, digest, r, s)
	}
	return false
}
