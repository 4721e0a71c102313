package mint

import (
	"context"
	"crypto"
)

// KMS signs with keys that never leave it. bridge/awskms is AWS's.
type KMS interface {
	// PublicKey gives the public half of a key, by its ARN. It MUST fail with CodeIssuerKMS.
	PublicKey(ctx context.Context, arn string) (crypto.PublicKey, error)
	// Sign signs a SHA-256 digest by RS256 (PKCS #1 v1.5) or ES256 (ASN.1 DER). It MUST give up in bounded time, and fail
	// with CodeIssuerKMS.
	Sign(ctx context.Context, arn, algorithm string, digest []byte) ([]byte, error)
}
