package oidc

import (
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
)

// Response modes that can be configured.
const (
	ModeQuery    = "query"
	ModeFormPost = "form_post"
)

// How a confidential client authenticates at the token endpoint (OpenID Connect Core §9).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
)

// Config is an OIDC provider as the operator wrote it.
type Config struct {
	idp.Common `yaml:",inline"`

	Issuer       string           `yaml:"issuer" doc:"Issuer URL, exactly as the provider's discovery document prints it. https; http only on a loopback host." example:"https://sso.example.org/realms/staff"`
	ClientID     string           `yaml:"client_id" doc:"Client id of fedbridge at the provider." example:"fedbridge"`
	ClientSecret bridge.SecretRef `yaml:"client_secret,omitempty" doc:"Where the client secret is: env:NAME or file:PATH. Without one, fedbridge is a public client, and the provider must announce PKCE with S256." example:"env:OIDC_SECRET"`
	Scopes       []string         `yaml:"scopes,omitempty" doc:"Scopes to ask for; openid must be among them. Default: openid, email, profile." example:"[openid, email, profile, groups]"`

	HostedDomains []string `yaml:"hosted_domains,omitempty" doc:"Google Workspace domains (claim hd) whose people are admitted. Needed for https://accounts.google.com." example:"[example.com]"`
	Tenants       []string `yaml:"tenants,omitempty" doc:"Entra tenant ids (claim tid) whose people are admitted. Needed for the issuers common, organizations and consumers." example:"[9b6b2f3e-5d0c-4c4e-8f56-3b8ad2f1c001]"`
	EmailTrusted  bool     `yaml:"email_trusted,omitempty" doc:"The provider owns the e-mail domains it asserts and sends no email_verified (Entra). An explicit email_verified: false is still minded. Default: false." example:"true"`

	ResponseMode string   `yaml:"response_mode,omitempty" doc:"How the answer comes back: query (default), or form_post, which Apple needs." example:"form_post"`
	Algorithms   []string `yaml:"algorithms,omitempty" doc:"Signature algorithms that are accepted: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. Discovery never adds to them. Default: RS256." example:"[RS256, ES256]"`

	UserInfo bool  `yaml:"userinfo,omitempty" doc:"Also ask the UserInfo endpoint. It must speak of the same subject; where both say something, the ID token wins. Default: false." example:"true"`
	Claims   Names `yaml:"claims,omitempty" doc:"Which claims are e-mail, name and groups."`

	Audiences         []string      `yaml:"audiences,omitempty" doc:"Audiences that an ID token may name beside client_id. Default: none." example:"[account]"`
	AuthorizedParties []string      `yaml:"authorized_parties,omitempty" doc:"Clients beside client_id that may be the authorised party (claim azp). Default: none."`
	TokenEndpointAuth string        `yaml:"token_endpoint_auth_method,omitempty" doc:"client_secret_basic or client_secret_post. Default: what the provider announces, client_secret_basic first." example:"client_secret_post"`
	ACRValues         []string      `yaml:"acr_values,omitempty" doc:"Authentication context classes to ask for; an answer with none of them (claim acr) is refused." example:"[urn:example:mfa]"`
	MaxAge            time.Duration `yaml:"max_age,omitempty" doc:"How long ago the person may have proved presence at the provider; an answer without auth_time is then refused. Default: no limit." example:"8h"`
}

// Names says which claims become the parts of an Identity that people and rules read.
type Names struct {
	Email  string `yaml:"email,omitempty" doc:"Claim that holds the e-mail address. It counts only when email_verified is true, or with email_trusted. Default: email." example:"email"`
	Name   string `yaml:"name,omitempty" doc:"Claim that holds the name for people to read. Default: name, then preferred_username, then upn." example:"name"`
	Groups Groups `yaml:"groups,omitempty" doc:"Claim that holds the groups: a claim's name, {claim: groups, separator: ','} for one text that lists them, or {path: [realm_access, roles]} for a nested claim. Default: groups." example:"groups"`
}

// Groups says where the groups are: in one claim, or below a path of nested objects.
type Groups struct {
	Claim     string   `yaml:"claim,omitempty" doc:"Name of the claim." example:"groups"`
	Separator string   `yaml:"separator,omitempty" doc:"What divides the groups where the claim is one text. Default: a text is one group." example:"','"`
	Path      []string `yaml:"path,omitempty" doc:"Names from the outermost object inwards, instead of claim." example:"[realm_access, roles]"`
}

// UnmarshalYAML takes a claim's name, or the long form.
func (g *Groups) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if unmarshal(&name) == nil {
		*g = Groups{Claim: name}
		return nil
	}
	type long Groups
	var l long
	if err := unmarshal(&l); err != nil {
		return err
	}
	*g = Groups(l)
	return nil
}

// MarshalYAML writes the short form where it says everything.
func (g Groups) MarshalYAML() (any, error) {
	if g.Separator == "" && len(g.Path) == 0 {
		return g.Claim, nil
	}
	type long Groups
	return long(g), nil
}

// JSONSchema describes both forms.
func (Groups) JSONSchema() map[string]any {
	text := map[string]any{"type": "string", "minLength": 1}
	return map[string]any{"oneOf": []any{text, map[string]any{
		"type": "object", "additionalProperties": false, "minProperties": 1,
		"properties": map[string]any{
			"claim": text, "separator": text, "path": map[string]any{"type": "array", "items": text, "minItems": 1},
		},
	}}}
}

// path is where the groups are; never empty.
func (g Groups) path() []string {
	switch {
	case len(g.Path) > 0:
		return g.Path
	case g.Claim != "":
		return []string{g.Claim}
	}
	return []string{"groups"}
}

func (n Names) email() string {
	if n.Email != "" {
		return n.Email
	}
	return "email"
}

// name lists the claims to try, in order. Names are for people to read; nothing is decided on them.
func (n Names) name() []string {
	if n.Name != "" {
		return []string{n.Name, "preferred_username", "upn"}
	}
	return []string{"name", "preferred_username", "upn"}
}

func (c Config) scopes() []string {
	if len(c.Scopes) == 0 {
		return []string{"openid", "email", "profile"}
	}
	return c.Scopes
}

func (c Config) algorithms() []string {
	if len(c.Algorithms) == 0 {
		return []string{"RS256"}
	}
	return c.Algorithms
}

// Public tells that fedbridge has no secret at this provider.
func (c Config) Public() bool { return c.ClientSecret == "" }

// Shared tells that anybody can get an account at the issuer. hosted_domains and tenants narrow who signs in here, but not
// whom AWS lets in when it sees a relayed ID token: a role's trust policy doesn't know those claims.
func (c Config) Shared() bool {
	u, err := parseIssuer(c.Issuer)
	return err == nil && u.shared
}

// STSAlgorithms tells whether AWS STS takes any of the accepted algorithms.
func (c Config) STSAlgorithms() bool {
	return slices.ContainsFunc(c.algorithms(), func(alg string) bool {
		a, ok := algorithms[alg]
		return ok && (a.family == rsaPKCS1 || a.family == ecDSA)
	})
}

var _ idp.Opener = Config{}
