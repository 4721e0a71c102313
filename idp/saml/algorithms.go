package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" // for responses under allow_sha1_until
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
)

// The lists of algorithms that are accepted. What isn't listed is refused: HMAC, DSA, MD5, none (threats S17, S18).

// keyKind binds a signature algorithm to the kind of key it needs.
type keyKind int

const (
	keyRSA keyKind = iota + 1
	keyECDSA
)

type signatureMethod struct {
	key  keyKind
	weak bool // SHA-1: by exception, until a date
}

var signatureMethods = map[string]signatureMethod{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":   {key: keyRSA},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   {key: keyRSA},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   {key: keyRSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": {key: keyECDSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": {key: keyECDSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": {key: keyECDSA},
	"http://www.w3.org/2000/09/xmldsig#rsa-sha1":          {key: keyRSA, weak: true},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1":   {key: keyECDSA, weak: true},
}

type digestMethod struct {
	hash crypto.Hash
	weak bool
}

var digestMethods = map[string]digestMethod{
	"http://www.w3.org/2001/04/xmlenc#sha256":       {hash: crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#sha384": {hash: crypto.SHA384},
	"http://www.w3.org/2001/04/xmlenc#sha512":       {hash: crypto.SHA512},
	"http://www.w3.org/2000/09/xmldsig#sha1":        {hash: crypto.SHA1, weak: true},
}

const (
	transformEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	c14nExclusive      = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14n10             = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	c14n11             = "http://www.w3.org/2006/12/xml-c14n11"
	signRSASHA256      = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
)

// weakMethods are refused with a text that names the way out, where others are merely unknown.
var weakMethods = map[string]bool{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-md5": true,
	"http://www.w3.org/2001/04/xmldsig-more#md5":     true,
}

// Bounds on RSA keys, in bits: below is breakable, above costs whoever verifies.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// kindOfKey tells what a certificate's key can verify, or why nothing.
func kindOfKey(public crypto.PublicKey) (keyKind, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		switch bits := key.N.BitLen(); {
		case bits < minRSABits:
			return 0, errors.New("its RSA key is shorter than 2048 bits")
		case bits > maxRSABits:
			return 0, errors.New("its RSA key is longer than 8192 bits")
		}
		return keyRSA, nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return keyECDSA, nil
		}
		return 0, errors.New("its curve is not P-256, P-384 or P-521")
	}
	return 0, errors.New("its key is neither RSA nor ECDSA")
}
