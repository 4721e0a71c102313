package idp

import (
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Common is what the configuration of every kind of provider has.
type Common struct {
	Name    string   `yaml:"name" doc:"Short name, used in URLs and rules: 1 to 32 of a-z, 0-9 and -." example:"corp"`
	Kind    Kind     `yaml:"kind" doc:"Protocol: saml or oidc." example:"saml"`
	Label   string   `yaml:"label,omitempty" doc:"What people read on the sign-in page. Default: the name." example:"Example Corp"`
	Domains []string `yaml:"domains,omitempty" doc:"E-mail domains whose people belong to this provider; the sign-in page sends them here." example:"[example.com]"`
}

var providerName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Check reports faults of the common part. Paths are relative to the provider.
func (c Common) Check() []bridge.Problem {
	var problems []bridge.Problem
	if !providerName.MatchString(c.Name) {
		problems = append(problems, bridge.Problemf("name",
			"%q: a provider's name has 1 to 32 of a-z, 0-9 and -, and begins and ends with a letter or digit", c.Name))
	}
	return problems
}

// DisplayLabel is the label, or the name where there is none.
func (c Common) DisplayLabel() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Name
}

// Deps are what a provider needs from the rest of fedbridge when it is opened.
type Deps struct {
	// BaseURL is server.url without a trailing slash: redirect URIs, ACS and entity ids are made from it, never from a
	// request (threat W15).
	BaseURL string
	Replay  ReplayGuard
	Audit   bridge.AuditLog // trust events: new certificates, new keys
	Log     *slog.Logger
	Now     func() time.Time
	// Transport carries every request to the provider. nil means a transport with bounded dial, handshake and header
	// times. Redirects are never followed.
	Transport http.RoundTripper
}

// Opener is a provider's configuration, checked: what every kind's Config is.
type Opener interface {
	// Check is pure: it reports every fault at once, and touches neither network nor files nor environment.
	Check() []bridge.Problem
	// Open reads secrets and files and makes the provider. It doesn't wait for the network.
	Open(deps Deps) (IdentityProvider, error)
}

// UnverifiedReader is a provider's Config that can tell what an answer would mean if it were genuine. It checks nothing:
// whoever calls it must grant nothing on the strength of the result. Only `fedbridge explain` does, for an operator who
// has a file.
type UnverifiedReader interface {
	InsecureReadUnverified(answer []byte) (bridge.Identity, error)
}
