package idp

import (
	"context"
	"net/url"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Kind is a sign-in protocol.
type Kind string

// The kinds that are built.
const (
	KindSAML Kind = "saml"
	KindOIDC Kind = "oidc"
)

// Info is what a door may know about a provider without speaking its protocol.
type Info struct {
	Name    string // [a-z0-9-], in URLs
	Kind    Kind
	Label   string   // for people
	Domains []string // e-mail domains whose people belong here, lower case
	// Issuer is what a link may name instead of the provider (?iss=, OIDC Core §4); "" when it isn't known before the
	// provider was asked.
	Issuer string
	// CrossSite tells that the answer arrives as a POST from the provider's site, from which browsers withhold
	// SameSite=Lax cookies: the pending login's cookie must be SameSite=None; Secure.
	CrossSite bool
	// FormHosts are origins (scheme://host[:port]) that Begin may hand a form to; the page's CSP form-action names them.
	FormHosts []string
}

// IdentityProvider signs people in. Implementations are safe for concurrent use; they fetch what they need from the
// network lazily, within bounded time, and keep the last good copy.
type IdentityProvider interface {
	// Info never blocks.
	Info() Info
	// Begin says where to send the browser. It fails with CodeProviderDown when the provider can't be reached.
	Begin(ctx context.Context, login Login) (Challenge, error)
	// Finish verifies the answer to this login and to no other. It MUST refuse an answer of another provider, another
	// login or another audience, an answer that was used before, and everything that it isn't sure of. Errors carry a
	// code of the catalogue.
	Finish(ctx context.Context, login Login, answer Answer) (bridge.Identity, bridge.Proof, error)
}

// Answer is what came back through the browser, as it came: doubled fields are still doubled.
type Answer struct {
	Method string     // GET or POST
	Query  url.Values // of the URL
	Form   url.Values // of an application/x-www-form-urlencoded body; nil for GET
}

// Challenge is where to send the browser.
type Challenge struct {
	URL  string
	Form url.Values // nil: redirect to URL; otherwise a form that posts itself there (SAML Bindings §3.5)
}

// MetadataPublisher is a provider that describes our side to the other (SAML SP metadata).
type MetadataPublisher interface {
	Metadata() (document []byte, contentType string, err error)
}

// Refresher is a provider that keeps a copy of something remote (metadata, keys).
type Refresher interface {
	// Refresh fetches what is due, and returns why it couldn't. The last good copy stays in use.
	Refresh(ctx context.Context) error
	// Status tells, without asking anybody, whether the provider can serve now, and how old its copy is.
	Status() Status
}

// Status is what /readyz says about a provider.
type Status struct {
	Ready   bool
	Fetched time.Time // zero: never
	Problem string    // why it isn't ready, or what will soon be wrong (a certificate about to expire); for operators
}

// UnsolicitedFinisher is a provider that may be configured to take answers which nobody asked for (SAML IdP-initiated
// sign-in, threat P4).
type UnsolicitedFinisher interface {
	// AllowsUnsolicited tells whether the operator configured it.
	AllowsUnsolicited() bool
	// FinishUnsolicited is Finish without a login. It MUST refuse an answer that names a request.
	FinishUnsolicited(ctx context.Context, answer Answer) (bridge.Identity, bridge.Proof, error)
}

// ReplayGuard remembers one-time ids across nodes and restarts, by insert-or-refuse.
type ReplayGuard interface {
	// UseOnce fails with CodeAnswerRejected when (issuer, id) was used before, and with CodeStoreDown when it can't tell.
	// The id is remembered until the time given, which MUST be past the last moment at which the answer would be valid.
	UseOnce(ctx context.Context, issuer, id string, until time.Time) error
}
