package mint

import (
	"context"
	"crypto"
	"crypto/x509"
	"time"
)

// Use says what a key signs. A key has one use.
type Use string

// The uses of keys.
const (
	UseToken Use = "token" // ID tokens, published as JWKS
	UseSAML  Use = "saml"  // SAML responses, published as a certificate in the metadata
)

// Key is a signing key that may be used now.
type Key struct {
	ID          string // kid; for SAML a name for people
	Algorithm   string // RS256 or ES256; always RS256 for SAML
	Public      crypto.PublicKey
	Certificate *x509.Certificate // of a SAML key
	// Made is when the key was made: whoever signs with it has a clock that is past it. Zero: not known.
	Made time.Time
	// Sign signs a SHA-256 digest: RSA PKCS #1 v1.5, or ECDSA as ASN.1 DER. It may call KMS, and gives up in bounded time.
	Sign func(ctx context.Context, digest []byte) ([]byte, error)
}

// Keys knows the key that signs now.
type Keys interface {
	// Current fails with CodeIssuerKey where no key may sign yet. It touches no network and no disk.
	Current(use Use) (Key, error)
}
