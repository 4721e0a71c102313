package mint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

	Audit bridge.AuditLog   // keys that were made, took over, or were retired; nil for none
	Log   *slog.Logger      // default: none
	Now   func() time.Time  // default: time.Now
	HTTP  http.RoundTripper // reads the published keys back; default: one of its own
}

func (c RingConfig) withDefaults() RingConfig {
	if c.Algorithm == "" {
		c.Algorithm = ES256
	}
	if c.SignInURL == "" {
		c.SignInURL = c.Issuer
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// taken are the first segments of paths that other doors have: an issuer below one of them could not be served.
var taken = []string{"login", "logout", "oidc", "saml", "roles", "assets", "go", "whoami", "activity", "token", "sts", "credentials", "device"}

// Check tells what is wrong with the configuration, without touching anything.
func (c RingConfig) Check() []bridge.Problem {
	c = c.withDefaults()
	var problems []bridge.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, bridge.Problemf(field, format, args...))
	}
	u, err := url.Parse(c.Issuer)
	loopback := err == nil && bridge.IsLoopback(u.Hostname())
	switch {
	case err != nil || u.Host == "" || len(c.Issuer) > 255 || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(c.Issuer, "#"):
		add("url", "%.300q is not an issuer: write https://HOST, or https://HOST/PATH, of 255 characters at most", c.Issuer)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback), u.Port() != "" && !loopback:
		add("url", "%q: AWS takes https, without a port", c.Issuer)
	case strings.HasSuffix(c.Issuer, "/") || u.Path != "" && path.Clean(u.Path) != u.Path || u.EscapedPath() != u.Path:
		add("url", "%q: write the path plainly, without a slash at its end", c.Issuer)
	}
	if err == nil {
		if first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/"); slices.Contains(taken, first) {
			add("url", "%q: fedbridge has other pages below /%s: choose another path", c.Issuer, first)
		}
	}
	if c.Algorithm != RS256 && c.Algorithm != ES256 {
		add("algorithm", "%q: write %s or %s", c.Algorithm, ES256, RS256)
	}
	if (c.Dir == "") == (len(c.KMS) == 0) {
		add("keys", "name a directory, or keys in KMS")
	}
	if c.SAMLDir != "" && len(c.SAMLKMS) > 0 {
		add("saml_keys", "name a directory, or keys in KMS, not both")
	}
	if len(c.KMS)+len(c.SAMLKMS) > 0 && c.Signer == nil {
		add("keys", "nobody to ask for keys in KMS")
	}
	for _, arn := range c.SAMLKMS {
		if slices.Contains(c.KMS, arn) {
			add("saml_keys", "%s signs ID tokens: a key has one use", arn)
		}
	}
	if c.State == nil {
		add("", "no state")
	}
	if c.Rotate < 0 || c.PublishAhead < 0 {
		add("rotate", "rotate and publish_ahead are not negative")
	}
	return problems
}

// Ring keeps the issuer's keys. It is safe for concurrent use, and agrees with every other Ring on the same State: all that
// changes is one record, changed by compare-and-swap, and each step leaves a record from which any node goes on.
//
//	next     published; doesn't sign until it was read back, and PublishAhead has passed
//	active   signs
//	old      published until the last token that it signed has ended
//	retired  no longer published, its private key deleted
type Ring struct {
	c     RingConfig
	log   *slog.Logger
	clock *clock
	up    func() time.Duration // a clock that nobody can set
	read  *reader

	view atomic.Pointer[view]

	mu      sync.Mutex // held by whoever changes the record, or what follows
	dirs    map[string]keyDir
	held    map[string]*held         // by id: the private keys that this process can use
	seen    map[string]time.Duration // by id and state: when this process first saw it
	swept   int64                    // version of the record whose retired keys have no file left
	waiting error                    // why the next token key was not read back, last
}

// view is the record as it was read last, and what follows from it. It never changes.
type view struct {
	record  *record
	version int64
	docs    Documents
	current map[Use]current
	at      time.Duration // of up, when it was read
}

type current struct {
	key Key
	err error
}

var _ Keys = (*Ring)(nil)

// OpenRing reads the record, and makes the first keys where there are none. It fails where the directory or a file in it
// is not fit to hold keys, and where the State can't be asked; a KMS that doesn't answer is asked again by Step.
func OpenRing(ctx context.Context, c RingConfig) (*Ring, error) {
	if problems := c.Check(); len(problems) > 0 {
		var all []error
		for _, p := range problems {
			all = append(all, errors.New(p.String()))
		}
		return nil, fmt.Errorf("issuer: %w", errors.Join(all...))
	}
	c = c.withDefaults()
	start := c.Now() // with its monotonic reading, where it has one
	r := &Ring{
		c: c, log: c.Log, read: newReader(c), dirs: map[string]keyDir{}, held: map[string]*held{}, seen: map[string]time.Duration{},
		up: func() time.Duration { return c.Now().Sub(start) },
	}
	r.clock = newClock(Config{Now: c.Now, Elapsed: func() time.Duration { return r.up() }, Steady: time.Minute})
	if err := r.open(ctx); err != nil {
		return nil, fmt.Errorf("issuer: keys: %w", err)
	}
	return r, nil
}

func (r *Ring) open(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, dir := range []*string{&r.c.Dir, &r.c.SAMLDir} {
		if *dir == "" {
			continue
		}
		var err error
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
		if _, err := r.dir(*dir); err != nil {
			return err
		}
	}
	if err := r.refresh(ctx); err != nil {
		return err
	}
	for _, e := range r.view.Load().record.Keys {
		// A file that isn't there may be restored; one that others could have read is not used.
		if err := r.hold(&e); err != nil && e.KMS == "" && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if r.c.ReadOnly {
		return nil
	}
	for _, use := range r.uses() {
		err := r.first(ctx, use)
		if bridge.CodeOf(err) == bridge.CodeIssuerKMS {
			r.log.Warn("there is no signing key yet; fedbridge goes on asking for it", "use", use, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// uses are those that have keys configured.
func (r *Ring) uses() []Use {
	if r.c.SAMLDir == "" && len(r.c.SAMLKMS) == 0 {
		return []Use{UseToken}
	}
	return []Use{UseToken, UseSAML}
}

// Current gives the key that signs now: see Keys.
func (r *Ring) Current(use Use) (Key, error) {
	v := r.view.Load()
	if old := r.up() - v.at; old > behind {
		return Key{}, noKey("the record of keys was read %s ago: a key that signs may be retired by now", old.Round(time.Second))
	}
	now := v.current[use]
	return now.key, now.err
}

// Documents gives what is published now.
func (r *Ring) Documents() Documents { return r.view.Load().docs }

// Ready tells why nothing can be signed for a use that has keys configured; nil when all is well. It asks nobody.
func (r *Ring) Ready(context.Context) error {
	var all []error
	for _, use := range r.uses() {
		_, err := r.Current(use)
		all = append(all, err)
	}
	return errors.Join(all...)
}

func noKey(format string, args ...any) error {
	return bridge.Fail(bridge.CodeIssuerKey, fmt.Errorf("mint: "+format, args...))
}
