package mint

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"

	"github.com/fedbridge/fedbridge/bridge"
)

// KMS signs with keys that never leave it. bridge/awskms is AWS's.
type KMS interface {
	// PublicKey gives the public half of a key, by its ARN. It MUST fail with CodeIssuerKMS.
	PublicKey(ctx context.Context, arn string) (crypto.PublicKey, error)
	// Sign signs a SHA-256 digest by RS256 (PKCS #1 v1.5) or ES256 (ASN.1 DER). It MUST give up in bounded time, and fail
	// with CodeIssuerKMS.
	Sign(ctx context.Context, arn, algorithm string, digest []byte) ([]byte, error)
}

// signByKMS asks KMS, and checks what it answers: another key's signature would be sent to AWS and refused there, without
// anybody knowing why.
func (r *Ring) signByKMS(e entry) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, digest []byte) ([]byte, error) {
		signature, err := r.c.Signer.Sign(ctx, e.KMS, e.Algorithm, digest)
		if err != nil {
			return nil, err
		}
		if err := verify(e.public, digest, signature); err != nil {
			return nil, bridge.Fail(bridge.CodeIssuerKMS, fmt.Errorf("mint: %s signed, and %w", e.KMS, err))
		}
		return signature, nil
	}
}

// nextKMS gives the public half of the first key of the list that was never used. A key that was retired is not taken up
// again.
func (r *Ring) nextKMS(ctx context.Context, rec *record, arns []string, algorithm string) (arn string, public crypto.PublicKey, err error) {
	used := map[string]bool{}
	for _, e := range rec.Keys {
		used[e.KMS] = true
	}
	for _, arn := range arns {
		if used[arn] {
			continue
		}
		public, err := r.c.Signer.PublicKey(ctx, arn)
		if err != nil {
			return "", nil, err
		}
		have, err := algorithmOf(public)
		if err == nil && have != algorithm {
			err = fmt.Errorf("it signs by %s, and %s is configured", have, algorithm)
		}
		if err != nil {
			return "", nil, bridge.Fail(bridge.CodeIssuerKMS, fmt.Errorf("mint: %s can't be used: %w: make a key of spec %s with usage SIGN_VERIFY", arn, err,
				map[string]string{ES256: "ECC_NIST_P256", RS256: "RSA_2048 or RSA_3072"}[algorithm]))
		}
		return arn, public, nil
	}
	return "", nil, errNoMoreKMS
}

// errNoMoreKMS: rotation has come to the end of the list.
var errNoMoreKMS = errors.New("mint: every KMS key of the configuration was used: make a new one, and add it to the list")

// kmsSigner is a KMS key as a crypto.Signer, for its own certificate.
type kmsSigner struct {
	ctx    context.Context
	public crypto.PublicKey
	sign   func(context.Context, []byte) ([]byte, error)
}

func (s kmsSigner) Public() crypto.PublicKey { return s.public }

func (s kmsSigner) Sign(_ io.Reader, digest []byte, hash crypto.SignerOpts) ([]byte, error) {
	if hash.HashFunc() != crypto.SHA256 {
		return nil, fmt.Errorf("mint: a digest by %s", hash.HashFunc())
	}
	return s.sign(s.ctx, digest)
}
