package idptest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// NameID formats (SAML Core §8.3).
const (
	NameIDPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// AWSAudience is the audience that AWS's sign-in expects.
const AWSAudience = "urn:amazon:webservices"

// Signs says what of an answer is signed.
type Signs string

// What may be signed. Real identity providers do all three.
const (
	SignAssertion Signs = "" // the default
	SignResponse  Signs = "response"
	SignBoth      Signs = "both"
)

// KeyKind is a kind of signing key.
type KeyKind string

// The kinds of key. An ECDSA signature is r and s side by side, as XML Signature wants it (RFC 4050 §3.3).
const (
	KeyRSA   KeyKind = "" // 2048 bits, the default
	KeyECDSA KeyKind = "ecdsa"
)

// SP is a service provider that the identity provider knows.
type SP struct {
	EntityID string
	Name     string   // on the login page; default: the entity id
	ACS      []string // by HTTP-POST; the first is the default
	// SigningCertificates verify its requests. Where there are any, a signature that is there must be right.
	SigningCertificates []*x509.Certificate
	// EncryptionCertificate is whom assertions are encrypted for (RSA).
	EncryptionCertificate *x509.Certificate
}

// AttributeNames are the names under which a person's fields are sent; "-" leaves one out.
type AttributeNames struct{ Email, Name, Groups string }

// SAMLOptions make a SAML identity provider. URL is required; the rest has defaults.
type SAMLOptions struct {
	URL      string // of the root
	EntityID string // default: URL/metadata
	Title    string // on the pages; default "Example Corp sign-in"
	SPs      []SP
	People   []Person
	// ShowPeople lists them on the login page, passwords too: for the demo.
	ShowPeople bool
	Key        KeyKind
	// SecondKey publishes the next key too, as during a rollover. RotateKey goes on to it.
	SecondKey bool
	Sign      Signs
	Encrypt   Encryption
	// WantSignedRequests announces WantAuthnRequestsSigned and refuses requests without a signature.
	WantSignedRequests bool

	NameIDFormat string         // where the request asks for none; default persistent
	Attributes   AttributeNames // default mail, displayName, memberOf
	// FriendlyNames adds FriendlyName to attributes.
	FriendlyNames bool
	// Audiences stand beside the SP's entity id in the AudienceRestriction, AWSAudience for instance.
	Audiences []string

	Lifetime        time.Duration // of an answer; default 5 minutes
	SessionLifetime time.Duration // until SessionNotOnOrAfter; default 8 hours; negative leaves it out
	// MetadataLifetime is until validUntil; default 7 days; negative leaves it out.
	MetadataLifetime time.Duration
	// SessionCookie names the cookie of a browser that is signed in; empty keeps no sessions. Ports of one host share
	// cookies: two providers want two names.
	SessionCookie string
	Now           func() time.Time
}

// SAML is a SAML 2.0 identity provider. It is an http.Handler; its paths are /metadata, /sso, /start (begins a sign-in
// at the provider: ?sp=ENTITY_ID) and /login.
type SAML struct {
	*kit
	options SAMLOptions
	routes  map[string]http.HandlerFunc

	keys struct {
		sync.Mutex
		current  *Pair
		next     *Pair // nil until it is needed
		stranger *Pair // nil until it is needed
	}
	pending struct {
		sync.Mutex
		asked map[string]AuthnRequest
	}
	// last is the last true answer to each SP, for ReplayedAnswer.
	last sync.Map
}

// Pair is a key and its certificate.
type Pair struct {
	Key         crypto.Signer
	Certificate *x509.Certificate
}

func newPair(kind KeyKind, name string, now time.Time) (*Pair, error) {
	var key crypto.Signer
	var err error
	switch kind {
	case KeyRSA:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case KeyECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("%q is not a kind of key", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("idptest: make a key: %w", err)
	}
	cert, err := selfSign(key, name, now)
	if err != nil {
		return nil, err
	}
	return &Pair{key, cert}, nil
}

// NewSAML makes an identity provider.
func NewSAML(options SAMLOptions) (*SAML, error) {
	k, err := newKit(options.URL, cmp.Or(options.Title, "Example Corp sign-in"), options.People, options.Now)
	if err != nil {
		return nil, err
	}
	k.show, k.cookie = options.ShowPeople, options.SessionCookie
	if err := options.fill(k.base); err != nil {
		return nil, err
	}
	s := &SAML{kit: k, options: options}
	s.options.SPs = slices.Clone(options.SPs)
	s.pending.asked = map[string]AuthnRequest{}
	if s.keys.current, err = newPair(options.Key, "signing", k.now()); err != nil {
		return nil, err
	}
	if options.SecondKey {
		if s.keys.next, err = newPair(options.Key, "next signing", k.now()); err != nil {
			return nil, err
		}
	}
	s.routes = map[string]http.HandlerFunc{
		"/metadata": s.metadata,
		"/sso":      s.sso,
		"/start":    s.start,
		"/login":    s.login,
		"/logout":   s.logout,
	}
	return s, nil
}

// fill sets the defaults.
func (o *SAMLOptions) fill(base string) error {
	o.EntityID = cmp.Or(o.EntityID, base+"/metadata")
	o.NameIDFormat = cmp.Or(o.NameIDFormat, NameIDPersistent)
	o.Attributes.Email = cmp.Or(o.Attributes.Email, "mail")
	o.Attributes.Name = cmp.Or(o.Attributes.Name, "displayName")
	o.Attributes.Groups = cmp.Or(o.Attributes.Groups, "memberOf")
	o.Lifetime = cmp.Or(o.Lifetime, 5*time.Minute)
	o.SessionLifetime = cmp.Or(o.SessionLifetime, 8*time.Hour)
	o.MetadataLifetime = cmp.Or(o.MetadataLifetime, 7*24*time.Hour)
	return o.Encrypt.check()
}

// ServeHTTP serves the provider.
func (s *SAML) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.routes) }

// EntityID names the provider.
func (s *SAML) EntityID() string { return s.options.EntityID }

// MetadataURL is where the metadata is.
func (s *SAML) MetadataURL() string { return s.base + "/metadata" }

// SSOURL is where requests go.
func (s *SAML) SSOURL() string { return s.base + "/sso" }

// StartURL begins a sign-in at the provider, as a dashboard tile does.
func (s *SAML) StartURL() string { return s.base + "/start" }

// AddSP registers a further service provider, or replaces one of the same entity id.
func (s *SAML) AddSP(sp SP) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.SPs = slices.DeleteFunc(s.options.SPs, func(old SP) bool { return old.EntityID == sp.EntityID })
	s.options.SPs = append(s.options.SPs, sp)
}

func (s *SAML) sp(entityID string) (SP, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sp := range s.options.SPs {
		if sp.EntityID == entityID {
			return sp, true
		}
	}
	return SP{}, false
}

// RotateKey signs by the next key from now on. With SecondKey the metadata showed that key all along, and shows yet
// another one beside it from now on. The key before is gone from the metadata.
func (s *SAML) RotateKey() error {
	fresh, err := newPair(s.options.Key, "next signing", s.now())
	if err != nil {
		return err
	}
	s.keys.Lock()
	defer s.keys.Unlock()
	if s.options.SecondKey {
		s.keys.current, s.keys.next = s.keys.next, fresh
	} else {
		s.keys.current = fresh
	}
	return nil
}

// Keys are the key that signs, and the next one, which is nil without SecondKey.
func (s *SAML) Keys() (current, next *Pair) {
	s.keys.Lock()
	defer s.keys.Unlock()
	return s.keys.current, s.keys.next
}

// Certificate is the current signing certificate.
func (s *SAML) Certificate() *x509.Certificate {
	current, _ := s.Keys()
	return current.Certificate
}

// Stranger is a key of nobody: the provider never published it.
func (s *SAML) Stranger() *Pair {
	s.keys.Lock()
	defer s.keys.Unlock()
	if s.keys.stranger == nil {
		pair, err := newPair(s.options.Key, "stranger", s.now())
		if err != nil {
			panic(err) // the same kind of key was made at the start
		}
		s.keys.stranger = pair
	}
	return s.keys.stranger
}
