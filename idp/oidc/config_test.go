package oidc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestConfigReads: the forms of DESIGN's example, strictly.
func TestConfigReads(t *testing.T) {
	var c oidc.Config
	err := yaml.UnmarshalWithOptions([]byte(`
name: keycloak
kind: oidc
issuer: https://sso.example.org/realms/staff
client_id: fedbridge
client_secret: env:KEYCLOAK_SECRET
scopes: [openid, email]
max_age: 8h
claims: {email: mail, groups: {path: [realm_access, roles]}}
`), &c, yaml.Strict())
	want := oidc.Config{
		Common: idp.Common{Name: "keycloak", Kind: "oidc"}, Issuer: "https://sso.example.org/realms/staff", ClientID: "fedbridge",
		ClientSecret: "env:KEYCLOAK_SECRET", Scopes: []string{"openid", "email"}, MaxAge: 8 * time.Hour,
		Claims: oidc.Names{Email: "mail", Groups: oidc.Groups{Path: []string{"realm_access", "roles"}}},
	}
	if err != nil || !cmp.Equal(c, want) {
		t.Fatalf("%v\n%s", err, cmp.Diff(want, c))
	}
	if problems := c.Check(); len(problems) != 0 {
		t.Errorf("%v", problems)
	}
	for text, want := range map[string]oidc.Groups{
		`groups: memberOf`:                       {Claim: "memberOf"},
		`groups: {claim: roles, separator: ","}`: {Claim: "roles", Separator: ","},
	} {
		var n oidc.Names
		if err := yaml.UnmarshalWithOptions([]byte(text), &n, yaml.Strict()); err != nil || !cmp.Equal(n.Groups, want) {
			t.Errorf("%s: %v, %+v", text, err, n.Groups)
		}
		printed := must(yaml.Marshal(n))
		var back oidc.Names
		if err := yaml.Unmarshal(printed, &back); err != nil || !cmp.Equal(back.Groups, want) {
			t.Errorf("%s came back as %s: %v", text, printed, err)
		}
	}
	for _, text := range []string{
		"groups: {clam: roles}", "groups: [a, b]", "groups: {path: roles, extra: 1}", "email: [a]", "group: x",
	} {
		var n oidc.Names
		if err := yaml.UnmarshalWithOptions([]byte(text), &n, yaml.Strict()); err == nil {
			t.Errorf("%s was read as %+v", text, n)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		change func(*oidc.Config)
		want   string // the paths, comma-separated
	}{
		"good":           {func(*oidc.Config) {}, ""},
		"public":         {func(c *oidc.Config) { c.ClientSecret = "" }, ""},
		"loopback http":  {func(c *oidc.Config) { c.Issuer = "http://127.0.0.1:8080/idp" }, ""},
		"loopback IPv6":  {func(c *oidc.Config) { c.Issuer = "http://[::1]:8080" }, ""},
		"localhost":      {func(c *oidc.Config) { c.Issuer = "http://localhost:8080" }, ""},
		"private https":  {func(c *oidc.Config) { c.Issuer = "https://10.0.0.5/adfs" }, ""},
		"all algorithms": {func(c *oidc.Config) { c.Algorithms = []string{"RS256", "PS512", "ES384", "EdDSA"} }, ""},
		"Google with domains": {func(c *oidc.Config) {
			c.Issuer, c.HostedDomains = "https://accounts.google.com", []string{"example.com"}
		}, ""},
		"Entra with tenants": {func(c *oidc.Config) {
			c.Issuer, c.Tenants = "https://login.microsoftonline.com/common/v2.0", []string{"a-1"}
		}, ""},
		"Entra, one tenant": {func(c *oidc.Config) {
			c.Issuer = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
		}, ""},
		"Apple":                        {func(c *oidc.Config) { c.Issuer, c.ResponseMode = "https://appleid.apple.com", "form_post" }, ""},
		"nothing at all":               {func(c *oidc.Config) { *c = oidc.Config{} }, "name,issuer,client_id"},
		"http":                         {func(c *oidc.Config) { c.Issuer = "http://idp.example" }, "issuer"},
		"http to a private address":    {func(c *oidc.Config) { c.Issuer = "http://10.0.0.1" }, "issuer"},
		"http to a loopback lookalike": {func(c *oidc.Config) { c.Issuer = "http://127.0.0.1.evil.example" }, "issuer"},
		"no scheme":                    {func(c *oidc.Config) { c.Issuer = "idp.example" }, "issuer"},
		"ftp":                          {func(c *oidc.Config) { c.Issuer = "ftp://idp.example" }, "issuer"},
		"query":                        {func(c *oidc.Config) { c.Issuer = "https://idp.example/?a=b" }, "issuer"},
		"fragment":                     {func(c *oidc.Config) { c.Issuer = "https://idp.example/#a" }, "issuer"},
		"user":                         {func(c *oidc.Config) { c.Issuer = "https://a:b@idp.example" }, "issuer"},
		"line break":                   {func(c *oidc.Config) { c.Issuer = "https://idp.example\n" }, "issuer"},
		"Google for everybody":         {func(c *oidc.Config) { c.Issuer = "https://accounts.google.com" }, "hosted_domains"},
		"Google with a slash":          {func(c *oidc.Config) { c.Issuer = "https://accounts.google.com/" }, "hosted_domains"},
		"Google with tenants":          {func(c *oidc.Config) { c.Issuer, c.Tenants = "https://accounts.google.com", []string{"x"} }, "hosted_domains"},
		"Entra common":                 {func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/common/v2.0" }, "tenants"},
		"Entra Common":                 {func(c *oidc.Config) { c.Issuer = "https://LOGIN.microsoftonline.com/Common/v2.0" }, "tenants"},
		"Entra organizations":          {func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/organizations/v2.0" }, "tenants"},
		"Entra consumers":              {func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.com/consumers/v2.0" }, "tenants"},
		"Entra with domains": {func(c *oidc.Config) {
			c.Issuer, c.HostedDomains = "https://login.microsoftonline.com/common/v2.0", []string{"example.com"}
		}, "tenants"},
		"Entra of the US government": {func(c *oidc.Config) { c.Issuer = "https://login.microsoftonline.us/common/v2.0" }, "tenants"},
		"odd tenant":                 {func(c *oidc.Config) { c.Tenants = []string{"a/../b", ""} }, "tenants[0],tenants[1]"},
		"odd domain":                 {func(c *oidc.Config) { c.HostedDomains = []string{"*", "Example.com", "localhost", "*.example.com"} }, "hosted_domains[0],hosted_domains[1],hosted_domains[2],hosted_domains[3]"},
		"secret in clear":            {func(c *oidc.Config) { c.ClientSecret = "hunter2" }, "client_secret"},
		"scopes without openid":      {func(c *oidc.Config) { c.Scopes = []string{"email"} }, "scopes"},
		"two scopes in one":          {func(c *oidc.Config) { c.Scopes = []string{"openid", "email profile"} }, "scopes[1]"},
		"none and HMAC":              {func(c *oidc.Config) { c.Algorithms = []string{"none", "HS256", "RS256"} }, "algorithms[0],algorithms[1]"},
		"rs256":                      {func(c *oidc.Config) { c.Algorithms = []string{"rs256"} }, "algorithms[0]"},
		"response mode":              {func(c *oidc.Config) { c.ResponseMode = "fragment" }, "response_mode"},
		"auth method":                {func(c *oidc.Config) { c.TokenEndpointAuth = "private_key_jwt" }, "token_endpoint_auth_method"},
		"auth method without secret": {func(c *oidc.Config) { c.ClientSecret, c.TokenEndpointAuth = "", "client_secret_post" }, "token_endpoint_auth_method"},
		"claim and path":             {func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "a", Path: []string{"b"}} }, "claims.groups"},
		"empty name on the path":     {func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Path: []string{"a", ""}} }, "claims.groups"},
		"deep path": {func(c *oidc.Config) {
			c.Claims.Groups = oidc.Groups{Path: strings.Split("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", ",")}
		}, "claims.groups.path"},
		"groups out of aud":      {func(c *oidc.Config) { c.Claims.Groups = oidc.Groups{Claim: "aud"} }, "claims"},
		"e-mail out of nonce":    {func(c *oidc.Config) { c.Claims.Email = "nonce" }, "claims"},
		"invisible e-mail claim": {func(c *oidc.Config) { c.Claims.Email = "e\u200bmail" }, "claims.email"},
		"negative max_age":       {func(c *oidc.Config) { c.MaxAge = -time.Hour }, "max_age"},
		"acr with a blank":       {func(c *oidc.Config) { c.ACRValues = []string{"a b"} }, "acr_values[0]"},
		"empty audience":         {func(c *oidc.Config) { c.Audiences = []string{""} }, "audiences[0]"},
		"several":                {func(c *oidc.Config) { c.ClientID, c.ResponseMode, c.MaxAge = "", "x", -1 }, "client_id,response_mode,max_age"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := oidc.Config{
				Common: idp.Common{Name: "corp", Kind: idp.KindOIDC}, Issuer: "https://idp.example", ClientID: "fedbridge",
				ClientSecret: "env:SECRET",
			}
			test.change(&c)
			var paths []string
			for _, p := range c.Check() {
				paths = append(paths, p.Path)
			}
			if got := strings.Join(paths, ","); got != test.want {
				t.Errorf("problems at %q; want %q: %v", got, test.want, c.Check())
			}
			if test.want != "" {
				if _, err := c.Open(idp.Deps{BaseURL: "https://b.example", Replay: &memory{}}); err == nil {
					t.Error("opened all the same")
				}
			}
		})
	}
}

func TestWhatThePolicyMustKnow(t *testing.T) {
	for text, want := range map[string]bool{
		"https://accounts.google.com": true, "https://login.microsoftonline.com/common/v2.0": true, "https://appleid.apple.com": true,
		"https://login.microsoftonline.com/consumers/v2.0": true, "https://token.actions.githubusercontent.com": true,
		"https://sso.example.org/realms/staff": false, "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0": false,
		"http://127.0.0.1:8080": false,
	} {
		// Narrowing who signs in here doesn't narrow whom AWS lets in.
		if got := (oidc.Config{Issuer: text, Tenants: []string{"t"}, HostedDomains: []string{"example.com"}}).Shared(); got != want {
			t.Errorf("%s shared: %v", text, got)
		}
	}
	for algorithm, want := range map[string]bool{"": true, "RS512": true, "ES256": true, "PS256": false, "EdDSA": false, "none": false} {
		c := oidc.Config{}
		if algorithm != "" {
			c.Algorithms = []string{algorithm}
		}
		if got := c.STSAlgorithms(); got != want {
			t.Errorf("%q for STS: %v", algorithm, got)
		}
	}
	if !(oidc.Config{}).Public() || (oidc.Config{ClientSecret: "env:X"}).Public() {
		t.Error("public")
	}
}

// TestOpen: a secret that isn't there, or half of the dependencies, and nothing starts; the network isn't asked.
func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	idle := &stub{fetches: map[string]int{}}
	deps := idp.Deps{BaseURL: "https://b.example", Replay: &memory{}, Transport: idle}
	good := oidc.Config{
		Common: idp.Common{Name: "corp", Kind: idp.KindOIDC}, Issuer: issuer, ClientID: clientID, ClientSecret: "file:/nowhere/secret",
	}
	if _, err := good.Open(deps); err == nil {
		t.Error("opened without its secret")
	}
	good.ClientSecret = bridge.SecretRef("file:" + path)
	if _, err := good.Open(deps); err != nil {
		t.Error(err)
	}
	if _, err := good.Open(idp.Deps{BaseURL: "https://b.example"}); err == nil {
		t.Error("opened without a replay guard")
	}
	if _, err := good.Open(idp.Deps{Replay: &memory{}}); err == nil {
		t.Error("opened without a base URL")
	}
	if len(idle.fetches) != 0 {
		t.Errorf("asked for %v", idle.fetches)
	}
}
