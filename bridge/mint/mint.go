package mint

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// metadataPath follows the issuer URL in the default entity id.
const metadataPath = "/saml/metadata"

// Config is what a Minter needs.
type Config struct {
	// Issuer is the issuer URL: iss of ID tokens, exactly as IAM has it (IAM API, CreateOpenIDConnectProvider, Url).
	Issuer string
	// EntityID is the Issuer of SAML responses. Default: the issuer URL and "/saml/metadata".
	EntityID string
	// Keys knows the keys that sign now.
	Keys Keys
	// SubjectKey keys the hash that stands for a person, at least 32 bytes. It must be the same on all nodes and never
	// change: whoever had one sub yesterday has it tomorrow.
	SubjectKey []byte
	// Encryption holds the certificate that each Role.Encryption.Certificate names. A role whose certificate is missing
	// here gets nothing: an assertion never goes out in clear where it should be encrypted.
	Encryption map[string]*x509.Certificate
	// Newest, if set, is the newest time that is known to have passed: a clock that is behind it is wrong. Zero: not known.
	Newest func() time.Time
	// Steady is how long the clock must have run evenly after a jump until something is minted again. Default: a minute.
	Steady time.Duration
	// Now is the wall clock. Default: time.Now.
	Now func() time.Time
	// Elapsed is a clock that nobody can set. Default: the monotonic clock, from the making of the Minter.
	Elapsed func() time.Duration
}

// Minter is a bridge.Minter. It is safe for concurrent use and keeps nothing of what it made.
type Minter struct {
	config Config
}

// New checks the configuration. It touches neither disk nor network.
func New(c Config) (*Minter, error) {
	if c.EntityID == "" {
		c.EntityID = c.Issuer + metadataPath
	}
	if c.Steady <= 0 {
		c.Steady = time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Elapsed == nil {
		start := time.Now()
		c.Elapsed = func() time.Duration { return time.Since(start) }
	}
	switch {
	case c.Issuer == "":
		return nil, errors.New("mint: no issuer")
	case c.Keys == nil:
		return nil, errors.New("mint: no keys")
	case len(c.SubjectKey) < 32:
		return nil, fmt.Errorf("mint: the key of subjects has %d bytes: it needs 32", len(c.SubjectKey))
	}
	for name, certificate := range c.Encryption {
		if public, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || public.N.BitLen() < 2048 {
			return nil, fmt.Errorf("mint: encryption certificate %s: needs an RSA key of 2048 bits or more", name)
		}
	}
	return &Minter{config: c}, nil
}

// Mint makes the role's kind of proof.
func (m *Minter) Mint(_ context.Context, req bridge.MintRequest) (bridge.Proof, error) {
	return bridge.Proof{}, bridge.Fail(bridge.CodeIssuerMint, fmt.Errorf("mint: %s is not minted yet", req.Role.Mint))
}

var _ bridge.Minter = (*Minter)(nil)
