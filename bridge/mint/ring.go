package mint

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// The algorithms of ID tokens; SAML is always RS256.
const (
	RS256 = "RS256" // RSA of 2048 to 4096 bits, PKCS #1 v1.5, SHA-256
	ES256 = "ES256" // P-256, SHA-256
)

// RingConfig says whose keys a Ring keeps, and where.
type RingConfig struct {
	Issuer    string // issuer URL, without a slash at its end
	Algorithm string // of new token keys: ES256, the default, or RS256

	// Keys of ID tokens are files in Dir, which the Ring makes, or are in KMS: ARNs in the order of rotation.
	Dir string
	KMS []string
	// Keys of SAML, likewise; without either there are none, and nothing of SAML is published.
	SAMLDir string
	SAMLKMS []string
	// Signer is asked for KMS keys; it may be nil where there are none.
	Signer KMS

	// SignInURL is where people sign in, for the SAML metadata; "" for the issuer itself.
	SignInURL string

	State        State
	Rotate       time.Duration // age at which a token key is replaced by itself; 0 for never
	PublishAhead time.Duration // how long a next key is published before it may sign
	// ReadOnly makes no key and changes nothing: for looking at a configuration that may not be served yet.
	ReadOnly bool

	Audit bridge.AuditLog   // keys that were made, took over, or were retired
	Log   *slog.Logger      // default: none
	Now   func() time.Time  // default: time.Now
	HTTP  http.RoundTripper // reads the published keys back; default: one of its own
}

// Check tells what is wrong with the configuration, without touching anything.
func (c RingConfig) Check() []bridge.Problem { return nil }

// Ring keeps the issuer's keys. It is safe for concurrent use, and agrees with every other Ring on the same State.
type Ring struct{}

var _ Keys = (*Ring)(nil)

var errNotBuilt = bridge.Fail(bridge.CodeIssuerKey, errors.New("mint: no keys yet"))

// OpenRing reads the record, and makes the first keys where there are none. It fails where the directory or a file in it
// is not fit to hold keys, and where the State can't be asked; a KMS that doesn't answer is asked again by Step.
func OpenRing(ctx context.Context, c RingConfig) (*Ring, error) { return &Ring{}, nil }

// Current gives the key that signs now: see Keys.
func (r *Ring) Current(use Use) (Key, error) { return Key{}, errNotBuilt }

// Documents gives what is published now.
func (r *Ring) Documents() Documents { return Documents{} }

// Ready tells why nothing can be signed for a use that has keys configured; nil when all is well. It asks nobody.
func (r *Ring) Ready(context.Context) error { return errNotBuilt }

// Run keeps the Ring in step with the record and does what is due, until ctx ends.
func (r *Ring) Run(ctx context.Context) { <-ctx.Done() }

// Step reads the record, and takes the steps that are due: makes a key, reads it back, lets it take over, retires one.
func (r *Ring) Step(ctx context.Context) error { return errNotBuilt }
