package oidc_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
)

// TestBegin: OpenID Connect Core §3.1.2.1, RFC 7636 §4.3.
func TestBegin(t *testing.T) {
	tests := map[string]struct {
		config func(*oidc.Config)
		login  func(*idp.Login)
		want   map[string]string // "" must be absent
	}{
		"plain": {want: map[string]string{
			"response_type": "code", "client_id": clientID, "scope": "openid email profile", "code_challenge_method": "S256",
			"redirect_uri": "https://bridge.example.com/oidc/corp/callback", "prompt": "", "login_hint": "", "response_mode": "", "hd": "",
		}},
		"form_post": {config: func(c *oidc.Config) { c.ResponseMode = oidc.ModeFormPost }, want: map[string]string{"response_mode": "form_post"}},
		"scopes":    {config: func(c *oidc.Config) { c.Scopes = []string{"openid", "groups"} }, want: map[string]string{"scope": "openid groups"}},
		"hint":      {login: func(l *idp.Login) { l.Hint = "ada@example.com&prompt=none" }, want: map[string]string{"login_hint": "ada@example.com&prompt=none", "prompt": ""}},
		"fresh":     {login: func(l *idp.Login) { l.Fresh = true }, want: map[string]string{"prompt": "login", "max_age": "0"}},
		"silent":    {login: func(l *idp.Login) { l.Silent = true }, want: map[string]string{"prompt": "none"}},
		"context": {config: func(c *oidc.Config) { c.ACRValues, c.MaxAge = []string{"a", "b"}, time.Hour },
			want: map[string]string{"acr_values": "a b", "max_age": "3600"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			if test.login != nil {
				test.login(&s.login)
			}
			challenge, err := s.provider.Begin(t.Context(), s.login)
			if err != nil {
				t.Fatal(err)
			}
			if challenge.Form != nil || !strings.HasPrefix(challenge.URL, issuer+"/authorize?") {
				t.Fatalf("challenge %+v", challenge)
			}
			query := must(url.Parse(challenge.URL)).Query()
			for name, want := range test.want {
				if got := query.Get(name); got != want || want == "" && query.Has(name) {
					t.Errorf("%s is %q; want %q", name, got, want)
				}
			}
			if query.Get("state") != s.login.State || query.Get("nonce") != s.login.Nonce {
				t.Error("state or nonce is not the login's")
			}
			if c := query.Get("code_challenge"); c == "" || c == s.login.Verifier || strings.Contains(challenge.URL, s.login.Verifier) {
				t.Error("the verifier shows")
			}
		})
	}
}

func TestInfo(t *testing.T) {
	s := newScene(t, func(c *oidc.Config) {
		c.Label, c.Domains, c.ResponseMode = "Corp", []string{"example.com"}, oidc.ModeFormPost
	})
	info := s.provider.Info()
	if info.Name != "corp" || info.Kind != idp.KindOIDC || info.Label != "Corp" || len(info.Domains) != 1 || !info.CrossSite {
		t.Errorf("%+v", info)
	}
	if newScene(t, nil).provider.Info().CrossSite {
		t.Error("a GET needs no SameSite=None cookie")
	}
}

// TestDiscovery: what a discovery document may not ask of us. Threats O1, O11, O14.
func TestDiscovery(t *testing.T) {
	set := func(name string, value any) func(map[string]any) {
		return func(d map[string]any) { d[name] = value }
	}
	public := func(c *oidc.Config) { c.ClientSecret = "" }
	userInfo := func(c *oidc.Config) { c.UserInfo = true }
	tests := map[string]struct {
		config   func(*oidc.Config)
		document func(map[string]any)
		want     bridge.Code // "" accepts
	}{
		"plain":                  {document: func(map[string]any) {}},
		"announces none and HS":  {document: set("id_token_signing_alg_values_supported", []string{"none", "HS256", "RS256"})},
		"issuer differs":         {document: set("issuer", "https://evil.example"), want: bridge.CodeProviderConfig},
		"issuer with a slash":    {document: set("issuer", issuer+"/"), want: bridge.CodeProviderConfig},
		"issuer missing":         {document: set("issuer", nil), want: bridge.CodeProviderConfig},
		"issuer a template":      {document: set("issuer", "https://idp.example/{tenantid}"), want: bridge.CodeProviderConfig},
		"other host, public":     {document: set("jwks_uri", "https://keys.example/jwks")},
		"http jwks_uri":          {document: set("jwks_uri", "http://idp.example/jwks"), want: bridge.CodeProviderConfig},
		"http token endpoint":    {document: set("token_endpoint", "http://idp.example/token"), want: bridge.CodeProviderConfig},
		"http loopback":          {document: set("token_endpoint", "http://127.0.0.1/token"), want: bridge.CodeProviderConfig},
		"http localhost":         {document: set("token_endpoint", "http://localhost/token"), want: bridge.CodeProviderConfig},
		"https loopback":         {document: set("token_endpoint", "https://127.0.0.1/token"), want: bridge.CodeProviderConfig},
		"private address":        {document: set("token_endpoint", "https://10.1.2.3/token"), want: bridge.CodeProviderConfig},
		"metadata service":       {document: set("jwks_uri", "https://169.254.169.254/latest"), want: bridge.CodeProviderConfig},
		"private IPv6":           {document: set("jwks_uri", "https://[fd00::1]/jwks"), want: bridge.CodeProviderConfig},
		"IPv4 in IPv6":           {document: set("jwks_uri", "https://[::ffff:10.0.0.1]/jwks"), want: bridge.CodeProviderConfig},
		"NAT64 of a private one": {document: set("jwks_uri", "https://[64:ff9b::a00:1]/jwks"), want: bridge.CodeProviderConfig},
		"carrier-grade NAT":      {document: set("jwks_uri", "https://100.64.0.1/jwks"), want: bridge.CodeProviderConfig},
		"file":                   {document: set("jwks_uri", "file:///etc/passwd"), want: bridge.CodeProviderConfig},
		"javascript":             {document: set("authorization_endpoint", "javascript:alert(1)"), want: bridge.CodeProviderConfig},
		"with a user":            {document: set("token_endpoint", "https://a:b@idp.example/token"), want: bridge.CodeProviderConfig},
		"with a fragment":        {document: set("authorization_endpoint", issuer+"/authorize#x"), want: bridge.CodeProviderConfig},
		"no jwks_uri":            {document: set("jwks_uri", nil), want: bridge.CodeProviderConfig},
		"no token endpoint":      {document: set("token_endpoint", ""), want: bridge.CodeProviderConfig},
		"no common algorithm":    {document: set("id_token_signing_alg_values_supported", []string{"ES256"}), want: bridge.CodeProviderConfig},
		"wrong types":            {document: set("id_token_signing_alg_values_supported", 7), want: bridge.CodeProviderDown},

		"public client with S256":      {config: public, document: func(map[string]any) {}},
		"public client, plain alone":   {config: public, document: set("code_challenge_methods_supported", []string{"plain"}), want: bridge.CodeProviderConfig},
		"public client, not announced": {config: public, document: set("code_challenge_methods_supported", nil), want: bridge.CodeProviderConfig},
		"confidential client, no PKCE": {document: set("code_challenge_methods_supported", nil)},
		"only private_key_jwt":         {document: set("token_endpoint_auth_methods_supported", []string{"private_key_jwt"}), want: bridge.CodeProviderConfig},
		"UserInfo wanted, not there":   {config: userInfo, document: set("userinfo_endpoint", nil), want: bridge.CodeProviderConfig},
		"UserInfo not wanted, odd":     {document: set("userinfo_endpoint", "javascript:x")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.config)
			s.idp.discovery = test.document
			_, err := s.provider.Begin(t.Context(), s.login)
			if got := bridge.CodeOf(err); got != test.want {
				t.Fatalf("%v; want %q", err, test.want)
			}
			if test.want == "" {
				if _, _, err := s.finish(s.mint(s.claims())); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestDiscoveryDown: an outage is told apart from a wrong setting, is tried again after a while, and ends.
func TestDiscoveryDown(t *testing.T) {
	const path = "/.well-known/openid-configuration"
	faults := map[string]struct {
		answer answer
		want   bridge.Code
	}{
		"500":      {answer{status: 500, body: canary}, bridge.CodeProviderDown},
		"429":      {answer{status: 429}, bridge.CodeProviderDown},
		"404":      {answer{status: 404, body: canary}, bridge.CodeProviderConfig},
		"redirect": {answer{status: 302}, bridge.CodeProviderDown},
		"garbage":  {answer{status: 200, body: "<html>" + canary}, bridge.CodeProviderDown},
		"empty":    {answer{status: 200}, bridge.CodeProviderDown},
		"huge":     {answer{status: 200, body: strings.Repeat(" ", 300<<10) + "{}"}, bridge.CodeProviderDown},
		"refused":  {answer{err: errors.New("connection refused")}, bridge.CodeProviderDown},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, nil)
			s.idp.set(func() { s.idp.fault[path] = func() answer { return fault.answer } })
			for range 100 {
				_, err := s.provider.Begin(t.Context(), s.login)
				if bridge.CodeOf(err) != fault.want {
					t.Fatalf("%v; want %s", err, fault.want)
				}
			}
			if n := s.idp.count(path); n != 1 {
				t.Errorf("%d attempts at once", n)
			}
			s.idp.set(func() { clear(s.idp.fault) })
			s.clock.advance(5 * time.Second)
			if _, err := s.provider.Begin(t.Context(), s.login); err != nil {
				t.Fatalf("mended: %v", err)
			}
			s.idp.set(func() { s.idp.fault[path] = func() answer { return fault.answer } })
			s.clock.advance(48 * time.Hour)
			s.newLogin()
			if _, err := s.provider.Begin(t.Context(), s.login); err != nil {
				t.Fatalf("with a good copy at hand: %v", err)
			}
		})
	}
}

// TestClientGone: who leaves isn't told that the provider is down.
func TestClientGone(t *testing.T) {
	s := newScene(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	s.idp.fault["/.well-known/openid-configuration"] = func() answer {
		cancel()
		<-hold
		return answer{status: 500}
	}
	_, err := s.provider.Begin(ctx, s.login)
	close(hold)
	if bridge.CodeOf(err) != bridge.CodeClientGone {
		t.Errorf("%v", err)
	}
}

// TestMultiTenant: Entra's shared issuers (threats O8, O9). The document names a template, the token its tenant's issuer.
func TestMultiTenant(t *testing.T) {
	const (
		shared = "https://login.microsoftonline.com/organizations/v2.0"
		ours   = "11111111-2222-3333-4444-555555555555"
		theirs = "66666666-7777-8888-9999-000000000000"
	)
	of := func(tid string) string { return "https://login.microsoftonline.com/" + tid + "/v2.0" }
	keyOf := func(iss string) func(*scene) {
		return func(s *scene) {
			k := s.idp.keys[0].jwk()
			k["issuer"] = iss
			s.idp.extraKeys = []any{k}
		}
	}
	tests := map[string]struct {
		document string // issuer in it
		keys     func(*scene)
		change   func(map[string]any)
		want     bridge.Code
	}{
		"our tenant":               {},
		"key of the template":      {keys: keyOf("https://login.microsoftonline.com/{tenantid}/v2.0")},
		"key of our tenant":        {keys: keyOf(of(ours))},
		"document of our tenant":   {document: of(ours)},
		"key of another tenant":    {keys: keyOf(of(theirs)), want: bridge.CodeAnswerRejected},
		"document of another":      {document: of(theirs), want: bridge.CodeProviderConfig},
		"document of another host": {document: "https://evil.example/{tenantid}/v2.0", want: bridge.CodeProviderConfig},
		"their tenant":             {change: func(c map[string]any) { c["tid"], c["iss"] = theirs, of(theirs) }, want: bridge.CodeTenant},
		"their tid, our issuer":    {change: func(c map[string]any) { c["tid"] = theirs }, want: bridge.CodeAnswerRejected},
		"our tid, their issuer":    {change: func(c map[string]any) { c["iss"] = of(theirs) }, want: bridge.CodeAnswerRejected},
		"the template itself":      {change: func(c map[string]any) { c["iss"] = of("{tenantid}") }, want: bridge.CodeAnswerRejected},
		"tid as a template":        {change: func(c map[string]any) { c["tid"], c["iss"] = "{tenantid}", of("{tenantid}") }, want: bridge.CodeTenant},
		"the shared issuer":        {change: func(c map[string]any) { c["iss"] = shared }, want: bridge.CodeAnswerRejected},
		"no tid":                   {change: func(c map[string]any) { delete(c, "tid") }, want: bridge.CodeTenant},
		"tid a path": {change: func(c map[string]any) {
			c["tid"], c["iss"] = ours+"/v2.0/../"+ours, of(ours+"/v2.0/../"+ours)
		}, want: bridge.CodeTenant},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(c *oidc.Config) { c.Issuer, c.Tenants = shared, []string{ours} })
			s.idp.discovery = func(d map[string]any) {
				d["issuer"] = of("{tenantid}")
				if test.document != "" {
					d["issuer"] = test.document
				}
			}
			claims := s.claims()
			claims["iss"], claims["tid"] = of(ours), ours
			if test.change != nil {
				test.change(claims)
			}
			token := s.mint(claims)
			if test.keys != nil {
				test.keys(s)
				s.idp.keys = nil
			}
			id, proof, err := s.finish(token)
			if test.want != "" {
				wantCode(t, test.want, id, proof, err)
				return
			}
			if err != nil || id.Issuer != of(ours) {
				t.Fatalf("%v, issuer %q", err, id.Issuer)
			}
		})
	}
}
