package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// provider is an OIDC provider in use. It is safe for concurrent use.
type provider struct {
	config     Config
	issuer     issuerURL
	secret     bridge.Secret
	redirect   string
	algorithms map[string]algorithm
	names      nameSet // claims whose look-alikes are refused
	client     *http.Client
	discovery  *discovery
	keys       *keySet
	verifier   *gooidc.IDTokenVerifier
	deps       idp.Deps
}

var (
	_ idp.IdentityProvider = (*provider)(nil)
	_ idp.Refresher        = (*provider)(nil)
)

// Open reads the client secret and makes the provider. The network is asked when it is first needed.
func (c Config) Open(deps idp.Deps) (idp.IdentityProvider, error) {
	if problems := c.Check(); len(problems) > 0 {
		return nil, fmt.Errorf("oidc: %s: %s", c.Name, problems[0])
	}
	if deps.BaseURL == "" || deps.Replay == nil {
		return nil, fmt.Errorf("oidc: %s: base URL and replay guard are needed", c.Name)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	deps.Log = deps.Log.With(slog.String("provider", c.Name))
	secret, err := c.ClientSecret.Resolve()
	if err != nil {
		return nil, fmt.Errorf("oidc: %s: client_secret: %w", c.Name, err)
	}
	issuer, err := parseIssuer(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("oidc: %s: issuer %w", c.Name, err)
	}
	p := &provider{
		config: c, issuer: issuer, secret: secret, deps: deps,
		redirect:   strings.TrimSuffix(deps.BaseURL, "/") + "/oidc/" + c.Name + "/callback",
		algorithms: make(map[string]algorithm),
		client:     newClient(deps.Transport, issuer),
	}
	for _, name := range c.algorithms() {
		p.algorithms[name] = algorithms[name]
	}
	p.names = c.readNames()
	p.discovery = &discovery{config: c, issuer: issuer, client: p.client, now: deps.Now, log: deps.Log}
	p.keys = &keySet{fetch: p.fetchKeys, adopt: p.adoptKeys, now: deps.Now, log: deps.Log}
	p.verifier = newVerifier(c, issuer, p.keys, deps.Now)
	return p, nil
}

// readNames are the claims that are read: no look-alike of them is let in.
func (c Config) readNames() nameSet {
	mapped := append([]string{c.Claims.email(), c.Claims.Groups.path()[0]}, c.Claims.name()...)
	return newNameSet(protocolClaims, personalClaims, mapped)
}

// newVerifier sets go-oidc up. What it checks, our own checks repeat or tighten; both must pass.
func newVerifier(c Config, issuer issuerURL, keys gooidc.KeySet, now func() time.Time) *gooidc.IDTokenVerifier {
	return gooidc.NewVerifier(issuer.text, keys, &gooidc.Config{
		ClientID:             c.ClientID,
		SupportedSigningAlgs: c.algorithms(),
		// A multi-tenant token names its tenant's issuer; checkIssuer compares it with the admitted tenants' issuers.
		SkipIssuerCheck: issuer.template != "",
		// go-oidc knows no skew at exp and five minutes at nbf. A clock that is skew slow makes that skew at exp, and
		// (with skew being half of five minutes) the same at nbf.
		Now: func() time.Time { return now().Add(-skew) },
	})
}

// Info implements idp.IdentityProvider.
func (p *provider) Info() idp.Info {
	return idp.Info{
		Name: p.config.Name, Kind: idp.KindOIDC, Label: p.config.DisplayLabel(), Domains: p.config.Domains,
		Issuer: p.config.Issuer, CrossSite: p.config.ResponseMode == ModeFormPost,
	}
}

// Begin implements idp.IdentityProvider: it builds the authentication request (OpenID Connect Core §3.1.2.1).
func (p *provider) Begin(ctx context.Context, login idp.Login) (idp.Challenge, error) {
	if err := p.owns(login); err != nil {
		return idp.Challenge{}, err
	}
	doc, err := p.discovery.get(ctx)
	if err != nil {
		return idp.Challenge{}, err
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(login.Verifier), // RFC 7636 §4.2: always, and never plain
		gooidc.Nonce(login.Nonce),
	}
	set := func(name, value string) { options = append(options, oauth2.SetAuthURLParam(name, value)) }
	if p.config.ResponseMode == ModeFormPost {
		set("response_mode", ModeFormPost)
	}
	if login.Hint != "" {
		set("login_hint", login.Hint)
	}
	if len(p.config.ACRValues) > 0 {
		set("acr_values", strings.Join(p.config.ACRValues, " "))
	}
	if p.config.MaxAge > 0 {
		set("max_age", strconv.Itoa(int(p.config.MaxAge/time.Second)))
	}
	switch {
	case login.Silent:
		set("prompt", "none")
	case login.Fresh:
		// max_age makes auth_time REQUIRED in the answer (§3.1.2.1), so that freshness can be seen.
		set("prompt", "login")
		set("max_age", "0")
	}
	if p.issuer.google && len(p.config.HostedDomains) == 1 {
		set("hd", p.config.HostedDomains[0]) // only narrows Google's account chooser; the claim decides
	}
	return idp.Challenge{URL: p.oauth(doc).AuthCodeURL(login.State, options...)}, nil
}

func (p *provider) oauth(doc *document) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.secret.Reveal(), Endpoint: doc.endpoint,
		RedirectURL: p.redirect, Scopes: p.config.scopes(),
	}
}

// owns tells whether the login is one of ours, whole, and not too old (threats O10, O12).
func (p *provider) owns(login idp.Login) error {
	if login.Provider != p.config.Name {
		return rejected("a login of provider %s came to %s", quote(login.Provider), p.config.Name)
	}
	if len(login.State) < 32 || len(login.Nonce) < 32 || len(login.Verifier) < 43 {
		return rejected("a login without state, nonce or verifier")
	}
	if !p.deps.Now().Before(login.Expires) {
		return bridge.Fail(bridge.CodeLoginStale, fmt.Errorf("oidc: the login ended at %s", login.Expires.Format(time.RFC3339)))
	}
	return nil
}
