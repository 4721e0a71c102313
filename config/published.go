package config

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fedbridge/fedbridge/bridge/mint"
)

const (
	maxPublished  = 1 << 20
	publishedWait = 10 * time.Second
)

// askKeys tells whether something can be signed, or could be as soon as serve has made keys. A key in KMS is asked for
// itself: it must be there, and of the kind that is configured.
func (w *World) askKeys(ctx context.Context) error {
	i, kms := w.File.Issuer, w.signer
	var all []error
	for _, arn := range i.KMSKeys() {
		all = append(all, askKMS(ctx, kms, arn, i.AlgorithmOrDefault()))
	}
	for _, arn := range i.SAMLKMSKeys() {
		all = append(all, askKMS(ctx, kms, arn, mint.RS256))
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	if w.readOnly {
		if keys, err := w.Keys.List(ctx); err == nil && len(keys) == 0 {
			return nil
		}
	}
	return w.Keys.Ready(ctx)
}

func askKMS(ctx context.Context, kms mint.KMS, arn, algorithm string) error {
	public, err := kms.PublicKey(ctx, arn)
	if err != nil {
		return err
	}
	if !signsBy(public, algorithm) {
		spec := map[string]string{mint.ES256: "ECC_NIST_P256", mint.RS256: "RSA_2048"}[algorithm]
		return fmt.Errorf("%s can't sign by %s: make a key with KeySpec %s and KeyUsage SIGN_VERIFY", arn, algorithm, spec)
	}
	return nil
}

func signsBy(public crypto.PublicKey, algorithm string) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return algorithm == mint.RS256 && key.N.BitLen() >= 2048 && key.N.BitLen() <= 4096
	case *ecdsa.PublicKey:
		return algorithm == mint.ES256 && key.Curve == elliptic.P256()
	}
	return false
}

// ErrNotYet says that there is nothing to ask before fedbridge has served for the first time.
var ErrNotYet = errors.New("not yet")

// askIssuer reads what is published, as AWS would, and holds it against what fedbridge would publish.
func (w *World) askIssuer(ctx context.Context) error {
	own, issuer := w.Keys.Documents(), w.File.Issuer.URL
	if own.JWKS == nil {
		return fmt.Errorf("%w: `fedbridge serve` makes the first keys and publishes them", ErrNotYet)
	}
	client := &http.Client{
		Transport: w.http, Timeout: publishedWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var all []error
	for _, d := range []struct {
		path string
		want []byte
	}{
		{"/.well-known/openid-configuration", own.Discovery}, {"/jwks", own.JWKS}, {"/saml/metadata", own.Metadata},
	} {
		if d.want != nil {
			all = append(all, readBack(ctx, client, issuer+d.path, d.want))
		}
	}
	return errors.Join(all...)
}

func readBack(ctx context.Context, client *http.Client, at string, want []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err // names the address
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers with status %d: AWS needs 200, and follows no redirect", at, answer.StatusCode)
	}
	have, err := io.ReadAll(io.LimitReader(answer.Body, maxPublished+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", at, err)
	case !bytes.Equal(have, want):
		return fmt.Errorf("%s has another document than fedbridge publishes: let the address lead to serve, or publish what `fedbridge issuer export` writes; after a rotation a cache may be behind for some minutes", at)
	}
	return nil
}
