package mint

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	// Elapsed is a clock that nobody can set. Default: the monotonic clock, which Go's times carry along; a Now whose times
	// lack it (they were rounded, or made up) can't be seen to jump.
	Elapsed func() time.Duration
}

// Minter is a bridge.Minter. It is safe for concurrent use and keeps nothing of what it made.
type Minter struct {
	config Config
	clock  *clock
	macs   *sync.Pool
	header atomic.Pointer[tokenHeader] // of the token key that signed last
	info   atomic.Pointer[keyInfo]     // of the SAML key that signed last
}

// New checks the configuration. It touches neither disk nor network.
func New(c Config) (*Minter, error) {
	c.EntityID = cmp.Or(c.EntityID, c.Issuer+metadataPath)
	c.Steady = cmp.Or(c.Steady, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.Issuer == "" || len(c.Issuer) > 255 || !xmlText(c.Issuer):
		return nil, errors.New("mint: the issuer needs 1 to 255 characters of text")
	case len(c.EntityID) > 1024 || !xmlText(c.EntityID): // SAML Core §8.3.6
		return nil, errors.New("mint: the entity id needs 1 to 1,024 characters of text")
	case c.Keys == nil:
		return nil, errors.New("mint: no keys")
	case len(c.SubjectKey) < 32:
		return nil, fmt.Errorf("mint: the key of subjects has %d bytes: it needs 32", len(c.SubjectKey))
	case c.Steady < 0:
		return nil, errors.New("mint: the clock can't be steady for less than no time")
	}
	for name, certificate := range c.Encryption {
		if certificate == nil {
			return nil, fmt.Errorf("mint: encryption certificate %s is missing", name)
		}
		if public, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || public.N.BitLen() < 2048 {
			return nil, fmt.Errorf("mint: encryption certificate %s: needs an RSA key of 2048 bits or more", name)
		}
	}
	c.SubjectKey = bytes.Clone(c.SubjectKey)
	return &Minter{config: c, clock: newClock(c), macs: newMACs(c.SubjectKey)}, nil
}

// Mint makes the kind of proof that the role asks for. See bridge.Minter.
func (m *Minter) Mint(ctx context.Context, req bridge.MintRequest) (bridge.Proof, error) {
	if err := check(req); err != nil {
		return bridge.Proof{}, err
	}
	now, err := m.clock.now()
	if err != nil {
		return bridge.Proof{}, err
	}
	if req.Role.Mint == bridge.ProofSAML {
		return m.response(ctx, req, now)
	}
	return m.token(ctx, req, now)
}

// ClockError tells why nothing is minted because of the clock; nil where it can be trusted. Called regularly, it notices
// a jump when it happens and not at the next sign-in.
func (m *Minter) ClockError() error {
	_, err := m.clock.now()
	return err
}

// sign asks the key. An error without a code of ours is the key's.
func sign(ctx context.Context, key Key, digest []byte) ([]byte, error) {
	signature, err := key.Sign(ctx, digest)
	if err == nil {
		return signature, nil
	}
	err = fmt.Errorf("mint: key %s: %w", key.ID, err)
	if bridge.CodeOf(err) == bridge.CodeInternal {
		return nil, bridge.Fail(bridge.CodeIssuerKey, err)
	}
	return nil, err
}

// unfit is what can't be minted. The detail is for the person, and holds no claim's value.
func unfit(role bridge.Role, detail string) error {
	return bridge.FailWith(bridge.CodeIssuerMint, detail, fmt.Errorf("mint: role %s", role.Key))
}
