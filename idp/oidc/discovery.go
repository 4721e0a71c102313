package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/fedbridge/fedbridge/bridge"
)

// How long a discovery document lives.
const (
	discoveryDue   = time.Hour       // an older one is fetched again in the background
	discoveryRetry = 5 * time.Second // between attempts while there is none
	discoveryWait  = 5 * time.Second // for one fetch
)

// document is what is used of a discovery document (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3).
type document struct {
	endpoint oauth2.Endpoint
	jwksURI  string
	userInfo string
	// answerNamesIssuer: the provider announced that authorization responses carry iss.
	answerNamesIssuer bool
	fetched           time.Time
}

type metadata struct {
	Issuer      string   `json:"issuer"`
	JWKSURI     string   `json:"jwks_uri"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	Challenges  []string `json:"code_challenge_methods_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovery keeps the document: fetched when it is first needed, and kept while the provider is down.
type discovery struct {
	config Config
	issuer issuerURL
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	flight singleflight.Group

	mu      sync.Mutex
	doc     *document
	tried   time.Time
	failure error
}

// get gives the document, fetching it when there is none.
func (d *discovery) get(ctx context.Context) (*document, error) {
	d.mu.Lock()
	doc, tried, failure := d.doc, d.tried, d.failure
	d.mu.Unlock()
	now := d.now()
	recently := failure != nil && now.Sub(tried) >= 0 && now.Sub(tried) < discoveryRetry
	if doc != nil {
		if now.Sub(doc.fetched) > discoveryDue && !recently {
			go d.refresh(context.WithoutCancel(ctx))
		}
		return doc, nil
	}
	if recently {
		return nil, failure
	}
	if err := d.refresh(ctx); err != nil {
		return nil, err
	}
	return d.latest(), nil
}

func (d *discovery) latest() *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.doc
}

// refresh fetches the document; all callers share one fetch. The last good one stays when it fails.
func (d *discovery) refresh(ctx context.Context) error {
	done := d.flight.DoChan("discovery", func() (any, error) {
		fetchCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryWait)
		defer cancel()
		doc, err := safely(fetchCtx, d.log, func() (*document, error) { return d.fetch(fetchCtx) })
		d.mu.Lock()
		defer d.mu.Unlock()
		d.tried, d.failure = d.now(), err
		if err != nil {
			d.log.LogAttrs(ctx, slog.LevelWarn, "discovery document could not be fetched", slog.Any("error", err))
			return nil, err
		}
		d.doc = doc
		return nil, nil
	})
	if err := shared(ctx, done); err != nil {
		return unreachable(ctx, "discovery", err)
	}
	return nil
}

func (d *discovery) fetch(ctx context.Context) (*document, error) {
	ctx = gooidc.ClientContext(ctx, d.client)
	if d.issuer.template != "" {
		// Entra's shared documents name a template instead of their own issuer. go-oidc's comparison is therefore made
		// below, against that template and the admitted tenants.
		ctx = gooidc.InsecureIssuerURLContext(ctx, d.issuer.text)
	}
	provider, err := gooidc.NewProvider(ctx, d.issuer.text)
	if mismatch, ok := errors.AsType[*gooidc.IssuerMismatchError](err); ok {
		return nil, misconfigured("discovery: issuer is %s, the configuration says %s; write it exactly as the provider does",
			quote(mismatch.Discovered), quote(d.issuer.text))
	}
	if err != nil {
		return nil, discoveryFault(ctx, err)
	}
	var m metadata
	if err := provider.Claims(&m); err != nil {
		return nil, misconfigured("discovery: %w", err)
	}
	// OpenID Connect Discovery §4.3: issuer MUST be exactly the one that was asked.
	if !d.issuer.names(m.Issuer, d.config.Tenants) {
		return nil, misconfigured("discovery: issuer is %s, the configuration says %s", quote(m.Issuer), quote(d.issuer.text))
	}
	doc := &document{
		endpoint: provider.Endpoint(), jwksURI: m.JWKSURI, userInfo: provider.UserInfoEndpoint(),
		answerNamesIssuer: m.NamesIssuer, fetched: d.now(),
	}
	if err := d.check(doc, m); err != nil {
		return nil, bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("oidc: %w", err))
	}
	return doc, nil
}

// discoveryFault: a document that isn't where the configuration points is a wrong setting; all else is an outage.
func discoveryFault(ctx context.Context, err error) error {
	text := err.Error()
	for _, status := range []string{"400 ", "401 ", "403 ", "404 ", "410 "} {
		if strings.HasPrefix(text, status) {
			return misconfigured("discovery: %s", quote(text))
		}
	}
	if _, ok := errors.AsType[*statusError](err); !ok && len(text) > 300 {
		err = errors.New(quote(text)) // go-oidc puts the whole body into its error
	}
	return unreachable(ctx, "discovery", err)
}

// check refuses a document that asks us to do what we don't do.
func (d *discovery) check(doc *document, m metadata) error {
	endpoints := []struct{ name, url string }{
		{"authorization_endpoint", doc.endpoint.AuthURL}, {"token_endpoint", doc.endpoint.TokenURL}, {"jwks_uri", doc.jwksURI},
	}
	if d.config.UserInfo {
		endpoints = append(endpoints, struct{ name, url string }{"userinfo_endpoint", doc.userInfo})
	}
	for _, e := range endpoints {
		if err := d.issuer.endpoint(e.name, e.url); err != nil {
			return err
		}
	}
	// The configured list decides (threat O1); that the provider announces none of it is only worth a clear word.
	announces := func(alg string) bool { return slices.Contains(m.Algorithms, alg) }
	if len(m.Algorithms) > 0 && !slices.ContainsFunc(d.config.algorithms(), announces) {
		return fmt.Errorf("discovery: the provider signs with %s; the configuration accepts %s",
			quote(strings.Join(m.Algorithms, " ")), strings.Join(d.config.algorithms(), " "))
	}
	// RFC 8414 §2: a provider that announces no method has no PKCE. A public client has nothing else that ties the code
	// to it; a confidential one has its secret and the nonce (threat O14; OAuth 2.0 Security BCP, RFC 9700 §2.1.1).
	if d.config.Public() && !slices.Contains(m.Challenges, "S256") {
		return fmt.Errorf("discovery: the provider doesn't announce PKCE with S256, and fedbridge has no client_secret there")
	}
	style, err := d.authStyle(m.AuthMethods)
	doc.endpoint.AuthStyle = style
	return err
}

// authStyle chooses how the client authenticates. It is never tried out: a code can be used once.
func (d *discovery) authStyle(announced []string) (oauth2.AuthStyle, error) {
	method := d.config.TokenEndpointAuth
	switch {
	case d.config.Public():
		return oauth2.AuthStyleInParams, nil // client_id alone
	case method != "":
	case len(announced) == 0 || slices.Contains(announced, AuthBasic):
		method = AuthBasic // the default of OpenID Connect Discovery §3
	case slices.Contains(announced, AuthPost):
		method = AuthPost
	default:
		return 0, fmt.Errorf("discovery: the token endpoint takes %s; fedbridge speaks %s and %s",
			quote(strings.Join(announced, " ")), AuthBasic, AuthPost)
	}
	if method == AuthPost {
		return oauth2.AuthStyleInParams, nil
	}
	return oauth2.AuthStyleInHeader, nil
}
