package idptest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is a relying party of the OIDC provider.
type Client struct {
	ID           string
	Secret       string // empty: a public client, which must use PKCE
	Name         string // on the login page; default: the ID
	RedirectURIs []string
	// PostLogoutRedirectURIs are where end_session may send the browser.
	PostLogoutRedirectURIs []string
}

// GroupsShape is how a provider spells groups. Real ones spell them in all these ways.
type GroupsShape string

// The shapes.
const (
	GroupsArray     GroupsShape = ""          // ["a","b"]; a person without groups has the claim not at all
	GroupsString    GroupsShape = "string"    // "a" where there is one group (AD FS), an array otherwise
	GroupsSeparated GroupsShape = "separated" // "a,b" with OIDCOptions.GroupsSeparator
	GroupsNested    GroupsShape = "nested"    // below OIDCOptions.GroupsPath: {"realm_access":{"roles":[…]}}
	GroupsUserInfo  GroupsShape = "userinfo"  // an array, at UserInfo only
)

// OIDCOptions make an OIDC provider. Issuer is required; the rest has defaults.
type OIDCOptions struct {
	Issuer        string // byte for byte what tokens and discovery say; its path is the provider's root
	Title         string // on the pages; default "Example sign-in"
	Clients       []Client
	People        []Person
	ShowPeople    bool   // list them on the login page, passwords too: for the demo
	Algorithm     string // of ID tokens: RS256 (default) … ES512, PS256 …, EdDSA
	BareKeys      bool   // the JWKS has neither kid nor alg nor use, nor has the token's header
	Now           func() time.Time
	TokenLifetime time.Duration // of ID and access tokens; default 10 minutes

	GroupsClaim     string // default "groups"
	GroupsShape     GroupsShape
	GroupsSeparator string   // for GroupsSeparated; default ","
	GroupsPath      []string // for GroupsNested; default realm_access, roles

	// ResponseIss announces and sends the iss parameter of RFC 9207.
	ResponseIss bool
	// ClientAuth are the token endpoint's methods; default client_secret_basic, client_secret_post and none.
	ClientAuth []string
	// SessionCookie names the cookie of a browser that is signed in; empty keeps no sessions, so that every request asks
	// for the password and prompt=none always fails. Ports of one host share cookies: two providers want two names.
	SessionCookie string
}

// OIDC is an OpenID provider. It is an http.Handler; its paths are below the issuer's.
type OIDC struct {
	*kit
	options OIDCOptions
	routes  map[string]http.HandlerFunc

	keys struct {
		sync.Mutex
		published []*Key // newest first; the first one signs
		stranger  *Key   // a key of nobody we know; nil until it is needed
		jwks      []byte // what is served instead, if set
	}
	grants grants
	// lastToken is the last true ID token of each client, for ReplayedAnswer.
	lastToken sync.Map
}

// NewOIDC makes a provider.
func NewOIDC(options OIDCOptions) (*OIDC, error) {
	k, err := newKit(options.Issuer, cmp.Or(options.Title, "Example sign-in"), options.People, options.Now)
	if err != nil {
		return nil, err
	}
	k.show, k.cookie = options.ShowPeople, options.SessionCookie
	options.Algorithm = cmp.Or(options.Algorithm, "RS256")
	options.GroupsClaim = cmp.Or(options.GroupsClaim, "groups")
	options.GroupsSeparator = cmp.Or(options.GroupsSeparator, ",")
	if options.TokenLifetime == 0 {
		options.TokenLifetime = 10 * time.Minute
	}
	if len(options.GroupsPath) == 0 {
		options.GroupsPath = []string{"realm_access", "roles"}
	}
	if len(options.ClientAuth) == 0 {
		options.ClientAuth = []string{"client_secret_basic", "client_secret_post", "none"}
	}
	o := &OIDC{kit: k, options: options}
	o.options.Clients = slices.Clone(options.Clients)
	o.grants.init()
	if err := o.RotateKey(); err != nil {
		return nil, err
	}
	o.routes = map[string]http.HandlerFunc{
		"/.well-known/openid-configuration": o.discovery,
		"/jwks":                             o.jwks,
		"/stranger-jwks":                    o.strangerJWKS,
		"/authorize":                        o.authorize,
		"/login":                            o.login,
		"/token":                            o.token,
		"/userinfo":                         o.userInfo,
		"/end_session":                      o.endSessionPage,
	}
	return o, nil
}

// ServeHTTP serves the provider.
func (o *OIDC) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.serve(w, r, o.routes) }

// Issuer is the issuer, byte for byte.
func (o *OIDC) Issuer() string { return o.options.Issuer }

// AddClient registers a further relying party, or replaces one of the same ID.
func (o *OIDC) AddClient(c Client) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.options.Clients = slices.DeleteFunc(o.options.Clients, func(old Client) bool { return old.ID == c.ID })
	o.options.Clients = append(o.options.Clients, c)
}

func (o *OIDC) client(id string) (Client, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.options.Clients {
		if c.ID == id {
			return c, true
		}
	}
	return Client{}, false
}

// RotateKey makes a new signing key. The one before stays in the JWKS, older ones go.
func (o *OIDC) RotateKey() error {
	key, err := newKey(o.options.Algorithm)
	if err != nil {
		return err
	}
	o.keys.Lock()
	defer o.keys.Unlock()
	o.keys.published = append([]*Key{key}, o.keys.published...)
	if len(o.keys.published) > 2 {
		o.keys.published = o.keys.published[:2]
	}
	return nil
}

// RemoveOldKeys takes all keys but the signing one out of the JWKS.
func (o *OIDC) RemoveOldKeys() {
	o.keys.Lock()
	defer o.keys.Unlock()
	o.keys.published = o.keys.published[:1]
}

// Keys are the published keys, the signing one first.
func (o *OIDC) Keys() []*Key {
	o.keys.Lock()
	defer o.keys.Unlock()
	return slices.Clone(o.keys.published)
}

// Stranger is a key that the provider never published.
func (o *OIDC) Stranger() *Key {
	o.keys.Lock()
	defer o.keys.Unlock()
	if o.keys.stranger == nil {
		key, err := newKey(o.options.Algorithm)
		if err != nil {
			panic(err) // the same kind of key was made at the start
		}
		o.keys.stranger = key
	}
	return o.keys.stranger
}

// SetJWKS serves this document as the JWKS from now on; nil serves the true one again.
func (o *OIDC) SetJWKS(document []byte) {
	o.keys.Lock()
	defer o.keys.Unlock()
	o.keys.jwks = document
}

// JWKS is the true key set (RFC 7517 §5).
func (o *OIDC) JWKS() []byte { return keySet(o.Keys(), o.options.BareKeys) }

func keySet(keys []*Key, bare bool) []byte {
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.public(bare))
	}
	out, err := json.Marshal(set)
	if err != nil {
		panic(fmt.Errorf("idptest: %w", err)) // keys that we made ourselves
	}
	return out
}

func (o *OIDC) jwks(w http.ResponseWriter, _ *http.Request) {
	o.keys.Lock()
	document := o.keys.jwks
	o.keys.Unlock()
	if document == nil {
		document = o.JWKS()
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Write(document)
}

func (o *OIDC) strangerJWKS(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Write(keySet([]*Key{o.Stranger()}, false))
}

// discovery is OIDC Discovery §3, and RFC 9207 §3 for the iss parameter.
func (o *OIDC) discovery(w http.ResponseWriter, _ *http.Request) {
	lies := o.told()
	document := map[string]any{
		"issuer":                                o.options.Issuer,
		"authorization_endpoint":                o.base + "/authorize",
		"token_endpoint":                        o.base + "/token",
		"userinfo_endpoint":                     o.base + "/userinfo",
		"end_session_endpoint":                  o.base + "/end_session",
		"jwks_uri":                              o.base + "/jwks",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{o.options.Algorithm},
		"token_endpoint_auth_methods_supported": o.options.ClientAuth,
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "email", "profile", "groups"},
		"prompt_values_supported":               []string{"none", "login"},
	}
	if o.options.ResponseIss {
		document["authorization_response_iss_parameter_supported"] = true
	}
	if lies[DiscoveryIssuer] {
		document["issuer"] = o.options.Issuer + "/other"
	}
	if lies[DiscoveryAlgorithms] {
		document["id_token_signing_alg_values_supported"] = []string{"none", "HS256", o.options.Algorithm}
	}
	writeJSON(w, http.StatusOK, document)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
